package commands_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/commands"
	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/eventstore"
	"nonassociations/eventstore/memory"
)

func TestSync_appendsWhatWasDecided(t *testing.T) {
	log, pair, cause := memory.New(), domaintest.PairOf(low, high), domaintest.NewCause(domain.NOMIS)
	answer, err := newHandler(log).Sync(t.Context(), cause, told(pair, "apart"))
	require.NoError(t, err)
	require.Equal(t, domain.Created, answer.Outcomes[0][0].Kind)

	stored := facts(t, log, pair)
	require.Len(t, stored, 1)
	require.Equal(t, cause, stored[0].Meta.Cause)
	require.Equal(t, domain.EventID(cause.CommandID, pair.Stream(), 0), stored[0].ID)
	require.Equal(t, noon, stored[0].Meta.DecidedAt)
	head, err := newHandler(log).Head(t.Context())
	require.NoError(t, err)
	require.Equal(t, head, answer.Position)
}

func TestSync_againAddsNothingAndAnswersAtTheHead(t *testing.T) {
	log, pair := memory.New(), domaintest.PairOf(low, high)
	h := newHandler(log)
	first, err := h.Sync(t.Context(), domaintest.NewCause(domain.NOMIS), told(pair, "apart"))
	require.NoError(t, err)
	again, err := h.Sync(t.Context(), domaintest.NewCause(domain.NOMIS), told(pair, "apart"))
	require.NoError(t, err)
	require.Equal(t, domain.Unchanged, again.Outcomes[0][0].Kind)
	require.Equal(t, first.Outcomes[0][0].NonAssociationID, again.Outcomes[0][0].NonAssociationID)
	require.Equal(t, first.Position, again.Position)
	require.Len(t, facts(t, log, pair), 1)
}

func TestSync_anEmptyRequestAnswersAtTheHead(t *testing.T) {
	log := memory.New()
	h := newHandler(log)
	empty, err := h.Sync(t.Context(), domaintest.NewCause(domain.NOMIS), nil)
	require.NoError(t, err)
	require.Equal(t, eventstore.Start, empty.Position)
	first, err := h.Sync(t.Context(), domaintest.NewCause(domain.NOMIS), told(domaintest.PairOf(low, high), "apart"))
	require.NoError(t, err)
	empty, err = h.Sync(t.Context(), domaintest.NewCause(domain.NOMIS), nil)
	require.NoError(t, err)
	require.Equal(t, first.Position, empty.Position)
}

func TestSync_manyPairsAnswerInTheirOrder(t *testing.T) {
	log := memory.New()
	var tells []commands.PairSync
	for n := range 300 {
		other := domain.PrisonerNumber(fmt.Sprintf("B%04dAA", 299-n))
		tells = append(tells, told(domaintest.PairOf(low, other), string(other))...)
	}
	answer, err := newHandler(log).Sync(t.Context(), domaintest.NewCause(domain.Migration), tells)
	require.NoError(t, err)
	for i, tell := range tells {
		stored := facts(t, log, tell.Pair)
		require.Len(t, stored, 1)
		require.Equal(t, stored[0].Event.About(), answer.Outcomes[i][0].NonAssociationID)
	}
}

func TestSync_twoCommandsOnOnePairInOneRequestAreAMistake(t *testing.T) {
	tells := told(domaintest.PairOf(low, high), "apart")
	_, err := newHandler(memory.New()).Sync(t.Context(), domaintest.NewCause(domain.NOMIS), append(tells, tells...))
	require.ErrorContains(t, err, "two commands on nonAssociation-A0135GA_A9109UD")
}

// Fifty requests at once for one pair, named in both orders, through several
// processes that share nothing but the log.
func TestSync_racesEndWithOneNonAssociation(t *testing.T) {
	log, pair := memory.New(), domaintest.PairOf(low, high)
	var wait sync.WaitGroup
	ids := make([]uuid.UUID, 50)
	for n := range ids {
		h := newHandler(log)
		wait.Go(func() {
			tell := told(pair, "apart")
			tell[0].Sync.About = []domain.PrisonerNumber{low, high}[n%2]
			answer, err := h.Sync(context.Background(), domaintest.NewCause(domain.NOMIS), tell)
			if err == nil {
				ids[n] = answer.Outcomes[0][0].NonAssociationID
			}
		})
	}
	wait.Wait()
	require.Len(t, facts(t, log, pair), 1)
	for _, id := range ids {
		require.Equal(t, facts(t, log, pair)[0].Event.About(), id)
	}
}

