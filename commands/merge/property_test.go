package merge_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"nonassociations/commands/merge"
	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/eventstore"
	"nonassociations/eventstore/memory"
)

// Any interleaving of merges, commands, deliveries that come twice and
// processes killed between any two appends keeps these promises.

var people = []domain.PrisonerNumber{removed, survivor, third, fourth}

// interleaving is a log on which merges run while others get in between.
type interleaving struct {
	*rapid.T
	log      eventstore.Store
	messages []delivery
	opened   map[uuid.UUID]bool
}

type delivery struct {
	cause   domain.Cause
	message merge.Message
}

// pair draws two different people.
func (w *interleaving) pair(label string) domain.Pair {
	two := rapid.Permutation(people).Draw(w.T, label)
	pair, err := domain.NewPair(two[0], two[1])
	require.NoError(w, err)
	return pair
}

func (w *interleaving) facts(pair domain.Pair) (all []domain.Fact) {
	for _, stream := range w.log.ReadMany(w.Context(), []string{pair.Stream()}) {
		for _, recorded := range stream.Events {
			fact, err := eventstore.Decode(domain.Events(), recorded)
			require.NoError(w, err)
			all = append(all, fact)
		}
	}
	return all
}

func (w *interleaving) state(pair domain.Pair) domain.State { return domain.Fold(pair, w.facts(pair)) }

// otherWriter sends a command for some pair; a refusal is an answer too.
func (w *interleaving) otherWriter(label string) {
	pair := w.pair(label)
	numbers := pair.Numbers()
	var command domain.Command = domain.Open{
		FirstPrisoner: numbers[0], Reason: domain.Threat, Restriction: domain.Cell, Comment: "apart",
		Roles: map[domain.PrisonerNumber]domain.Role{numbers[0]: domain.Victim, numbers[1]: domain.Perpetrator},
	}
	if items := w.state(pair).Items; len(items) > 0 && rapid.Bool().Draw(w.T, label+" on one") {
		id := rapid.SampledFrom(items).Draw(w.T, label+" item").ID
		command = rapid.SampledFrom([]domain.Command{
			domain.Amend{ID: id, Comment: new(label)},
			domain.Close{ID: id, ClosedReason: "over"},
			domain.Reopen{ID: id, ReopenReason: "again"},
			domain.Delete{ID: id},
		}).Draw(w.T, label+" command")
	}
	receipt, err := newService(w.log).Execute(w.Context(), domaintest.NewCause(domain.DPS), pair, command)
	if err != nil {
		require.True(w, errors.As(err, new(domain.Refusal)) || errors.As(err, new(domain.Moved)), err)
		return
	}
	w.opened[receipt.NonAssociation.ID] = true
}

// deliver works on a new message or one that was there before, perhaps until it
// is killed, perhaps with another writer in between.
func (w *interleaving) deliver(n int) {
	if len(w.messages) == 0 || rapid.Bool().Draw(w.T, "new message") {
		two := rapid.Permutation(people).Draw(w.T, "merge")
		w.messages = append(w.messages, delivery{message(), merge.Message{
			Renumbering: domain.Renumbering{Previous: two[0], Number: two[1], Reason: domain.ByMerge},
		}})
	}
	d := rapid.SampledFrom(w.messages).Draw(w.T, "message")
	h := newService(w.disturbed(n))
	_, err := h.Apply(w.Context(), d.cause, d.message, pairs{w.log})
	if !errors.Is(err, errKilled) && !errors.Is(err, merge.ErrCircle) {
		require.NoError(w, err)
	}
}

// undoEffect undoes a message, perhaps one that has done nothing yet.
func (w *interleaving) takeBack(n int) {
	if len(w.messages) == 0 {
		return
	}
	d := rapid.SampledFrom(w.messages).Draw(w.T, "message taken back")
	_, err := newService(w.disturbed(n)).Undo(w.Context(), d.cause, wrong, false)
	if !errors.Is(err, errKilled) && !errors.Is(err, merge.ErrNothingMerged) {
		require.NoError(w, err)
	}
}

// disturbed is the log of a process that may be killed, and between whose
// calls another writer may come.
func (w *interleaving) disturbed(n int) eventstore.Store {
	killedAt := rapid.IntRange(0, 6).Draw(w.T, "killed at")
	afterwards := rapid.Bool().Draw(w.T, "after the append")
	getsIn := rapid.IntRange(0, 4).Draw(w.T, "another writer comes at")
	kill := func(when bool) func(int) error {
		return func(at int) error {
			if at == getsIn && !when {
				w.otherWriter(fmt.Sprint("between ", n))
			}
			if at == killedAt && when == afterwards {
				return errKilled
			}
			return nil
		}
	}
	reads := rapid.IntRange(0, 24).Draw(w.T, "another writer comes after read")
	return &interrupted{Store: w.log, before: kill(false), after: kill(true), loaded: func(n int) {
		if n == reads {
			w.otherWriter(fmt.Sprint("after read ", n))
		}
	}}
}

