package commands // about what the package hides: who waits for whom

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/eventstore/memory"
)

// inLine is how many wait for or hold the turns of all pairs.
func (q *keyedMutex) inLine() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	all := 0
	for _, l := range q.waiters {
		all += l.inside
	}
	return all
}

func orders(n int) [][]int {
	if n == 0 {
		return [][]int{nil}
	}
	var all [][]int
	for _, shorter := range orders(n - 1) {
		for at := range n {
			order := append(append(append([]int{}, shorter[:at]...), n-1), shorter[at:]...)
			all = append(all, order)
		}
	}
	return all
}

// One request for each order of three pairs, all at once. Their turns are held
// until all requests wait, so that each request would get the first pair that it
// asks for: in the order of the requests they would wait for each other.
func TestRequests_thatNamePairsInAnyOrderDoNotWaitForEachOther(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	h := New(memory.New(), Options{Clock: func() time.Time { return time.Date(2026, 7, 15, 12, 0, 0, 0, time.UTC) }, Timeout: 5 * time.Second})
	tells := make([]PairSync, 3)
	for i, other := range []domain.PrisonerNumber{"B0001BB", "B0002BB", "B0003BB"} {
		pair, err := domain.NewPair("A0135GA", other)
		require.NoError(t, err)
		tells[i] = PairSync{Pair: pair, Sync: domain.Sync{About: other, Items: []domain.Item{{
			EffectiveDate: "2021-07-05T10:35:17", TypeCode: domain.TypeWing,
			ReasonCodes: map[domain.PrisonerNumber]domain.ReasonCode{other: domain.CodeVictim, "A0135GA": domain.CodePerpetrator},
		}}}}
		require.NoError(t, h.turns.enter(ctx, pair.Stream()))
	}
	answers := make(chan error, 6)
	for _, order := range orders(3) {
		request := []PairSync{tells[order[0]], tells[order[1]], tells[order[2]]}
		go func() {
			_, err := h.Sync(ctx, domain.Cause{CommandID: uuid.New(), Source: domain.NOMIS}, request)
			answers <- err
		}()
	}
	require.Eventually(t, func() bool { return h.turns.inLine() == 3+6 }, wellOver, brief)
	for _, tell := range tells {
		h.turns.leave(tell.Pair.Stream())
	}
	for range 6 {
		require.NoError(t, <-answers)
	}
	require.Zero(t, h.turns.inLine())
}
