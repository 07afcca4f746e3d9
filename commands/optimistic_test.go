package commands_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/commands"
	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/eventstore"
)

// loads counts the streams that were asked for.
type loads struct {
	eventstore.Store
	streams int
}

func (l *loads) ReadMany(ctx context.Context, streams []string) []eventstore.Stream {
	l.streams += len(streams)
	return l.Store.ReadMany(ctx, streams)
}

func TestSync_aPairWithoutEventsIsNotLoaded(t *testing.T) {
	log, pair := &loads{Store: newFaulty()}, domaintest.PairOf(low, high)
	h := newHandler(log)
	for i, want := range []domain.OutcomeKind{domain.Created, domain.Unchanged, domain.Unchanged} {
		answer, err := h.Sync(t.Context(), domaintest.NewCause(domain.NOMIS), told(pair, "apart"))
		require.NoError(t, err)
		require.Equal(t, want, answer.Outcomes[0][0].Kind)
		require.Equal(t, i, log.streams)
	}
}

// Another process has written some of the pairs that this one takes for new.
func TestSync_aWrongGuessIsALoad(t *testing.T) {
	log := newFaulty()
	var all []commands.PairSync
	for i := range 6 {
		pair := domaintest.PairOf(low, domain.PrisonerNumber(fmt.Sprintf("B000%dBB", i)))
		all = append(all, told(pair, "apart")...)
	}
	_, err := newHandler(log).Sync(t.Context(), domaintest.NewCause(domain.NOMIS), all[:3])
	require.NoError(t, err)
	other := "kept well apart"
	all[0].Sync.Items[0].Comment = &other

	h := newHandler(log)
	answer, err := h.Sync(t.Context(), domaintest.NewCause(domain.NOMIS), all)
	require.NoError(t, err)
	for i, want := range []struct {
		outcome domain.OutcomeKind
		facts   int
	}{{domain.Changed, 2}, {domain.Unchanged, 1}, {domain.Unchanged, 1}, {domain.Created, 1}, {domain.Created, 1}, {domain.Created, 1}} {
		require.Equal(t, want.outcome, answer.Outcomes[i][0].Kind)
		require.Len(t, facts(t, log, all[i].Pair), want.facts)
	}
	_, err = h.Sync(t.Context(), domaintest.NewCause(domain.NOMIS), all)
	require.NoError(t, err)
	require.Len(t, log.sent, 3, "the pairs, the guesses, and what the load led to; a second request guesses nothing")
}

func TestSync_aGuessWhoseAnswerWasLostIsRecognised(t *testing.T) {
	log, pair := newFaulty(), domaintest.PairOf(low, high)
	log.after = func(attempt int) error {
		if attempt > 1 {
			return nil
		}
		return fmt.Errorf("%w: cut off", eventstore.ErrUnavailable)
	}
	answer, err := newHandler(log).Sync(t.Context(), domaintest.NewCause(domain.NOMIS), told(pair, "apart"))
	require.NoError(t, err)
	require.Equal(t, domain.Created, answer.Outcomes[0][0].Kind)
	require.Len(t, facts(t, log, pair), 1)
}

// The log takes the guess, another process goes on from it, and only then does
// this one hear of a conflict.
func TestSync_aGuessThatOthersHaveBuiltOnIsRecognised(t *testing.T) {
	log, pair := newFaulty(), domaintest.PairOf(low, high)
	log.after = func(attempt int) error {
		if attempt > 1 {
			return nil
		}
		_, err := newHandler(log.Store).Sync(t.Context(), domaintest.NewCause(domain.NOMIS), told(pair, "well apart"))
		return errors.Join(err, eventstore.ErrConflict)
	}
	answer, err := newHandler(log).Sync(t.Context(), domaintest.NewCause(domain.NOMIS), told(pair, "apart"))
	require.NoError(t, err)
	require.Equal(t, domain.Created, answer.Outcomes[0][0].Kind)
	require.Len(t, facts(t, log, pair), 2)
}
