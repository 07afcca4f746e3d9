package nomis

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/commands/merge"
	"nonassociations/domain"
)

func london(t *testing.T) *time.Location {
	t.Helper()
	location, err := time.LoadLocation("Europe/London")
	require.NoError(t, err)
	return location
}

func recorded(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(t, err)
	return string(content)
}

var merging = merge.Message{Renumbering: domain.Renumbering{Previous: "R1111RR", Number: "S1111SS", Reason: "MERGE"}}

func TestParse_aRecordedMerge(t *testing.T) {
	m, err := parse(recorded(t, "merged.json"), "sqs", london(t))
	require.NoError(t, err)
	require.Empty(t, m.ignored)
	require.Equal(t, uuid.MustParse("b3f5c1d2-8d7e-5f64-9c1a-9a2f4a0c7e11"), m.id)
	require.Equal(t, merging, m.merge)
}

func TestParse_aRecordedBookingMove(t *testing.T) {
	m, err := parse(recorded(t, "booking-moved.json"), "sqs", london(t))
	require.NoError(t, err)
	require.Empty(t, m.ignored)
	require.Equal(t, "BOOKING_MOVED", m.merge.Reason)
	require.Equal(t, time.Date(2025, 7, 1, 9, 26, 32, 0, london(t)), m.merge.Span.From)
	require.Equal(t, time.Date(2026, 1, 15, 10, 0, 0, 0, london(t)), m.merge.Span.Until)
}

func TestParse_toleratesWhatSendersDo(t *testing.T) {
	for name, body := range map[string]string{
		"raw delivery":           `{"eventType":"prison-offender-events.prisoner.merged","additionalInformation":{"nomsNumber":"S1111SS","removedNomsNumber":"R1111RR","reason":"MERGE"}}`,
		"an object inside":       `{"MessageId":"m","Message":{"eventType":"prison-offender-events.prisoner.merged","additionalInformation":{"nomsNumber":"S1111SS","removedNomsNumber":"R1111RR","reason":"MERGE"}}}`,
		"type in the attributes": `{"MessageId":"m","MessageAttributes":{"eventType":{"Value":"prison-offender-events.prisoner.merged"},"n":7},"Message":"{\"additionalInformation\":{\"nomsNumber\":\"S1111SS\",\"removedNomsNumber\":\"R1111RR\",\"reason\":\"MERGE\"}}"}`,
		"lower case":             `{"eventType":"prison-offender-events.prisoner.merged","version":{},"additionalInformation":{"nomsNumber":"s1111ss","removedNomsNumber":"r1111rr","reason":"MERGE","bookingId":{}}}`,
	} {
		m, err := parse(body, "sqs", london(t))
		require.NoError(t, err, name)
		require.Empty(t, m.ignored, name)
		require.Equal(t, merging, m.merge, name)
	}
}

func TestParse_theIdIsThatOfTheEnvelope(t *testing.T) {
	require.Equal(t, uuid.MustParse("fc88abc7-85c6-521d-8b96-c8cfad0adebc"), CommandID("not-a-uuid"))
	require.NotEqual(t, CommandID("not-a-uuid"), CommandID("another"))
	raw := `{"eventType":"prison-offender-events.prisoner.received"}`
	m, err := parse(raw, "sqs", london(t))
	require.NoError(t, err)
	require.Equal(t, CommandID("sqs"), m.id)
}

func TestParse_bookingTimes(t *testing.T) {
	body := func(start, occurred string) string {
		return `{"eventType":"prison-offender-events.prisoner.booking.moved","occurredAt":` + occurred +
			`,"additionalInformation":{"movedFromNomsNumber":"R1111RR","movedToNomsNumber":"S1111SS","bookingStartDateTime":` + start + `}}`
	}
	for _, none := range []string{"null", `""`} {
		m, err := parse(body(none, `"2026-07-15T11:00:00Z"`), "sqs", london(t))
		require.NoError(t, err)
		require.Zero(t, m.merge.Span, "no beginning takes all")
	}
	m, err := parse(body(`"2026-07-01T09:26:32.5"`, `"2026-07-15T11:00:00.25+01:00"`), "sqs", london(t))
	require.NoError(t, err)
	require.Equal(t, time.Date(2026, 7, 1, 9, 26, 32, 500_000_000, london(t)), m.merge.Span.From)
	require.Equal(t, time.Date(2026, 7, 15, 11, 0, 0, 250_000_000, london(t)), m.merge.Span.Until)
	for times, word := range map[[2]string]string{
		{`"soon"`, `"2026-07-15T11:00:00Z"`}: "bookingStartDateTime is no time", {`"2026-07-01T09:26:32"`, `"now"`}: "occurredAt is no time",
		{`"2026-07-01T09:26:32"`, `null`}: "occurredAt is missing", {`"2026-07-01T09:26:32"`, `" "`}: "occurredAt is missing",
		{`7`, `"2026-07-15T11:00:00Z"`}: "bookingStartDateTime is no text", {`"2026-07-01T09:26:32"`, `[2026,7,15]`}: "occurredAt is no text",
	} {
		_, err := parse(body(times[0], times[1]), "sqs", london(t))
		require.EqualError(t, err, word)
	}
}

