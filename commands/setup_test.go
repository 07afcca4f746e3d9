package commands_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"nonassociations/commands"
	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/eventstore"
	"nonassociations/eventstore/memory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	low  = domaintest.Low
	high = domaintest.High
)

var noon = domaintest.Noon.UTC()

func clock() time.Time { return noon }

func newHandler(log eventstore.Store) *commands.Handler {
	return commands.New(log, commands.Options{Clock: clock, Timeout: 5 * time.Second})
}

// told is a request about one pair with one item of the given comment.
func told(pair domain.Pair, comment string) []commands.PairSync {
	return []commands.PairSync{{Pair: pair, Sync: domaintest.SyncOf(pair, comment)}}
}

// facts of a pair as the log holds them.
func facts(t testing.TB, log eventstore.Store, pair domain.Pair) []domain.Fact {
	t.Helper()
	var all []domain.Fact
	for _, stream := range log.ReadMany(t.Context(), []string{pair.Stream()}) {
		require.NoError(t, stream.Err)
		for _, recorded := range stream.Events {
			fact, err := eventstore.Decode(domain.Events(), recorded)
			require.NoError(t, err)
			all = append(all, fact)
		}
	}
	return all
}

// faulty is a store whose appends go wrong as the test says.
type faulty struct {
	eventstore.Store
	before func(attempt int) error // an error here: nothing was written
	after  func(attempt int) error // an error here: written, the answer was lost
	tries  int
	sent   [][]eventstore.Append
}

func newFaulty() *faulty {
	fine := func(int) error { return nil }
	return &faulty{Store: memory.New(), before: fine, after: fine}
}

func (f *faulty) AppendMany(ctx context.Context, appends []eventstore.Append) []eventstore.Outcome {
	f.tries++
	f.sent = append(f.sent, appends)
	if err := f.before(f.tries); err != nil {
		return all(appends, err)
	}
	outcomes := f.Store.AppendMany(ctx, appends)
	if err := f.after(f.tries); err != nil {
		return all(appends, err)
	}
	return outcomes
}

func all(appends []eventstore.Append, err error) []eventstore.Outcome {
	outcomes := make([]eventstore.Outcome, len(appends))
	for i := range outcomes {
		outcomes[i].Err = err
	}
	return outcomes
}

// router is a read model as a test wants it.
type router struct {
	known   map[uuid.UUID]domain.Pair
	waited  []uint64
	arrives func() // what reaches the read model while a request waits
	waitErr error
	err     error
}

func (r *router) PairOf(_ context.Context, id uuid.UUID, _ uint64) (domain.Pair, bool, error) {
	pair, known := r.known[id]
	return pair, known, r.err
}

func (r *router) WaitFor(_ context.Context, position uint64) error {
	r.waited = append(r.waited, position)
	if r.arrives != nil {
		r.arrives()
	}
	return r.waitErr
}
