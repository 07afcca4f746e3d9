package reconcile

import (
	"fmt"
	"time"

	"github.com/robfig/cron/v3"
)

// DefaultSchedule is every Tuesday at 02:30.
const DefaultSchedule = "30 2 * * 2"

// Schedule says when something is due, in the five fields of cron.
type Schedule struct{ times cron.Schedule }

// ParseSchedule parses minute, hour, day of the month, month and day of the week. Only the
// parser of the library is used: what is due must be known to all processes, so it is
// reckoned from what is stored and not by a timer of one of them.
func ParseSchedule(text string) (*Schedule, error) {
	times, err := cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow).Parse(text)
	if err != nil {
		return nil, fmt.Errorf("read a schedule: %w", err)
	}
	return &Schedule{times}, nil
}

// Next returns the first time after one at which something is due, in the location of
// that. A schedule that is never due returns a time far in the future.
func (s *Schedule) Next(after time.Time) time.Time {
	if next := s.times.Next(after); !next.IsZero() {
		return next
	}
	return after.AddDate(1000, 0, 0)
}
