package audit

import (
	"errors"
	"regexp"
	"strings"
	"time"

	"nonassociations/domain"
)

// The refusals of the times of a question. [domain.ErrNoSuchHour] is another.
var (
	ErrMoment = errors.New("must be a day such as 2023-07-01, or a date and time such as 2023-07-01T09:00")
	ErrFuture = errors.New("must not be in the future")
)

// Moment is a time that a question names. Of a day it is the last microsecond of that day
// in London.
type Moment struct {
	At  time.Time // in London
	Day bool      // a day was given, and At is its end
}

// recordedTo is how exactly times of facts are compared and shown. A store may know them
// more exactly, and a fact counts at the very time that answers show for it.
const recordedTo = time.Microsecond

// instant is the form of RFC 3339, of which time.Parse lets more pass, such as T9:00.
var instant = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$`)

// minutes is the layout of a local time without seconds.
const minutes = "2006-01-02T15:04"

// ParseMoment parses a day (2023-07-01), a local time of London (2023-07-01T09:00 or
// 2023-07-01T09:00:30, also with a blank in place of the T) or RFC 3339. Of a local time
// that comes twice it returns the earlier moment. Errors: ErrMoment, and
// domain.ErrNoSuchHour for a local time that the clocks skipped.
func ParseMoment(s string, london *time.Location) (Moment, error) {
	if day, err := time.ParseInLocation(time.DateOnly, s, london); err == nil && day.Year() > 0 {
		return Moment{endOf(day), true}, nil
	}
	if at, err := time.Parse(time.RFC3339, s); err == nil && instant.MatchString(s) && at.Year() > 0 {
		return Moment{At: at.In(london)}, nil
	}
	local := strings.Replace(s, " ", "T", 1)
	if len(local) == len(minutes) {
		local += ":00"
	}
	parsed, err := domain.ParseLocalDateTime(local)
	if err != nil {
		return Moment{}, ErrMoment
	}
	instants := parsed.Instants(london)
	if len(instants) == 0 {
		return Moment{}, domain.ErrNoSuchHour
	}
	return Moment{At: instants[0]}, nil
}

// endOf returns the last microsecond of a day.
func endOf(day time.Time) time.Time {
	return time.Date(day.Year(), day.Month(), day.Day(), 23, 59, 59, int(time.Second-recordedTo), day.Location())
}

// Moments are the times of a question: when something was true, when it was known, and
// until when NOMIS had been told.
type Moments struct {
	True, Known Moment
	Told        *Moment // nil: what NOMIS held is not asked
}

// MomentError is the refusal of one of the times.
type MomentError struct {
	Parameter string // trueAt, knownAt or toldAt
	Err       error
}

// Error names the time and says what it must be.
func (e MomentError) Error() string { return e.Parameter + " " + e.Err.Error() }

// Unwrap returns ErrMoment, ErrFuture or domain.ErrNoSuchHour.
func (e MomentError) Unwrap() error { return e.Err }

// MomentErrors returns the refusals in an error of [ParseMoments], that of trueAt first.
func MomentErrors(err error) []MomentError {
	if joined, is := err.(interface{ Unwrap() []error }); is {
		var all []MomentError
		for _, one := range joined.Unwrap() {
			all = append(all, MomentErrors(one)...)
		}
		return all
	}
	if one, is := errors.AsType[MomentError](err); is {
		return []MomentError{one}
	}
	return nil
}

// ParseMoments parses the times of a question. An empty knownAt is now, an empty trueAt is
// knownAt, and an empty toldAt asks nothing. A knownAt or toldAt of today's day is now as
// well. The location of now is London. The error joins a [MomentError] for each time that
// is refused.
func ParseMoments(trueAt, knownAt, toldAt string, now time.Time) (Moments, error) {
	known, errKnown := parsePast("knownAt", knownAt, now)
	at := Moments{True: known, Known: known}
	var errTrue, errTold error
	if trueAt != "" {
		if at.True, errTrue = ParseMoment(trueAt, now.Location()); errTrue != nil {
			errTrue = MomentError{"trueAt", errTrue}
		}
	}
	if toldAt != "" {
		told, err := parsePast("toldAt", toldAt, now)
		at.Told, errTold = &told, err
	}
	return at, errors.Join(errTrue, errKnown, errTold)
}

// parsePast refuses what nobody can know yet.
func parsePast(parameter, text string, now time.Time) (Moment, error) {
	if text == "" || text == domain.Today(now) {
		return Moment{At: now}, nil
	}
	past, err := ParseMoment(text, now.Location())
	if err == nil && past.At.After(now) {
		err = ErrFuture
	}
	if err != nil {
		return Moment{}, MomentError{parameter, err}
	}
	return past, nil
}
