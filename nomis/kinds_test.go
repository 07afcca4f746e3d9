package nomis

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"nonassociations/domain"
)

// values are one of each kind of JSON, and some that readers trip over.
var values = []string{
	`null`, `true`, `false`, `1`, `-0`, `1e400`, `""`, `" "`, `"text"`, `"\ud83d"`, `"\u0000"`, "\"\xff\"", `[]`, `[2026,7,15,11,0]`, `[{}]`,
	`{}`, `{"a":{"a":[]}}`, `{"a":1,"a":2}`, `"{"`, `"[]"`, `"{\"eventType\":7}"`, `"2026-07-15T11:00+01:00[Europe/London]"`,
}

// beside are members that an event or an envelope has, or might have one day.
var beside = []string{
	"message", "MESSAGE", "timestamp", "type", "messageid", "messageId", "eventtype", "EventType", "messageAttributes",
	"version", "description", "occurredAt", "publishedAt", "personReference", "detailUrl", "additionalinformation", "x", "",
	"Timestamp", "TopicArn", "Signature", "MessageId", "Subject",
}

const concernsNobody = "prison-offender-events.prisoner.received"

// event is a raw event of a type; more are its further members.
func event(eventType, more string) string {
	return fmt.Sprintf(`{"eventType":%q%s}`, eventType, more)
}

// wrapped is an event in an envelope as SNS writes it, as a text and as it is.
func wrapped(t require.TestingT, body, more string) []string {
	text, err := json.Marshal(body)
	require.NoError(t, err)
	return []string{
		fmt.Sprintf(`{"Type":"Notification","MessageId":"m","Message":%s%s}`, text, more),
		fmt.Sprintf(`{"Message":%s%s}`, text, more),
		fmt.Sprintf(`{"Type":"Notification","MessageId":"m","Message":%s%s}`, body, more),
	}
}

// asksForNothing holds a message to be deleted.
func asksForNothing(t require.TestingT, body string) {
	m, err := parse(body, "sqs", time.UTC)
	require.NoError(t, err, body)
	require.NotEmpty(t, m.ignored, body)
}

// Each member with each kind of value, in the event and beside it: one whose
// type concerns no record is never left to the queue's redrive.
func TestParse_ofAnotherEventTypeIsNeverUnreadable(t *testing.T) {
	for _, name := range append([]string{"additionalInformation", "Message", "MessageAttributes", "Type"}, beside...) {
		for _, value := range values {
			more := fmt.Sprintf(`,%q:%s`, name, value)
			asksForNothing(t, event(concernsNobody, more))
			if name == "Message" { // the one that holds the event
				continue
			}
			for _, body := range append(wrapped(t, event(concernsNobody, ""), more), wrapped(t, event(concernsNobody, strings.ToValidUTF8(more, "?")), "")...) {
				asksForNothing(t, body)
			}
		}
	}
	for _, name := range []string{"nomsNumber", "removedNomsNumber", "movedFromNomsNumber", "movedToNomsNumber", "reason", "bookingStartDateTime"} {
		for _, value := range values {
			asksForNothing(t, event(concernsNobody, fmt.Sprintf(`,"additionalInformation":{%q:%s}`, name, value)))
		}
	}
}

// The type may be told by the attribute alone: then the event may be anything,
// unless it should have been a merge or a booking move.
func TestParse_ofAnotherEventTypeByItsAttribute(t *testing.T) {
	for _, value := range values {
		body := func(eventType string) string {
			return `{"Type":"Notification","MessageId":"m","Message":` + value +
				`,"MessageAttributes":{"eventType":{"Type":"String","Value":"` + eventType + `"},"n":` + value + `}}`
		}
		asksForNothing(t, body(concernsNobody))
		for _, eventType := range []string{prisonerMerged, bookingMoved} {
			_, err := parse(body(eventType), "sqs", time.UTC)
			reads := strings.Contains(value, "{") && value != `"{"` && value != `[{}]` && eventType == prisonerMerged
			require.Equal(t, reads, err == nil, "%s %s", eventType, value)
		}
	}
}

