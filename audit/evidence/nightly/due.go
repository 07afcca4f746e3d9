package nightly

import (
	"errors"
	"time"
)

// TimeOfDay is a minute of a day, as a clock on the wall shows it.
type TimeOfDay struct{ hour, minute int }

// ErrTimeOfDay says what a time of day must be.
var ErrTimeOfDay = errors.New("must be a time of day in London, such as 03:30")

// ParseTimeOfDay reads HH:MM, from 00:00 to 23:59. Errors: ErrTimeOfDay.
func ParseTimeOfDay(text string) (TimeOfDay, error) {
	at, err := time.Parse("15:04", text)
	if err != nil || len(text) != len("15:04") {
		return TimeOfDay{}, ErrTimeOfDay
	}
	return TimeOfDay{at.Hour(), at.Minute()}, nil
}

// On returns the instant on the day of a time, in its location. Of an hour that comes
// twice it is the first one. An hour that does not exist counts as the one after it.
func (t TimeOfDay) On(day time.Time) time.Time {
	year, month, date := day.Date()
	midnight := time.Date(year, month, date, 0, 0, 0, 0, day.Location())
	_, before := midnight.Zone()
	_, after := midnight.AddDate(0, 0, 1).Zone()
	shown := time.Date(year, month, date, t.hour, t.minute, 0, 0, time.UTC)
	first := shown.Add(-time.Duration(before) * time.Second).In(day.Location())
	second := shown.Add(-time.Duration(after) * time.Second).In(day.Location())
	if !t.isShownBy(first) && t.isShownBy(second) {
		return second
	}
	return first
}

func (t TimeOfDay) isShownBy(at time.Time) bool {
	return at.Hour() == t.hour && at.Minute() == t.minute
}

// Due reports whether a check is to be made: its time of today has come, and the last one
// began before that. last is zero where none was ever made. now is in London.
func Due(now, last time.Time, at TimeOfDay) bool {
	today := at.On(now)
	return !now.Before(today) && last.Before(today)
}

// Next returns the first time of a check after now.
func Next(now time.Time, at TimeOfDay) time.Time {
	if today := at.On(now); now.Before(today) {
		return today
	}
	year, month, date := now.Date()
	return at.On(time.Date(year, month, date+1, 0, 0, 0, 0, now.Location()))
}
