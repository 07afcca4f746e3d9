package audit_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/audit"
	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/eventstore"
	"nonassociations/eventstore/memory"
)

// sequences are those that NOMIS held of a pair at a time.
func (b *testLog) sequences(pair domain.Pair, at time.Time) []int {
	b.t.Helper()
	held, err := audit.New(b.store, audit.Options{}).HeldByNOMIS(b.t.Context(), []domain.Pair{pair}, at)
	require.NoError(b.t, err)
	all := []int{}
	for _, h := range held[0] {
		all = append(all, h.TypeSequence)
	}
	return all
}

// delivers records that NOMIS holds a record as it is.
func (b *testLog) delivers(pair domain.Pair, id uuid.UUID, sequence int) {
	b.t.Helper()
	n, _ := b.state(pair).Item(id)
	detail, _ := n.Detail()
	b.does(pair, domain.NOMIS, "NON_ASSOCIATIONS_API", domain.Deliver{ID: id, Detail: detail, TypeSequence: sequence})
}

// What NOMIS held is told from the facts: not before it was delivered, and until its
// sequence was released or taken, also of a record that was deleted meanwhile.
func TestHeld_isWhatTheFactsSay(t *testing.T) {
	onEveryStore(t, func(t *testing.T, b *testLog) {
		pair := domaintest.Pair
		require.Empty(t, b.sequences(pair, time.Time{}))
		id := b.opens(pair)
		require.Empty(t, b.sequences(pair, time.Time{}))
		b.delivers(pair, id, 4)
		require.Equal(t, []int{4}, b.sequences(pair, time.Time{}))
		b.does(pair, domain.DPS, "DELETER", domain.Delete{ID: id})
		require.Equal(t, []int{4}, b.sequences(pair, time.Time{}))
		other := b.opens(pair)
		b.delivers(pair, other, 4)
		require.Equal(t, []int{4}, b.sequences(pair, time.Time{}), "the other one has it now, and the deleted one is gone")
		b.does(pair, domain.NOMIS, "NON_ASSOCIATIONS_API", domain.ReleaseSequence{ID: other})
		require.Empty(t, b.sequences(pair, time.Time{}))
	})
}

// datedLog is a log whose facts were recorded an hour apart.
type datedLog struct {
	eventstore.Store

	at []time.Time // of each revision
}

func (l datedLog) ReadMany(ctx context.Context, names []string) []eventstore.Stream {
	all := l.Store.ReadMany(ctx, names)
	for _, stream := range all {
		for i := range stream.Events {
			stream.Events[i].RecordedAt = l.at[i]
		}
	}
	return all
}

func TestHeld_asOfATimeEndsBeforeTheFirstLaterFact(t *testing.T) {
	log := memory.New()
	b, pair := newTestLog(t, log), domaintest.Pair
	id := b.opens(pair)
	b.does(pair, domain.NOMIS, "API", domain.LearnSequence{ID: id, TypeSequence: 4})
	b.does(pair, domain.NOMIS, "API", domain.LearnSequence{ID: id, TypeSequence: 5})
	hour := func(n int) time.Time { return summer.Add(time.Duration(n) * time.Hour) }
	b.store = datedLog{log, []time.Time{hour(0), hour(2), hour(1)}} // the clock stepped back
	require.Empty(t, b.sequences(pair, hour(-1)))
	require.Empty(t, b.sequences(pair, hour(1)), "the fact between is not known yet")
	require.Equal(t, []int{5}, b.sequences(pair, hour(2)))
	require.Equal(t, []int{5}, b.sequences(pair, time.Time{}))
}

func TestPairs_ofALogAreAllItsPairsOnceAndSorted(t *testing.T) {
	onEveryStore(t, func(t *testing.T, b *testLog) {
		ab, ac, bc := domaintest.PairOf(alice, bob), domaintest.PairOf(alice, carol), domaintest.PairOf(bob, carol)
		for _, pair := range []domain.Pair{bc, ab, ac, ab} {
			b.does(pair, domain.NOMIS, "NOMIS", domaintest.SyncOf(pair, strconv.Itoa(b.asked)))
		}
		var pairs audit.Pairs
		require.NoError(t, audit.New(b.store, audit.Options{}).AddPairs(t.Context(), &pairs, nil))
		require.Equal(t, 3, pairs.Len())
		all := slices.Collect(pairs.All())
		require.ElementsMatch(t, []domain.Pair{ab, ac, bc}, all)
		require.True(t, slices.IsSortedFunc(all, func(x, y domain.Pair) int { return slices.Compare([]byte(x.String()), []byte(y.String())) }))
	})
}

// The pairs of a whole log have to fit in memory, however many facts there are.
func TestPairs_needLittleMemory(t *testing.T) {
	const count, most = 100_000, 40 // bytes of each
	before := held()
	pairs := &audit.Pairs{}
	for range 3 {
		for i := range count {
			number := domain.PrisonerNumber(fmt.Sprintf("B%04dA%c", i%10_000, 'A'+i/10_000))
			pairs.Add(domaintest.PairOf(alice, number))
		}
	}
	require.Equal(t, count, pairs.Len())
	require.Less(t, held()-before, int64(most*count))
}
