package commands_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/eventstore"
	"nonassociations/eventstore/memory"
)

// TestMapping_racesEndWithOneRecordOfASequence lets processes map two records of a pair
// to one sequence: what is judged is the stream, whatever a read model shows.
func TestMapping_racesEndWithOneRecordOfASequence(t *testing.T) {
	log, pair := memory.New(), domaintest.PairOf(low, high)
	closed, open := domaintest.SyncOf(pair, "one"), domaintest.SyncOf(pair, "two")
	expiry := domain.LocalDateTime("2020-02-01T00:00:00")
	closed.Items[0].EffectiveDate, closed.Items[0].ExpiryDate = "2020-01-01T00:00:00", &expiry
	closed.Items = append(closed.Items, open.Items...)
	told := told(pair, "")
	told[0].Sync = closed
	answer, err := newHandler(log).Sync(t.Context(), domaintest.NewCause(domain.NOMIS), told)
	require.NoError(t, err)
	require.Len(t, facts(t, log, pair), 2)

	var wait sync.WaitGroup
	var mapped, taken atomic.Int32
	for n := range 30 {
		id := answer.Outcomes[0][n%2].NonAssociationID
		h := newHandler(log)
		wait.Go(func() {
			_, err := h.Execute(context.Background(), domaintest.NewCause(domain.NOMIS), pair, domain.LearnSequence{ID: id, Pair: pair, TypeSequence: 1})
			var refusal domain.Refusal
			switch {
			case err == nil:
				mapped.Add(1)
			case errors.As(err, &refusal) && refusal.Code == domain.CodeMapped:
				taken.Add(1)
			}
		})
	}
	wait.Wait()
	require.EqualValues(t, 15, mapped.Load(), "the same again is no conflict")
	require.EqualValues(t, 15, taken.Load())
	require.Len(t, facts(t, log, pair), 3)
}

func TestMapping_ofALostAnswerIsAnsweredByTheRepeat(t *testing.T) {
	log, pair := newFaulty(), domaintest.PairOf(low, high)
	answer, err := newHandler(log.Store).Sync(t.Context(), domaintest.NewCause(domain.NOMIS), told(pair, "apart"))
	require.NoError(t, err)
	log.after = func(attempt int) error {
		if attempt == 1 {
			return eventstore.ErrUnavailable
		}
		return nil
	}
	id := answer.Outcomes[0][0].NonAssociationID
	_, err = newHandler(log).Execute(t.Context(), domaintest.NewCause(domain.NOMIS), pair, domain.LearnSequence{ID: id, Pair: pair, TypeSequence: 1})
	require.NoError(t, err)
	require.Len(t, facts(t, log, pair), 2)
}