func TestConflict_loadsAndDecidesAgain(t *testing.T) {
	log, pair := newFaulty(), domaintest.PairOf(low, high)
	log.before = func(attempt int) error {
		if attempt == 1 { // another writer was quicker
			_, err := newHandler(log.Store).Sync(t.Context(), domaintest.NewCause(domain.NOMIS), told(pair, "theirs"))
			require.NoError(t, err)
		}
		return nil
	}
	answer, err := newHandler(log).Sync(t.Context(), domaintest.NewCause(domain.NOMIS), told(pair, "ours"))
	require.NoError(t, err)
	require.Equal(t, domain.Changed, answer.Outcomes[0][0].Kind)
	require.Len(t, facts(t, log, pair), 2)
}

func TestUnknown_outcomeSendsTheSameAppendAgain(t *testing.T) {
	for name, lose := range map[string]func(*faulty, func(int) error){
		"never arrived":        func(f *faulty, lost func(int) error) { f.before = lost },
		"written, answer lost": func(f *faulty, lost func(int) error) { f.after = lost },
	} {
		t.Run(name, func(t *testing.T) {
			log, pair := newFaulty(), domaintest.PairOf(low, high)
			lose(log, func(attempt int) error {
				if attempt <= 3 {
					return fmt.Errorf("cut: %w", eventstore.ErrUnavailable)
				}
				return nil
			})
			answer, err := newHandler(log).Sync(t.Context(), domaintest.NewCause(domain.NOMIS), told(pair, "apart"))
			require.NoError(t, err)
			require.Equal(t, domain.Created, answer.Outcomes[0][0].Kind)
			require.Len(t, facts(t, log, pair), 1)
			require.Len(t, log.sent, 4)
			require.Equal(t, log.sent[0], log.sent[3], "same ids, same revision")
		})
	}
}

// The append was written, its answer lost, the retry meets a conflict: what
// the command itself left in the stream is the answer.
func TestUnknown_outcomeThenConflictFindsItsOwnCommand(t *testing.T) {
	log, pair := newFaulty(), domaintest.PairOf(low, high)
	log.after = func(attempt int) error {
		if attempt == 1 {
			return eventstore.ErrUnavailable
		}
		return nil
	}
	log.before = func(attempt int) error {
		if attempt == 2 {
			return eventstore.ErrConflict
		}
		return nil
	}
	answer, err := newHandler(log).Sync(t.Context(), domaintest.NewCause(domain.NOMIS), told(pair, "apart"))
	require.NoError(t, err)
	require.Equal(t, domain.Created, answer.Outcomes[0][0].Kind)
	require.Len(t, facts(t, log, pair), 1)
	require.Len(t, log.sent, 2)
}

func TestTime_overIsBusyAndRepeatingIsSafe(t *testing.T) {
	log, pair := newFaulty(), domaintest.PairOf(low, high)
	log.after = func(int) error { return eventstore.ErrUnavailable }
	h := commands.New(log, commands.Options{Clock: clock, Timeout: 30 * time.Millisecond})
	_, err := h.Sync(t.Context(), domaintest.NewCause(domain.NOMIS), told(pair, "apart"))
	require.ErrorIs(t, err, commands.ErrBusy)

	log.after = func(int) error { return nil }
	answer, err := newHandler(log).Sync(t.Context(), domaintest.NewCause(domain.NOMIS), told(pair, "apart"))
	require.NoError(t, err)
	require.Equal(t, domain.Unchanged, answer.Outcomes[0][0].Kind)
}

