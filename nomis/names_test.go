package nomis

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// read are all members of an event that parse asks for.
var read = []string{
	"eventType", "additionalInformation", "reason", "nomsNumber", "removedNomsNumber",
	"movedFromNomsNumber", "movedToNomsNumber", "bookingStartDateTime", "occurredAt",
}

// fullMessages are raw events with every member that is read.
var fullMessages = []string{
	`{"eventType":"prison-offender-events.prisoner.merged","additionalInformation":{"reason":"MERGE","nomsNumber":"S1111SS","removedNomsNumber":"R1111RR"}}`,
	`{"eventType":"prison-offender-events.prisoner.booking.moved","occurredAt":"2026-07-15T11:00:00Z","additionalInformation":` +
		`{"movedFromNomsNumber":"R1111RR","movedToNomsNumber":"S1111SS","bookingStartDateTime":"2026-07-01T09:26:32"}}`,
}

// lie is another value for a member, of the same kind as the right one.
func lie(name string) string {
	switch {
	case name == "eventType":
		return `"prison-offender-events.prisoner.received"`
	case name == "additionalInformation":
		return `{"reason":"RELINK"}`
	case name == "reason":
		return `"RELINK"`
	case strings.HasSuffix(name, "Number"):
		return `"E6666EE"`
	}
	return `"2020-01-01T00:00:00Z"`
}

// TestParse_aNameCountsInItsOwnLetterCaseOnly walks every member that is
// read, raw and in an envelope, before and behind the right one.
func TestParse_aNameCountsInItsOwnLetterCaseOnly(t *testing.T) {
	walked := map[string]bool{}
	for _, full := range fullMessages {
		right, err := parse(full, "sqs", london(t))
		require.NoError(t, err)
		for _, name := range read {
			member := `"` + name + `":`
			if !strings.Contains(full, member) {
				continue
			}
			walked[name] = true
			for _, other := range []string{strings.ToUpper(name), strings.ToLower(name), strings.ToUpper(name[:1]) + name[1:], strings.ReplaceAll(name, "s", "\u017f")} {
				if other == name {
					continue
				}
				for _, body := range wrapped(t, strings.Replace(full, member, `"`+other+`":`+lie(name)+","+member, 1), "") {
					got, err := parse(body, "m", london(t))
					require.NoError(t, err, body)
					require.Equal(t, right.merge, got.merge, body)
					require.Empty(t, got.ignored, body)
				}
				missing, err := parse(strings.Replace(full, member, `"x":`, 1), "sqs", london(t))
				got, otherErr := parse(strings.Replace(full, member, `"`+other+`":`, 1), "sqs", london(t))
				require.Equal(t, err, otherErr, "%s stands for %s", other, name)
				require.Equal(t, missing, got, "%s stands for %s", other, name)
			}
			for _, value := range []string{lie(name), "null", "7"} {
				twice := strings.Replace(full, member, member+value+","+member, 1)
				for _, body := range append(wrapped(t, twice, ""), twice) {
					_, err := parse(body, "sqs", london(t))
					require.Error(t, err, "twice: %s", body)
				}
			}
		}
	}
	require.Len(t, walked, len(read))
}

// TestParse_anEnvelopeCountsInItsOwnLetterCaseOnly: it is SNS's, and so
// are its names.
func TestParse_anEnvelopeCountsInItsOwnLetterCaseOnly(t *testing.T) {
	body := wrapped(t, fullMessages[0], "")[0]
	for _, other := range []string{`"message":"{}",`, `"MESSAGE":"{}",`, `"messageid":"other",`, `"MessageID":"other",`} {
		m, err := parse("{"+other+body[1:], "sqs", london(t))
		require.NoError(t, err, other)
		require.Equal(t, merging, m.merge)
		require.Equal(t, CommandID("m"), m.id)
	}
	for _, twice := range []string{`"Message":"{}",`, `"eventType":"x","eventType":"y",`} {
		_, err := parse("{"+twice+body[1:], "sqs", london(t))
		require.Error(t, err, twice)
	}
	typed := `"MessageAttributes":{"eventType":{"Value":"prison-offender-events.prisoner.merged"}},`
	untyped := strings.Replace(fullMessages[0], `"eventType"`, `"x"`, 1)
	received := `"MessageAttributes":{"eventType":{"Value":"prison-offender-events.prisoner.received"}},`
	twice := strings.Replace(fullMessages[0], `"eventType"`, `"eventType":"x","eventType"`, 1)
	_, err := parse("{"+received+wrapped(t, twice, "")[1][1:], "sqs", london(t))
	require.Error(t, err, "the attribute does not settle it: the merge would be lost")
	for before, known := range map[string]bool{
		typed: true, strings.Replace(typed, "Value", "value", 1): false, strings.Replace(typed, "eventType", "EventType", 1): false, typed + typed: false,
		strings.ToLower(typed[:20]) + typed[20:]: false,
	} {
		_, err := parse("{"+before+wrapped(t, untyped, "")[1][1:], "sqs", london(t))
		require.Equal(t, known, err == nil, before)
	}
}
