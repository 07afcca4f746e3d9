package eventstore_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/eventstore/memory"
)

var noon = time.Date(2026, 7, 15, 12, 0, 0, 0, time.UTC)

// someFacts are those of one pair, a minute apart, as the log gives them back.
func someFacts(t *testing.T, log eventstore.Store) (domain.Pair, []eventstore.RecordedEvent) {
	t.Helper()
	pair, err := domain.ParsePair("A0135GA_A9109UD")
	require.NoError(t, err)
	id, command := uuid.New(), uuid.New()
	var events []eventstore.Event
	for i, event := range []domain.Event{
		domain.Opened{NonAssociationID: id, PrisonerNumber: "A9109UD"},
		domain.SequenceLearned{NonAssociationID: id, TypeSequence: 4},
		domain.Closed{NonAssociationID: id, ClosedAt: "2026-07-15T12:02:00", ClosedBy: "STAFF"},
		domain.Deleted{NonAssociationID: id},
	} {
		at := noon.Add(time.Duration(i) * time.Minute)
		events = append(events, eventstore.Encode(domain.Fact{
			ID: domain.EventID(command, pair.Stream(), i), Event: event, Meta: domain.Meta{
				Cause: domain.Cause{CommandID: command, Actor: "STAFF", Source: domain.DPS, About: "A9109UD"},
				Index: i, Count: 4, DecidedAt: at, OccurredAt: at,
			},
		}))
	}
	_, err = log.Append(t.Context(), eventstore.Append{Stream: pair.Stream(), Expected: eventstore.NoStream, Events: events})
	require.NoError(t, err)
	recorded, err := log.ReadStream(t.Context(), pair.Stream(), eventstore.Forwards, 0, 100)
	require.NoError(t, err)
	return pair, recorded
}

func TestFact_knowsItsPlace(t *testing.T) {
	pair, recorded := someFacts(t, memory.New())
	for i, r := range recorded {
		fact, err := eventstore.Read(domain.Events(), r)
		require.NoError(t, err)
		decoded, err := eventstore.Decode(domain.Events(), r)
		require.NoError(t, err)
		require.Equal(t, eventstore.Fact{
			Fact: decoded, Type: r.Type, Stream: pair.Stream(), Pair: pair, Revision: uint64(i), Position: r.Position, RecordedAt: r.RecordedAt,
		}, fact)
		light, err := eventstore.ReadFolded(domain.Events(), r)
		require.NoError(t, err)
		fact.Meta = domain.Meta{Cause: domain.Cause{CommandID: decoded.Meta.CommandID, Actor: "STAFF", Source: domain.DPS}, DecidedAt: fact.Meta.DecidedAt}
		require.Equal(t, fact, light, "folding looks at no more")
		r.Stream = "other-1"
		_, err = eventstore.Read(domain.Events(), r)
		require.Error(t, err)
		_, err = eventstore.ReadFolded(domain.Events(), r)
		require.Error(t, err)
	}
}

func TestFolding_demandsEveryRevision(t *testing.T) {
	pair, recorded := someFacts(t, memory.New())
	facts := make([]eventstore.Fact, len(recorded))
	for i, r := range recorded {
		var err error
		facts[i], err = eventstore.Read(domain.Events(), r)
		require.NoError(t, err)
	}
	for begun := range facts {
		for next := range facts {
			folding := eventstore.NewFolding(pair)
			for _, fact := range facts[:begun] {
				require.NoError(t, folding.Add(fact))
			}
			before := folding.State()
			err := folding.Add(facts[next])
			if next == begun {
				require.NoError(t, err)
				continue
			}
			require.ErrorIs(t, err, eventstore.ErrNotWhole, "revision %d behind %d facts", next, begun)
			require.Equal(t, before, folding.State())
			require.EqualValues(t, begun, folding.Next())
			require.ErrorIs(t, eventstore.Resume(before, uint64(begun)).Add(facts[next]), eventstore.ErrNotWhole)
		}
	}
	stranger := facts[0]
	stranger.Pair = domain.Pair{}
	require.Error(t, eventstore.NewFolding(pair).Add(stranger))
}

func TestDecision_isNeverMadeBeforeTheLastFact(t *testing.T) {
	london, err := time.LoadLocation("Europe/London")
	require.NoError(t, err)
	pair, recorded := someFacts(t, memory.New())
	folding := eventstore.NewFolding(pair)
	for _, clock := range []time.Time{noon.AddDate(-1, 0, 0), noon} {
		require.Equal(t, clock, folding.Now(clock))
	}
	for i, r := range recorded {
		require.Equal(t, eventstore.Expected(int64(i)-1), folding.Expected())
		fact, err := eventstore.ReadFolded(domain.Events(), r)
		require.NoError(t, err)
		require.NoError(t, folding.Add(fact))
		for _, clock := range []time.Time{fact.Meta.DecidedAt.Add(-time.Nanosecond).In(london), noon.AddDate(-1, 0, 0).In(london)} {
			require.Equal(t, fact.Meta.DecidedAt.In(london), folding.Now(clock), "in the clock's own location")
		}
		later := fact.Meta.DecidedAt.Add(time.Nanosecond)
		require.Equal(t, later, folding.Now(later))
	}
}
