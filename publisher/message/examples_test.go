package message_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/publisher/message"
)

const goldenFolder = "../../domain/testdata"

// example is a message that a golden fact makes.
type example struct {
	name    string
	message message.Message
}

func golden(t *testing.T, eventType, path string) domain.Event {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(goldenFolder, path))
	require.NoError(t, err)
	event, err := domain.Events().Decode(eventType, bytes.TrimSpace(data))
	require.NoError(t, err)
	return event
}

func goldenOf(t *testing.T, eventType string) domain.Event {
	t.Helper()
	return golden(t, eventType, "events/"+eventType+".json")
}

// goldenFact is an event with the golden metadata, of a source.
func goldenFact(t *testing.T, name string, source domain.Source, about domain.PrisonerNumber, event domain.Event) domain.Fact {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(goldenFolder, "meta.json"))
	require.NoError(t, err)
	meta, err := domain.DecodeMeta(text)
	require.NoError(t, err)
	meta.Source, meta.About, meta.OccurredAt = source, about, meta.DecidedAt
	switch e := event.(type) { // only staff give an earlier time than that of the command
	case domain.Closed:
		meta.OccurredAt = e.ClosedAt.In(greenwich)
	case domain.Reopened:
		meta.OccurredAt = e.ReopenedAt.In(greenwich)
	default:
	}
	meta.Actor = map[domain.Source]string{
		domain.DPS: "ABC12D", domain.NOMIS: "NOMIS_SYNC", domain.Migration: "NOMIS_MIGRATION", domain.Merge: "NON_ASSOCIATIONS",
	}[source]
	return domain.Fact{ID: uuid.NewSHA1(meta.CommandID, []byte(name)), Meta: meta, Event: event}
}

// standing is the pair with the golden non-association, ending when it is said.
func standing(t *testing.T, pair domain.Pair, expiry *domain.LocalDateTime) domain.State {
	t.Helper()
	opened := goldenOf(t, domain.TypeOpened).(domain.Opened)
	opened.Details.ExpiryDate, opened.Details.Comment = expiry, pointTo("Do not location near")
	state := domain.Evolve(domain.State{Pair: ours}, goldenFact(t, "standing", domain.NOMIS, larger, opened))
	if pair != ours {
		state.Items[0] = merged.Of(state.Items[0])
		state.Pair = pair
	}
	return state
}

// happening is a golden fact in a place; index keeps positions apart.
type happening struct {
	name   string
	source domain.Source
	before domain.State
	event  domain.Event
}

func (h happening) messages(t *testing.T, index int) []message.Message {
	t.Helper()
	about := larger
	switch e := h.event.(type) {
	case domain.TransferredIn:
		about = e.Number
	case domain.TransferredOut:
		about = e.Number
	case domain.Restored:
		about = e.Number
	default:
	}
	fact := goldenFact(t, h.name, h.source, about, h.event)
	position, revision := 4711+360*uint64(index), uint64(3+index)
	if len(h.before.Items) == 0 {
		revision = 0
	}
	recorded := eventstore.RecordedEvent{
		Event: eventstore.Encode(fact), Stream: h.before.Pair.Stream(), Revision: revision,
		Position:   eventstore.Position{Commit: position, Prepare: position},
		RecordedAt: fact.Meta.DecidedAt.Add(3 * time.Millisecond),
	}
	m := mapper()
	m.PublicURL = "https://non-associations-api.example.gov.uk"
	m.Clock = func() time.Time { return fact.Meta.DecidedAt.Add(41 * time.Millisecond) }
	messages, err := m.Messages(recorded, fact, h.before, domain.Evolve(h.before, fact))
	require.NoError(t, err)
	return messages
}

func happenings(t *testing.T) []happening {
	t.Helper()
	past := pointTo(domain.LocalDateTime("2022-07-05T10:35:17"))
	later := goldenOf(t, domain.TypeClosed).(domain.Closed).ExpiryWas
	byDate := goldenOf(t, domain.TypeAmended).(domain.Amended)
	amended := byDate
	amended.Changes = slices.DeleteFunc(slices.Clone(byDate.Changes), func(c domain.Change) bool { return c.Field == domain.FieldExpiryDate })
	arrived := goldenOf(t, domain.TypeTransferredIn).(domain.TransferredIn)
	arrived.NonAssociation.Deleted = false // the golden one has every key set, that of a deletion too
	deleted := standing(t, ours, nil)
	deleted.Items[0].Deleted = true
	restored := domain.Restored{
		NonAssociationID: deleted.Items[0].ID,
		Renumbering:      domain.Renumbering{Previous: smaller, Number: larger, Reason: "Merged by mistake"},
		NonAssociation:   standing(t, ours, nil).Items[0],
	}
	return []happening{
		{"opened", domain.NOMIS, domain.State{Pair: ours}, goldenOf(t, domain.TypeOpened)},
		{"amended", domain.NOMIS, standing(t, ours, nil), amended},
		{"closed", domain.DPS, standing(t, ours, later), goldenOf(t, domain.TypeClosed)},
		{"closed-by-a-date", domain.NOMIS, standing(t, ours, nil), byDate},
		{"reopened", domain.DPS, standing(t, ours, past), goldenOf(t, domain.TypeReopened)},
		{"deleted", domain.DPS, standing(t, ours, past), goldenOf(t, domain.TypeDeleted)},
		{"renumbered", domain.Merge, domain.State{Pair: theirs}, arrived},
		{"renumbered-left", domain.Merge, standing(t, ours, past), goldenOf(t, domain.TypeTransferredOut)},
		{"restored", domain.Merge, deleted, restored},
		{"imported", domain.Migration, domain.State{Pair: ours}, goldenOf(t, domain.TypeImported)},
		{"ignored", domain.NOMIS, standing(t, ours, nil), goldenOf(t, domain.TypeIgnored)},
		{"sequence-learned", domain.NOMIS, standing(t, ours, nil), goldenOf(t, domain.TypeSequenceLearned)},
		{"sequence-released", domain.NOMIS, standing(t, ours, nil), goldenOf(t, domain.TypeSequenceReleased)},
		{"delivered", domain.NOMIS, standing(t, ours, nil), goldenOf(t, domain.TypeDelivered)},
	}
}

// examples of one topic, in the order of a life.
func examples(t *testing.T, topic message.Topic) []example {
	t.Helper()
	var all []example
	for i, h := range happenings(t) {
		for _, sent := range h.messages(t, i) {
			if sent.Topic == topic {
				all = append(all, example{h.name, sent})
			}
		}
	}
	return all
}
