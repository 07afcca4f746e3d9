package domain

import (
	"errors"
	"time"
)

// LocalDateTime is a wall-clock time in London as NOMIS writes it, without a
// zone: 2021-07-05T10:35:17. It is kept and given back exactly as it came, so
// it is text; texts of this form sort as the times do.
type LocalDateTime string

const localLayout = "2006-01-02T15:04:05"

// ErrLocalDateTime says what a local date-time looks like.
var ErrLocalDateTime = errors.New("must be a date and time such as 2021-07-05T10:35:17")

// ParseLocalDateTime accepts YYYY-MM-DDThh:mm:ss of a day that exists, and
// nothing looser.
func ParseLocalDateTime(s string) (LocalDateTime, error) {
	// The length keeps out the fractions of a second that time.Parse allows, and
	// there was no year 0.
	if t, err := time.Parse(localLayout, s); err != nil || len(s) != len(localLayout) || t.Year() == 0 {
		return "", ErrLocalDateTime
	}
	return LocalDateTime(s), nil
}

// Local cuts a time to the second, as the clock on the wall of its own
// location shows it.
func Local(t time.Time) LocalDateTime { return LocalDateTime(t.Format(localLayout)) }

// Date is the day alone: 2021-07-05.
func (l LocalDateTime) Date() string { return string(l[:len(time.DateOnly)]) }

// In is the moment that the wall clock of the location showed this. In the
// hour that a clock change repeats it is the first of the two.
func (l LocalDateTime) In(location *time.Location) time.Time {
	t, _ := time.ParseInLocation(localLayout, string(l), location)
	return t
}

// Today is the day that the clock shows in its own location.
func Today(now time.Time) string { return now.Format(time.DateOnly) }
