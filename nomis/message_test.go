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

func TestParse_a_recorded_merge(t *testing.T) {
	m, err := parse(recorded(t, "merged.json"), "sqs", london(t))
	require.NoError(t, err)
	require.Empty(t, m.ignored)
	require.Equal(t, uuid.MustParse("b3f5c1d2-8d7e-5f64-9c1a-9a2f4a0c7e11"), m.id)
	require.Equal(t, merging, m.merge)
}

func TestParse_a_recorded_booking_move(t *testing.T) {
	m, err := parse(recorded(t, "booking-moved.json"), "sqs", london(t))
	require.NoError(t, err)
	require.Empty(t, m.ignored)
	require.Equal(t, "BOOKING_MOVED", m.merge.Reason)
	require.Equal(t, time.Date(2025, 7, 1, 9, 26, 32, 0, london(t)), m.merge.Span.From)
	require.Equal(t, time.Date(2026, 1, 15, 10, 0, 0, 0, london(t)), m.merge.Span.Until)
}

func TestParse_tolerates_what_senders_do(t *testing.T) {
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

func TestParse_the_id_is_that_of_the_envelope(t *testing.T) {
	require.Equal(t, uuid.MustParse("fc88abc7-85c6-521d-8b96-c8cfad0adebc"), CommandID("not-a-uuid"))
	require.NotEqual(t, CommandID("not-a-uuid"), CommandID("another"))
	raw := `{"eventType":"prison-offender-events.prisoner.received"}`
	m, err := parse(raw, "sqs", london(t))
	require.NoError(t, err)
	require.Equal(t, CommandID("sqs"), m.id)
}

func TestParse_booking_times(t *testing.T) {
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
	for _, times := range [][2]string{{`"soon"`, `"2026-07-15T11:00:00Z"`}, {`"2026-07-01T09:26:32"`, `"now"`}, {`"2026-07-01T09:26:32"`, `null`}} {
		_, err := parse(body(times[0], times[1]), "sqs", london(t))
		require.ErrorContains(t, err, "is no time")
	}
}

func TestParse_what_asks_for_nothing(t *testing.T) {
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

func TestParse_what_cannot_be_understood_is_an_error_that_names_nobody(t *testing.T) {
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

func FuzzParse(f *testing.F) {
	for _, name := range []string{"merged.json", "booking-moved.json"} {
		content, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(content))
	}
	f.Fuzz(func(t *testing.T, body string) {
		m, err := parse(body, "sqs", time.UTC)
		if err == nil && m.ignored == "" {
			require.NotEqual(t, m.merge.Previous, m.merge.Number)
		}
	})
}