// calm delivers every message until none has anything left to do.
func (w *interleaving) calm() {
	for _, d := range w.messages {
		_, err := newService(w.log).Apply(w.Context(), d.cause, d.message, pairs{w.log})
		if !errors.Is(err, merge.ErrCircle) {
			require.NoError(w, err)
		}
	}
}

// checkEveryDecision walks the whole log: at the end of each decision a pair
// has at most one not closed, and nothing is ever nowhere.
func (w *interleaving) checkEveryDecision() {
	events, err := w.log.ReadAll(w.Context(), eventstore.Forwards, eventstore.Start, 100_000)
	require.NoError(w, err)
	states, held, leaving := map[string]domain.State{}, map[uuid.UUID]int{}, map[string]departing{}
	for _, e := range events {
		if _, err := domain.ParsePrisonerStream(e.Stream); err == nil {
			continue
		}
		pair, err := domain.ParseStream(e.Stream)
		require.NoError(w, err)
		fact, err := eventstore.Decode(domain.Events(), e)
		require.NoError(w, err)
		state, known := states[e.Stream]
		if !known {
			state = domain.State{Pair: pair}
		}
		leaving[e.Stream] = w.checkLeave(leaving[e.Stream], states, e.Revision, fact)
		before := len(state.Items)
		state = domain.Evolve(state, fact)
		states[e.Stream] = state
		held[fact.Event.About()] += len(state.Items) - before
		require.Positive(w, held[fact.Event.About()], "it is somewhere")
		if fact.Meta.Index == fact.Meta.Count-1 {
			require.LessOrEqual(w, notClosed(state), 1, e.Stream)
		}
	}
	for id := range w.opened {
		require.Positive(w, held[id])
	}
}

// departing is one append of leaves: the command, its count of facts by then,
// and where it began.
type departing struct {
	command uuid.UUID
	count   int
	began   uint64
}

// checkLeave: everything that happened before a record left had arrived where
// it went to.
func (w *interleaving) checkLeave(d departing, states map[string]domain.State, revision uint64, fact domain.Fact) departing {
	e, is := fact.Event.(domain.TransferredOut)
	if !is {
		return departing{}
	}
	if d.command != fact.Meta.CommandID || d.count != fact.Meta.Count {
		d = departing{fact.Meta.CommandID, fact.Meta.Count, revision}
	}
	require.Equal(w, d.began-1, e.Revision, "it leaves at exactly the revision that was carried")
	there := states[e.To.Stream()]
	arrived := there.Items[there.Find(e.NonAssociationID)]
	require.Equal(w, e.From, arrived.TransferredFrom.Pair)
	for _, missed := range w.facts(e.From)[arrived.TransferredFrom.Revision+1 : d.began] {
		require.NotEqual(w, e.NonAssociationID, missed.Event.About(), "its last fact was carried")
	}
	return d
}

func notClosed(s domain.State) int {
	count := 0
	for _, n := range s.Items {
		if !n.Deleted && !n.IsClosed(domain.Today(noon)) {
			count++
		}
	}
	return count
}

func TestProperty_mergesLoseNothingAndLeaveAtMostOneNotClosed(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := &interleaving{T: t, log: memory.New(), opened: map[uuid.UUID]bool{}}
		for n := range rapid.IntRange(1, 12).Draw(t, "steps") {
			switch rapid.IntRange(0, 5).Draw(t, "act") {
			case 0, 1:
				w.deliver(n)
			case 2:
				w.takeBack(n)
			default:
				w.otherWriter(fmt.Sprint("act ", n))
			}
		}
		w.checkEveryDecision()
		w.calm()
		w.checkEveryDecision()
	})
}

// One merge, cut off and delivered as often as may be: in the end the removed
// number has nothing but what is deleted, and everything is in one place.
func TestProperty_aMergeCompletesHoweverOftenItIsCutOff(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := &interleaving{T: t, log: memory.New(), opened: map[uuid.UUID]bool{}}
		for n := range rapid.IntRange(1, 8).Draw(t, "before") {
			w.otherWriter(fmt.Sprint("before ", n))
		}
		w.messages = []delivery{{message(), merging}}
		cuts := rapid.IntRange(0, 3).Draw(t, "cuts")
		for range cuts {
			at := rapid.IntRange(1, 5).Draw(t, "at")
			h := newService(&interrupted{Store: w.log, after: func(n int) error {
				if n == at {
					return errKilled
				}
				return nil
			}})
			_, _ = h.Apply(t.Context(), w.messages[0].cause, merging, pairs{w.log}) // killed or not
		}
		w.calm()
		w.checkEveryDecision()
		for _, other := range people[1:] {
			pair, err := domain.NewPair(removed, other)
			require.NoError(t, err)
			for _, n := range w.state(pair).Items {
				require.True(t, n.Deleted)
			}
		}
		events, err := w.log.ReadAll(t.Context(), eventstore.Forwards, eventstore.Start, 100_000)
		require.NoError(t, err)
		w.calm()
		again, err := w.log.ReadAll(t.Context(), eventstore.Forwards, eventstore.Start, 100_000)
		require.NoError(t, err)
		require.Len(t, again, len(events), "and once more is nothing")
	})
}