// Each member beside those that a merge needs, with each kind of value: it is
// worked on, and asks for the same.
func TestParse_aMergeNeedsOnlyFourMembers(t *testing.T) {
	const needed = `"reason":"MERGE","nomsNumber":"S1111SS","removedNomsNumber":"R1111RR"`
	works := func(body string, ids ...string) {
		t.Helper()
		m, err := parse(body, "sqs", london(t))
		require.NoError(t, err, body)
		require.Empty(t, m.ignored, body)
		require.Equal(t, merging, m.merge, body)
		var possible []uuid.UUID
		for _, id := range ids {
			possible = append(possible, CommandID(id))
		}
		require.Contains(t, possible, m.id, body)
	}
	information := `,"additionalInformation":{` + needed + `}`
	for _, name := range append([]string{"MessageAttributes", "Type"}, beside...) {
		for _, value := range values {
			more := fmt.Sprintf(`,%q:%s`, name, value)
			works(event(prisonerMerged, more+information), "sqs")
			for _, body := range wrapped(t, event(prisonerMerged, information), more) {
				works(body, "m", "sqs", "text", " ", "\x00", "\ufffd", "{", "[]", `{"eventType":7}`, "2026-07-15T11:00+01:00[Europe/London]")
			}
			works(event(prisonerMerged, strings.Replace(information, "}", more+"}", 1)), "sqs")
		}
	}
	for _, value := range values { // a raw event with the envelope's own key
		works(event(prisonerMerged, `,"Message":`+value+information), "sqs")
	}
}

// A merge that cannot be told is left to the queue's redrive, and so is one that
// may be a merge: nothing is lost in silence.
func TestParse_aMergeThatDoesNotSayWhatItNeeds(t *testing.T) {
	good := map[string]string{"reason": `"MERGE"`, "nomsNumber": `"S1111SS"`, "removedNomsNumber": `"R1111RR"`}
	for name := range good {
		for _, value := range append([]string{`"R1111R"`, `["R1111RR"]`, `"R1111RR","` + name + `":"R1111RR"`, `<absent>`}, values...) {
			var members []string
			for other, member := range good {
				if other == name {
					member = value
				}
				if member != "<absent>" {
					members = append(members, fmt.Sprintf("%q:%s", other, member))
				}
			}
			m, err := parse(event(prisonerMerged, `,"additionalInformation":{`+strings.Join(members, ",")+`}`), "sqs", london(t))
			isText := strings.HasPrefix(value, `"`) && !strings.Contains(value, `,"`) || value == "null" || value == "<absent>"
			if name == "reason" && isText {
				require.NoError(t, err)
				require.NotEmpty(t, m.ignored, "another reason, or none")
				continue
			}
			require.Error(t, err, "%s %s", name, value)
			require.NotContains(t, err.Error(), "1111")
		}
	}
	for _, value := range values {
		m, err := parse(event(prisonerMerged, `,"additionalInformation":`+value), "sqs", london(t))
		if value == "null" || strings.HasPrefix(value, "{") {
			require.NotEmpty(t, m.ignored, value)
			continue
		}
		require.Error(t, err, value)
	}
}

// A booking move without a beginning needs its numbers alone, and one with a
// beginning the time of the move.
func TestParse_aBookingMoveNeedsItsNumbersAndTheTimesItNames(t *testing.T) {
	body := func(start, more string) string {
		return event(bookingMoved, more+`,"additionalInformation":{"movedFromNomsNumber":" r1111rr ","movedToNomsNumber":"S1111SS"`+start+`}`)
	}
	for _, name := range beside {
		for _, value := range values {
			more := fmt.Sprintf(`,%q:%s`, name, value)
			for _, one := range append(wrapped(t, body("", ""), more), body("", more), body(`,"bookingStartDateTime":null`, more)) {
				m, err := parse(one, "sqs", london(t))
				require.NoError(t, err, one)
				require.Empty(t, m.ignored)
				require.Equal(t, merging.Previous, m.merge.Previous)
				require.Equal(t, merging.Number, m.merge.Number)
				require.Zero(t, m.merge.Span)
			}
			if name == "occurredAt" || name == "Timestamp" {
				continue
			}
			one := body(`,"bookingStartDateTime":"2026-07-01T11:00+01:00[Europe/London]"`, `,"occurredAt":"2026-07-15T10:00Z"`+more)
			m, err := parse(one, "sqs", london(t))
			require.NoError(t, err, one)
			require.Equal(t, time.Date(2026, 7, 1, 11, 0, 0, 0, london(t)), m.merge.Span.From)
			require.Equal(t, time.Date(2026, 7, 15, 11, 0, 0, 0, london(t)), m.merge.Span.Until)
		}
	}
	for _, value := range values {
		one := wrapped(t, body(`,"bookingStartDateTime":"2026-07-01T11:00"`, `,"occurredAt":null`), `,"Timestamp":`+value)[0]
		m, err := parse(one, "sqs", london(t))
		require.Equal(t, strings.Contains(value, "2026-07-15T"), err == nil, value)
		if err == nil {
			require.Equal(t, time.Date(2026, 7, 15, 11, 0, 0, 0, london(t)), m.merge.Span.Until)
		}
	}
}

