package domain

import (
	"errors"
	"slices"
	"time"
)

// LocalDateTime is a wall-clock time in London as NOMIS writes it, without a zone:
// 2021-07-05T10:35:17. It is kept as text, because it must be returned exactly as it
// was received. Texts of this form sort in the order of their times.
type LocalDateTime string

const localLayout = "2006-01-02T15:04:05"

// ErrNoSuchHour refuses a wall-clock time that London skipped when the clocks went
// forward.
var ErrNoSuchHour = errors.New("must be a time that exists in London: the clocks went forward over it")

// ErrLocalDateTime refuses a text that is no local date-time.
var ErrLocalDateTime = errors.New("must be a date and time such as 2021-07-05T10:35:17")

// ParseLocalDateTime parses YYYY-MM-DDThh:mm:ss of an existing day. Any other form is
// refused with [ErrLocalDateTime].
func ParseLocalDateTime(s string) (LocalDateTime, error) {
	// The length keeps out the fractions of a second that time.Parse allows, and
	// there was no year 0.
	if t, err := time.Parse(localLayout, s); err != nil || len(s) != len(localLayout) || t.Year() == 0 {
		return "", ErrLocalDateTime
	}
	return LocalDateTime(s), nil
}

// Local returns the wall-clock time of a moment in its own location, cut to the second.
func Local(t time.Time) LocalDateTime { return LocalDateTime(t.Format(localLayout)) }

// Date returns the day alone: 2021-07-05.
func (l LocalDateTime) Date() string { return string(l[:len(time.DateOnly)]) }

// IsMidnight reports whether the time of day is 00:00:00.
func (l LocalDateTime) IsMidnight() bool { return string(l) == l.Date()+"T00:00:00" }

// Instants returns the moments at which the wall clock of a location showed this time,
// the earlier one first. There is none in an hour that a clock change skips, and there
// are two in an hour that it repeats.
func (l LocalDateTime) Instants(location *time.Location) []time.Time {
	wall, _ := time.Parse(localLayout, string(l)) // as if the clock stood at UTC
	var instants []time.Time
	for _, near := range []time.Time{wall.AddDate(0, 0, -1), wall.AddDate(0, 0, 1)} { // on either side of a change
		_, offset := near.In(location).Zone()
		at := wall.Add(-time.Duration(offset) * time.Second).In(location)
		if Local(at) == l && (len(instants) == 0 || !at.Equal(instants[0])) {
			instants = append(instants, at)
		}
	}
	slices.SortFunc(instants, time.Time.Compare)
	return instants
}

// In returns the moment at which the wall clock of a location showed this time. It is
// the first of two in an hour that a clock change repeats. In an hour that the change
// skips it is a moment close to the change.
func (l LocalDateTime) In(location *time.Location) time.Time {
	for _, instant := range l.Instants(location) {
		return instant
	}
	t, _ := time.ParseInLocation(localLayout, string(l), location)
	return t
}

// Today returns the day of a moment in its own location, as in 2021-07-05.
func Today(now time.Time) string { return now.Format(time.DateOnly) }