func TestPermanentFaults_areReturnedAtOnce(t *testing.T) {
	for _, fault := range []error{eventstore.ErrDenied, eventstore.ErrStreamDeleted, eventstore.ErrTooLarge} {
		log := newFaulty()
		log.before = func(int) error { return fault }
		_, err := newHandler(log).Sync(t.Context(), domaintest.NewCause(domain.NOMIS), told(domaintest.PairOf(low, high), "apart"))
		require.ErrorIs(t, err, fault)
		require.ErrorContains(t, err, "append nonAssociation-A0135GA_A9109UD")
		require.Len(t, log.sent, 1)
	}
}

func TestEvent_thatCannotBeReadStopsThePair(t *testing.T) {
	log, pair := memory.New(), domaintest.PairOf(low, high)
	_, err := log.Append(t.Context(), eventstore.Append{Stream: pair.Stream(), Expected: eventstore.NoStream, Events: []eventstore.Event{
		{ID: uuid.New(), Type: "nonassociation.unheard-of.v1", Data: []byte(`{}`), Metadata: []byte(`{}`)},
	}})
	require.NoError(t, err)
	_, err = newHandler(log).Sync(t.Context(), domaintest.NewCause(domain.NOMIS), told(pair, "apart"))
	require.ErrorIs(t, err, domain.ErrUnknownType("nonassociation.unheard-of.v1"))
}

func TestExecute_aCallerWhoLeavesIsNotBusy(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	log := newFaulty()
	log.before = func(int) error { cancel(); return eventstore.ErrUnavailable }
	_, err := newHandler(log).Sync(ctx, domaintest.NewCause(domain.NOMIS), told(domaintest.PairOf(low, high), "apart"))
	require.ErrorIs(t, err, context.Canceled)
	require.NotErrorIs(t, err, commands.ErrBusy)
}

func TestExecuteByID_findsThePairAndSaysWhomItWasAbout(t *testing.T) {
	log, pair := memory.New(), domaintest.PairOf(low, high)
	first, err := newHandler(log).Sync(t.Context(), domaintest.NewCause(domain.NOMIS), told(pair, "apart"))
	require.NoError(t, err)
	id := first.Outcomes[0][0].NonAssociationID
	r := &router{known: map[uuid.UUID]domain.Pair{}, arrives: nil}
	r.arrives = func() { r.known[id] = pair }
	h := commands.New(log, commands.Options{Clock: clock, Locator: r})

	cause := domaintest.NewCause(domain.NOMIS)
	cause.About = ""
	receipt, err := h.ExecuteByID(t.Context(), cause, id, domain.Delete{ID: id})
	require.NoError(t, err)
	require.Equal(t, id, receipt.NonAssociation.ID)
	require.True(t, receipt.NonAssociation.Deleted)
	require.EqualValues(t, 1, receipt.Revision)
	require.Equal(t, pair, receipt.Pair)
	require.Equal(t, []uint64{first.Position.Uint64()}, r.waited, "it waited for the head")
	stored := facts(t, log, pair)
	require.Len(t, stored, 2)
	require.Equal(t, high, stored[1].Meta.About)

	_, err = h.ExecuteByID(t.Context(), domaintest.NewCause(domain.NOMIS), id, domain.Delete{ID: id})
	require.NoError(t, err)
	require.Len(t, facts(t, log, pair), 2, "deleted twice is one fact")
}

func TestExecuteByID_neverSeenIsNotFoundOnlyWhenTheHeadWasReached(t *testing.T) {
	r := &router{}
	h := commands.New(memory.New(), commands.Options{Clock: clock, Locator: r})
	_, err := h.ExecuteByID(t.Context(), domaintest.NewCause(domain.NOMIS), uuid.New(), domain.Delete{})
	var refusal domain.Refusal
	require.ErrorAs(t, err, &refusal)
	require.Equal(t, domain.CodeNotFound, refusal.Code)

	r.err = errors.New("connection refused")
	_, err = h.ExecuteByID(t.Context(), domaintest.NewCause(domain.NOMIS), uuid.New(), domain.Delete{})
	require.ErrorIs(t, err, commands.ErrBusy)

	r.err, r.waitErr = nil, errors.New("behind")
	_, err = h.ExecuteByID(t.Context(), domaintest.NewCause(domain.NOMIS), uuid.New(), domain.Delete{})
	require.ErrorIs(t, err, commands.ErrBusy)
}