// anyJSON is any value at all, with keys that mean something elsewhere.
func anyJSON(r *rapid.T, depth int) any {
	kinds := 7
	if depth == 0 {
		kinds = 5
	}
	switch rapid.IntRange(1, kinds).Draw(r, "kind") {
	case 1:
		return nil
	case 2:
		return rapid.Bool().Draw(r, "truth")
	case 3:
		return rapid.Float64Range(-1e300, 1e300).Draw(r, "number")
	case 4:
		return rapid.String().Draw(r, "text")
	case 5:
		return rapid.SampledFrom([]string{"MERGE", "R1111RR", prisonerMerged, `{"eventType":"` + prisonerMerged + `"}`}).Draw(r, "word")
	case 6:
		list := []any{}
		for range rapid.IntRange(0, 3).Draw(r, "length") {
			list = append(list, anyJSON(r, depth-1))
		}
		return list
	default:
		return anyObject(r, depth)
	}
}

func anyObject(r *rapid.T, depth int) map[string]any {
	object := map[string]any{}
	names := append([]string{"additionalInformation", "reason", "nomsNumber", "Value", "MessageAttributes", "Type"}, beside...)
	for range rapid.IntRange(0, 4).Draw(r, "members") {
		object[rapid.SampledFrom(names).Draw(r, "name")] = anyJSON(r, depth-1)
	}
	return object
}

func TestParse_noContentMakesAnotherEventUnreadable(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		said, envelope := anyObject(r, 3), anyObject(r, 3)
		said["eventType"] = concernsNobody
		inner, err := json.Marshal(said)
		require.NoError(t, err)
		asksForNothing(t, string(inner))
		envelope["Message"] = string(inner)
		outer, err := json.Marshal(envelope)
		require.NoError(t, err)
		asksForNothing(t, string(outer))
	})
}

var someNumber = regexp.MustCompile(`[A-Z][0-9]{4}[A-Z]{2}`)

// FuzzParse reads anything: no error tells of a person, what is worked on has
// two numbers, and no JSON keeps an event from being deleted that concerns
// no record.
func FuzzParse(f *testing.F) {
	for _, name := range []string{"merged.json", "booking-moved.json"} {
		content, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(content))
	}
	for _, value := range values {
		f.Add(value)
		f.Add(event(prisonerMerged, `,"additionalInformation":`+value))
		f.Add(event(concernsNobody, `,"Message":`+value))
	}
	f.Add(event(bookingMoved, `,"additionalInformation":{"movedFromNomsNumber":"R1111RR","movedToNomsNumber":"S1111SS","bookingStartDateTime":"2026-07-15T11:00[Europe/London]"}`))
	f.Fuzz(func(t *testing.T, body string) {
		m, err := parse(body, "sqs", time.UTC)
		switch {
		case err != nil:
			words := strings.ReplaceAll(err.Error(), domain.ErrPrisonerNumber.Error(), "")
			require.False(t, someNumber.MatchString(words), "%s", err)
		case m.ignored == "":
			require.NotEqual(t, m.merge.Previous, m.merge.Number)
			require.Regexp(t, someNumber, m.merge.Previous+" "+m.merge.Number)
		}
		if json.Valid([]byte(body)) {
			asksForNothing(t, event(concernsNobody, `,"Message":`+body+`,"additionalInformation":`+body))
		}
	})
}
