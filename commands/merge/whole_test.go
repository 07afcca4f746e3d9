package merge_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"nonassociations/commands/merge"
	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/eventstore"
	"nonassociations/eventstore/memory"
)

// requireOneStory: no id is in the log twice, the facts of a stream were decided
// one after the other, and those of one command there are numbered on.
func requireOneStory(t require.TestingT, events []eventstore.RecordedEvent) {
	type own struct {
		stream  string
		command uuid.UUID
	}
	ids, last, next := map[uuid.UUID]bool{}, map[string]time.Time{}, map[own]int{}
	for _, e := range events {
		fact, err := eventstore.Read(domain.Events(), e)
		require.NoError(t, err)
		require.False(t, ids[e.ID], "revision %d of %s", e.Revision, e.Stream)
		require.False(t, fact.Meta.DecidedAt.Before(last[e.Stream]), "revision %d of %s", e.Revision, e.Stream)
		of := own{e.Stream, fact.Meta.CommandID}
		require.Equal(t, next[of], fact.Meta.Index, "revision %d of %s", e.Revision, e.Stream)
		ids[e.ID], last[e.Stream] = true, fact.Meta.DecidedAt
		next[of]++
	}
}

// Merges, undoings and other commands, cut off or not, by processes each of
// which has a clock of its own.
func TestProperty_whateverTheClocksShowALogGivesOneStory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &interleaving{T: t, log: memory.New(), opened: map[uuid.UUID]bool{}}
		for n := range rapid.IntRange(1, 8).Draw(t, "steps") {
			skew := time.Duration(rapid.IntRange(-48, 48).Draw(t, "clock")) * time.Hour
			w.otherWriter(fmt.Sprint("act ", n))
			service := serviceAt(w.disturbed(n), func() time.Time { return noon.Add(skew) })
			if len(w.messages) == 0 || rapid.Bool().Draw(t, "new message") {
				two := rapid.Permutation(people).Draw(t, "merge")
				w.messages = append(w.messages, delivery{message(), merge.Message{
					Renumbering: domain.Renumbering{Previous: two[0], Number: two[1], Reason: domain.ByMerge},
				}})
			}
			d := rapid.SampledFrom(w.messages).Draw(t, "message")
			var err error
			if rapid.Bool().Draw(t, "take back") {
				_, err = service.Undo(t.Context(), d.cause, wrong, false)
			} else {
				_, err = service.Apply(t.Context(), d.cause, d.message, pairs{w.log})
			}
			if err != nil && !errors.Is(err, errKilled) && !errors.Is(err, merge.ErrCircle) && !errors.Is(err, merge.ErrNothingMerged) {
				require.NoError(t, err)
			}
		}
		events, err := w.log.ReadAll(t.Context(), eventstore.Forwards, eventstore.Start, 100_000)
		require.NoError(t, err)
		requireOneStory(t, events)
	})
}

// A merge that meets a stream which lost its beginning stops in words, and is
// right again when the stream is: nothing was moved by halves.
func TestMerge_movesNothingOutOfOrIntoAStreamThatLostItsBeginning(t *testing.T) {
	for name, stream := range map[string]string{
		"from":      domaintest.PairOf(removed, third).Stream(),
		"to":        domaintest.PairOf(survivor, third).Stream(),
		"the two":   domaintest.PairOf(removed, survivor).Stream(),
		"a number":  removed.Stream(),
		"the other": survivor.Stream(),
	} {
		for _, left := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, something left %v", name, left), func(t *testing.T) {
				log := memory.New()
				e := &fixture{t, log, map[domain.Pair]foldedPair{}, newService(log)}
				e.opens(removed, third)
				e.opens(survivor, third)
				e.opens(removed, survivor)
				e.merges(message(), merge.Message{Renumbering: domain.Renumbering{Previous: survivor, Number: fourth}})
				back := message()
				e.merges(back, merge.Message{Renumbering: domain.Renumbering{Previous: removed, Number: high}})
				_, err := e.Undo(t.Context(), back, wrong, false)
				require.NoError(t, err)
				recorded, err := log.ReadStream(t.Context(), stream, eventstore.Forwards, 0, 1)
				require.NoError(t, err)
				log.Delete(stream)
				if left {
					event := recorded[0].Event
					event.ID[0]++
					_, err := log.Append(t.Context(), eventstore.Append{Stream: stream, Expected: eventstore.NoStream, Events: []eventstore.Event{event}})
					require.NoError(t, err)
				}
				size := e.size()
				_, err = e.Apply(t.Context(), message(), merging, pairs{log})
				require.ErrorIs(t, err, eventstore.ErrNotWhole)
				require.LessOrEqual(t, e.size(), size+1, "at most the merge itself was recorded")
			})
		}
	}
}