// A moment in July and the same in January, as senders write them.
func TestParseTime_inEverySpelling(t *testing.T) {
	summer, winter := time.Date(2026, 7, 15, 11, 0, 0, 0, london(t)), time.Date(2026, 1, 15, 11, 0, 0, 0, london(t))
	for at, spellings := range map[time.Time][]string{
		summer: {
			"2026-07-15T11:00+01:00", "2026-07-15T11:00:00+01:00", "2026-07-15T11:00+0100", "2026-07-15T11:00:00+01",
			"2026-07-15T11:00+01:00[Europe/London]", "2026-07-15T11:00:00+01:00[Europe/London]", "2026-07-15T11:00[Europe/London]",
			"2026-07-15T10:00Z", "2026-07-15T10:00:00Z", "2026-07-15T10:00:00.000000000Z", "2026-07-15T10:00Z[UTC]", "2026-07-15T12:00+02:00[Europe/Paris]",
			"2026-07-15T11:00:00", "2026-07-15T11:00", "2026-07-15T11:00:00.0", "2026-07-15T10:00+00:00", "2026-07-15T05:00-05:00",
		},
		winter: {
			"2026-01-15T11:00Z", "2026-01-15T11:00+00:00[Europe/London]", "2026-01-15T11:00", "2026-01-15T12:00+01:00", "2026-01-15T11:00:00.000Z[Europe/London]",
		},
		summer.Add(123456789):                         {"2026-07-15T11:00:00.123456789", "2026-07-15T11:00:00.123456789+01:00[Europe/London]", "2026-07-15T10:00:00.123456789Z"},
		time.Date(2026, 7, 15, 0, 0, 0, 0, london(t)): {"2026-07-15"},
	} {
		for _, spelling := range spellings {
			got, err := parseTime(spelling, london(t))
			require.NoError(t, err, spelling)
			require.True(t, at.Equal(got), "%s is %s", spelling, got)
		}
	}
	for _, none := range []string{
		"", "now", "2026-07-15T11", "2026-07-15T25:00", "2026-02-30T11:00", "15/07/2026", "2026-07-15T11:00[UTC]", "2026-07-15T11:00[", "[Europe/London]",
		"2026-07-15T11:00+01:00]", "1784109602", "2026-07-15T11:00+01:00[Europe/London]x",
	} {
		_, err := parseTime(none, london(t))
		require.ErrorIs(t, err, errNoTime, none)
	}
}

func TestParse_whatAsksForNothing(t *testing.T) {
	for _, body := range []string{
		strings.Replace(recorded(t, "merged.json"), `\"MERGE\"`, `\"RELINK\"`, 1),
		strings.Replace(recorded(t, "merged.json"), `,\"reason\":\"MERGE\"`, ``, 1),
		`{"eventType":"prison-offender-events.prisoner.received"}`,
		`{"eventType":"prison-offender-events.prisoner.merged","additionalInformation":{"nomsNumber":"R1111RR","removedNomsNumber":"R1111RR","reason":"MERGE"}}`,
	} {
		m, err := parse(body, "sqs", london(t))
		require.NoError(t, err)
		require.NotEmpty(t, m.ignored)
	}
}

func TestParse_ofAnUnreadableMessageNamesNoPrisoner(t *testing.T) {
	for _, body := range []string{
		``, `{`, `[]`, `"R1111RR"`, `{}`, `{"Message":"R1111RR"}`, `{"Message":"{\"eventType\":7}"}`,
		`{"eventType":"prison-offender-events.prisoner.merged","additionalInformation":{"nomsNumber":"R1111RR","reason":"MERGE"}}`,
		`{"eventType":"prison-offender-events.prisoner.merged","additionalInformation":{"nomsNumber":"R1111RR","removedNomsNumber":7,"reason":"MERGE"}}`,
		`{"eventType":"prison-offender-events.prisoner.booking.moved","additionalInformation":{"movedFromNomsNumber":"R1111RR"}}`,
	} {
		_, err := parse(body, "sqs", london(t))
		require.Error(t, err, body)
		require.NotContains(t, err.Error(), "R1111RR")
	}
}
