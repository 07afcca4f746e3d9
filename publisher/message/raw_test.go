package message_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/publisher/message"
)

// isRaw reports whether a character must not be raw in a message.
func isRaw(r rune) bool { return unicode.IsControl(r) || r == 0xfffe || r == 0xffff }

func everyRaw() string {
	var b strings.Builder
	for r := range rune(0x10000) {
		if isRaw(r) && r != 0 {
			b.WriteRune(r)
		}
	}
	return "a" + b.String() + "é"
}

// Whatever staff and NOMIS write, no message on either topic holds a control
// character raw, and each reads back as it came. SNS takes no U+FFFE at all.
func TestMessages_holdNoRawControlCharacter(t *testing.T) {
	s, raw := newScenario(t), everyRaw()
	bodies := map[string]bool{} // by the type of their fact
	publishes := func(source domain.Source, c domain.Command) {
		t.Helper()
		s.does(source, ours, smaller, c)
		require.NotEmpty(t, s.sent)
		for _, sent := range s.sent {
			require.False(t, strings.ContainsFunc(string(sent.Body), isRaw), "%q", sent.Body)
			if sent.Topic == message.History && strings.Contains(string(sent.Body), `\u007f`) {
				bodies[sent.Attributes["eventType"].Text] = true
			}
		}
	}
	numbered := func(text string, sequence int) domain.Item {
		i := itemOf(y2021, numbered(sequence), remarks(text))
		i.AuthorisedBy = &text
		return i
	}
	publishes(domain.NOMIS, domain.Sync{About: smaller, Items: []domain.Item{numbered(raw, 1)}})
	require.Contains(t, string(s.sent[1].Body), jsonOf(t, raw))
	publishes(domain.NOMIS, domain.Sync{About: smaller, Items: []domain.Item{numbered(raw+"!", 1)}})
	id := s.state(ours).Items[0].ID
	publishes(domain.DPS, domain.Amend{ID: id, Comment: &raw})
	publishes(domain.DPS, domain.Close{ID: id, ClosedReason: raw, ClosedBy: raw})
	publishes(domain.DPS, domain.Reopen{ID: id, ReopenReason: raw, ReopenedBy: raw})
	publishes(domain.DPS, domain.Delete{ID: id, DeletionReason: raw, RequestedBy: raw})
	publishes(domain.NOMIS, domain.Sync{About: smaller, Items: []domain.Item{numbered(raw, 1)}})
	publishes(domain.Migration, domain.Sync{About: smaller, Items: []domain.Item{numbered(raw, 2)}})
	require.Equal(t, map[string]bool{
		domain.TypeOpened: true, domain.TypeAmended: true, domain.TypeClosed: true, domain.TypeReopened: true,
		domain.TypeDeleted: true, domain.TypeIgnored: true, domain.TypeImported: true,
	}, bodies)
}

// jsonOf is a text as it is written in a body.
func jsonOf(t *testing.T, text string) string {
	t.Helper()
	b, err := json.Marshal(text)
	require.NoError(t, err)
	return string(domain.Escaped(b))
}

// The actor is a text of another service.
func TestMessages_escapeTheActor(t *testing.T) {
	fact := factBy(domain.NOMIS, openedAgain(uuid.Nil))
	fact.Meta.Actor = everyRaw()
	before := domain.State{Pair: ours}
	messages, err := mapper().Messages(
		eventstore.RecordedEvent{Event: eventstore.Encode(fact), Stream: ours.Stream()}, fact, before, domain.Evolve(before, fact))
	require.NoError(t, err)
	require.Len(t, messages, 2)
	for _, sent := range messages {
		require.False(t, strings.ContainsFunc(string(sent.Body), isRaw), "%q", sent.Body)
	}
	var entry message.HistoryEntry
	require.NoError(t, json.Unmarshal(messages[1].Body, &entry))
	require.Equal(t, everyRaw(), entry.Actor)
}
