package nightly_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/audit/evidence/nightly"
	"nonassociations/domain/domaintest"
)

func timeOfDay(t *testing.T, text string) nightly.TimeOfDay {
	t.Helper()
	at, err := nightly.ParseTimeOfDay(text)
	require.NoError(t, err)
	return at
}

func TestTimeOfDay_isReadStrictly(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"00:00", "03:30", "23:59"} {
		timeOfDay(t, good)
	}
	for _, bad := range []string{"", "3:30", "03:3", "24:00", "03:60", "03:30:00", "0330", " 03:30", "-1:30", "03:30 GMT", "half past three"} {
		_, err := nightly.ParseTimeOfDay(bad)
		require.ErrorIs(t, err, nightly.ErrTimeOfDay, bad)
	}
}

// TestTimeOfDay_ofEveryDayIsOneInstant, also on the days that have 23 and 25 hours.
func TestTimeOfDay_ofEveryDayIsOneInstant(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ day, at, utc string }{
		"in winter":                    {"2026-01-10", "03:30", "2026-01-10T03:30:00Z"},
		"in summer":                    {"2026-07-10", "03:30", "2026-07-10T02:30:00Z"},
		"an hour that does not exist":  {"2026-03-29", "01:30", "2026-03-29T01:30:00Z"},
		"before the clocks go forward": {"2026-03-29", "00:30", "2026-03-29T00:30:00Z"},
		"after the clocks went":        {"2026-03-29", "03:30", "2026-03-29T02:30:00Z"},
		"an hour that comes twice":     {"2026-10-25", "01:30", "2026-10-25T00:30:00Z"},
		"before the clocks go back":    {"2026-10-25", "00:30", "2026-10-24T23:30:00Z"},
		"after the clocks went back":   {"2026-10-25", "03:30", "2026-10-25T03:30:00Z"},
	} {
		day, err := time.ParseInLocation(time.DateOnly, c.day, domaintest.London)
		require.NoError(t, err)
		for _, later := range []time.Duration{0, time.Hour, 5 * time.Hour, 22 * time.Hour} {
			require.Equal(t, c.utc, timeOfDay(t, c.at).On(day.Add(later)).UTC().Format(time.RFC3339), name)
		}
	}
}

// TestDue_isOnceADay walks through days with a look each minute, and counts the checks.
func TestDue_isOnceADay(t *testing.T) {
	t.Parallel()
	for _, from := range []string{"2026-03-27", "2026-10-23", "2026-12-30"} {
		for _, text := range []string{"00:00", "01:00", "01:30", "02:00", "03:30", "23:59"} {
			at := timeOfDay(t, text)
			begin, err := time.ParseInLocation(time.DateOnly, from, domaintest.London)
			require.NoError(t, err)
			made, last := map[string]int{}, begin
			for now := begin; now.Before(begin.AddDate(0, 0, 5)); now = now.Add(time.Minute) {
				next := nightly.Next(now, at)
				require.True(t, next.After(now))
				require.LessOrEqual(t, next.Sub(now), 25*time.Hour)
				require.True(t, nightly.Due(next, next.Add(-time.Second), at))
				if nightly.Due(now, last, at) {
					made[now.Format(time.DateOnly)]++
					last = now
				}
			}
			for day, times := range made {
				require.Equal(t, 1, times, "%s at %s", day, text)
			}
			if text != "00:00" { // of which the first is that of begin
				require.Len(t, made, 5, "%s %s", from, text)
			}
		}
	}
}

func TestDue_catchesUpWithTodays(t *testing.T) {
	t.Parallel()
	at := timeOfDay(t, "03:30")
	on := func(day, hour, minute int) time.Time {
		return time.Date(2026, 5, day, hour, minute, 0, 0, domaintest.London)
	}
	require.False(t, nightly.Due(on(10, 3, 29), on(8, 3, 30), at), "the hour has not come")
	require.True(t, nightly.Due(on(10, 3, 30), on(9, 3, 30), at))
	require.True(t, nightly.Due(on(10, 23, 0), on(9, 3, 30), at), "a start after the hour")
	require.True(t, nightly.Due(on(10, 4, 0), time.Time{}, at), "the first one ever")
	require.False(t, nightly.Due(on(10, 23, 0), on(10, 3, 31), at))
	require.True(t, nightly.Due(on(10, 3, 30), on(10, 0, 10), at), "the one of yesterday came late")
}
