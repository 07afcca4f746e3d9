package audit_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/audit"
	"nonassociations/domain"
)

func TestMoment_isADayALocalTimeOrAnInstant(t *testing.T) {
	for text, want := range map[string]string{
		"2023-07-01":                "2023-07-01T23:59:59.999999+01:00",
		"2023-12-01":                "2023-12-01T23:59:59.999999Z",
		"2023-07-01T09:00":          "2023-07-01T09:00:00+01:00",
		"2023-07-01 09:00":          "2023-07-01T09:00:00+01:00",
		"2023-07-01T09:00:07":       "2023-07-01T09:00:07+01:00",
		"2023-07-01T09:00:00Z":      "2023-07-01T10:00:00+01:00",
		"2023-07-01T09:00:00.5Z":    "2023-07-01T10:00:00.5+01:00",
		"2023-07-01T09:00:00+02:00": "2023-07-01T08:00:00+01:00",
		"2023-10-29T01:30":          "2023-10-29T01:30:00+01:00", // comes twice: the earlier one
		"2023-10-29":                "2023-10-29T23:59:59.999999Z",
	} {
		got, err := audit.ParseMoment(text, london)
		require.NoError(t, err, text)
		require.Equal(t, want, got.At.Format(time.RFC3339Nano), text)
		require.Equal(t, len(text) == len(time.DateOnly), got.Day, text)
	}
}

func TestMoment_thatIsNoneIsRefused(t *testing.T) {
	for _, text := range []string{
		"", " ", "yesterday", "2023-02-30", "2023-07-01T", "2023-07-01T9:00", "2023-07-01T24:00", "2023-07-01  09:00", "2023-07-01t09:00",
		"20230701", "0000-01-01", "2023-07-01T09:00:00.5", "2023-07-01T09:00:00+0100", "2023-07-01T09:00:00Z ", "2023-07-01 09:00 ", "2023-7-1",
		"0000-01-01T00:00:00Z", "\uff19999-01-01", "2023-07-01T9:00:00Z", "2023-07-01T09:00:00,5Z",
	} {
		_, err := audit.ParseMoment(text, london)
		require.ErrorIs(t, err, audit.ErrMoment, "%q", text)
	}
	_, err := audit.ParseMoment("2023-03-26T01:30", london)
	require.ErrorIs(t, err, domain.ErrNoSuchHour)
}

func TestMoments_nobodyKnowsTheFuture(t *testing.T) {
	now := time.Date(2026, 7, 15, 12, 30, 0, 0, london)
	both := func(trueAt, knownAt string) audit.Moments {
		got, err := audit.ParseMoments(trueAt, knownAt, "", now)
		require.NoError(t, err)
		return got
	}
	require.Equal(t, audit.Moments{True: audit.Moment{At: now}, Known: audit.Moment{At: now}}, both("", ""))
	require.Equal(t, both("", ""), both("", "2026-07-15"), "today is now")
	day := audit.Moment{At: time.Date(2026, 7, 14, 23, 59, 59, 999_999_000, london), Day: true}
	require.Equal(t, audit.Moments{True: day, Known: day}, both("", "2026-07-14"))
	require.Equal(t, audit.Moments{True: day, Known: audit.Moment{At: now}}, both("2026-07-14", ""))
	require.Equal(t, 2030, both("2030-01-01", "").True.At.Year(), "what is true may lie ahead")
	require.True(t, both("2026-07-15", "").True.Day)

	for _, text := range []string{"2026-07-16", "2026-07-15T12:31", "2026-07-15T11:30:01Z"} {
		_, err := audit.ParseMoments("", text, "", now)
		var refused audit.MomentError
		require.ErrorAs(t, err, &refused, text)
		require.Equal(t, "knownAt", refused.Parameter)
		require.ErrorIs(t, err, audit.ErrFuture)
	}
	_, err := audit.ParseMoments("soon", "never", "", now)
	require.ErrorContains(t, err, "trueAt must be a day")
	require.ErrorContains(t, err, "knownAt must be a day")
}
