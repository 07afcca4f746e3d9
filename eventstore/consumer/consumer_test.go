package consumer_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"nonassociations/eventstore"
	"nonassociations/eventstore/consumer"
)

func TestEvents_comeInOrderAndInBoundedBatches(t *testing.T) {
	b, k := newFixture(t), &tableHandler{}
	var want []string
	for i := range 50 {
		want = append(want, fmt.Sprint("e", i))
	}
	b.happens("ours-", want[:30]...)
	b.follow(k, func(o *consumer.Options) { o.Catchup, o.Live = 7, 3 })
	b.happens("ours-", want[30:]...)
	b.sees(want...)
	for _, batch := range k.batches {
		require.LessOrEqual(t, len(batch.Events), 7)
	}
}

func TestCaughtUp_isReportedOfAnEmptyLogToo(t *testing.T) {
	b, k := newFixture(t), &tableHandler{}
	f := b.follow(k)
	require.Eventually(t, k.hasCaughtUp, waitTime, poll)
	require.Eventually(t, func() bool { return f.Status().CaughtUp }, waitTime, poll)
}

func TestCaughtUp_isNotReportedOfAnOldHead(t *testing.T) {
	b, k := newFixture(t), &tableHandler{}
	b.happens("ours-", "one")
	var jumps atomic.Int64 // every look at the clock finds it later than a head may be old
	b.follow(k, func(o *consumer.Options) {
		o.Clock = func() time.Time { return time.Now().Add(time.Duration(jumps.Add(1)) * 2 * consumer.HeadAge) }
	})
	b.sees("one")
	require.False(t, k.hasCaughtUp())
}

func TestPlace_movesPastEventsOfOthers(t *testing.T) {
	b, k := newFixture(t), &tableHandler{}
	f := b.follow(k)
	last := b.happens("theirs-", "a", "b", "c")
	require.Eventually(t, func() bool { return f.Status().Position.Uint64() >= last.Uint64() }, waitTime, poll)
	b.happens("ours-", "one")
	b.sees("one")
}

// silent is a store that never says how far it has looked.
type silent struct{ eventstore.Store }

func (s silent) Subscribe(ctx context.Context, from eventstore.Position, prefixes []string, deliver func(eventstore.Message) error) error {
	return s.Store.Subscribe(ctx, from, prefixes, func(m eventstore.Message) error {
		if m.Kind == eventstore.Checkpoint {
			return nil
		}
		return deliver(m)
	})
}

func TestPlace_movesAlsoWhenNoCheckpointEverComes(t *testing.T) {
	b, k := newFixture(t), &tableHandler{}
	f := b.follow(k, func(o *consumer.Options) { o.Store = silent{b.log} })
	b.happens("ours-", "one")
	last := b.happens("theirs-", "a", "b", "c")
	require.Eventually(t, func() bool { return f.Status().Position.Uint64() >= last.Uint64() }, waitTime, poll)
	b.sees("one")
}

// breakingStore is a store whose subscriptions end after a few messages.
type breakingStore struct{ eventstore.Store }

func (s breakingStore) Subscribe(ctx context.Context, from eventstore.Position, prefixes []string, deliver func(eventstore.Message) error) error {
	left := 4
	return s.Store.Subscribe(ctx, from, prefixes, func(m eventstore.Message) error {
		if left--; left < 0 {
			return eventstore.ErrUnavailable
		}
		return deliver(m)
	})
}

func TestBrokenSubscription_goesOnWithoutGapOrDuplicate(t *testing.T) {
	b, k := newFixture(t), &tableHandler{}
	var want []string
	for i := range 20 {
		want = append(want, fmt.Sprint("e", i))
	}
	b.happens("ours-", want...)
	b.follow(k, func(o *consumer.Options) { o.Store = breakingStore{b.log} })
	b.sees(want...)
}

// silentAtFirst is a store whose first subscription says nothing at all.
type silentAtFirst struct {
	eventstore.Store
	subscribed atomic.Int64
}

func (s *silentAtFirst) Subscribe(ctx context.Context, from eventstore.Position, prefixes []string, deliver func(eventstore.Message) error) error {
	if s.subscribed.Add(1) == 1 {
		<-ctx.Done()
		return ctx.Err()
	}
	return s.Store.Subscribe(ctx, from, prefixes, deliver)
}

func TestSubscription_thatFellSilentIsReplaced(t *testing.T) {
	b, k := newFixture(t), &tableHandler{}
	b.happens("ours-", "one")
	begun := time.Now()
	b.follow(k, func(o *consumer.Options) {
		o.Store = &silentAtFirst{Store: b.log}
		o.Clock = func() time.Time { return begun.Add(20 * time.Since(begun)) } // time flies
	})
	b.sees("one")
}

func TestPoisonEvent_stopsTheConsumer(t *testing.T) {
	b, k := newFixture(t), &tableHandler{}
	b.happens("ours-", "one", "two")
	at := b.happens("ours-", "poison")
	b.happens("ours-", "three")
	f := b.follow(k)
	var poison *consumer.Poison
	require.Eventually(t, func() bool { return errors.As(f.Status().Failure, &poison) }, waitTime, poll)
	require.Equal(t, at, poison.Position)
	require.Equal(t, "poison", poison.Type)
	b.sees("one", "two")
	require.False(t, k.hasCaughtUp())
}

func TestEvent_thatPostgresRefusesIsFoundAmongItsNeighbours(t *testing.T) {
	b, k := newFixture(t), &tableHandler{}
	b.happens("ours-", "one", "two")
	at := b.happens("ours-", "refused")
	b.happens("ours-", "three")
	f := b.follow(k)
	require.Eventually(t, func() bool {
		var poison *consumer.Poison
		return errors.As(f.Status().Failure, &poison) && poison.Position == at
	}, waitTime, poll)
	var refused *pgconn.PgError
	require.ErrorAs(t, f.Status().Failure, &refused)
	b.sees("one", "two")
}

// raceCodes are the refusals of Postgres that look at the rows of others.
var raceCodes = []string{"23505", "23503", "23P01"}

// A neighbour writes the same rows, once for each event, and is gone.
func TestRace_ofANeighbourIsNoPoison(t *testing.T) {
	for _, code := range raceCodes {
		t.Run(code, func(t *testing.T) {
			b, k := newFixture(t), &tableHandler{}
			raced := map[eventstore.Position]bool{}
			k.fail = func(batch consumer.Batch[string]) error {
				if len(batch.Events) == 0 || raced[batch.Through] {
					return nil
				}
				raced[batch.Through] = true
				return fmt.Errorf("write the rows: %w", &pgconn.PgError{Code: code})
			}
			want := []string{"one", "two", "three", "four"}
			b.happens("ours-", want...)
			lines := &logLines{}
			b.follow(k, func(o *consumer.Options) { o.Logger = slog.New(slog.NewTextHandler(lines, nil)) })
			b.sees(want...)
			require.Contains(t, lines.text(), code, "the race is logged")
			require.NotContains(t, lines.text(), "cannot be worked on")
		})
	}
}

func TestRefusal_thatStaysIsPoison(t *testing.T) {
	for _, code := range append([]string{"22001"}, raceCodes...) {
		t.Run(code, func(t *testing.T) {
			b, k := newFixture(t), &tableHandler{}
			k.fail = func(batch consumer.Batch[string]) error {
				if slices.Contains(batch.Events, "three") {
					return fmt.Errorf("write the rows: %w", &pgconn.PgError{Code: code})
				}
				return nil
			}
			b.happens("ours-", "one", "two")
			at := b.happens("ours-", "three")
			b.happens("ours-", "four")
			f := b.follow(k)
			require.Eventually(t, func() bool {
				var poison *consumer.Poison
				return errors.As(f.Status().Failure, &poison) && poison.Position == at
			}, waitTime, poll)
			b.sees("one", "two")
		})
	}
}

// logLines keeps what a logger writes.
type logLines struct {
	mu    sync.Mutex
	lines strings.Builder
}

func (s *logLines) Write(line []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lines.Write(line)
}

func (s *logLines) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lines.String()
}

func TestFault_thatPassesIsTriedAgain(t *testing.T) {
	b, k := newFixture(t), &tableHandler{}
	faults := 3
	k.fail = func(consumer.Batch[string]) error {
		if faults--; faults >= 0 {
			return errors.New("the network is away")
		}
		return nil
	}
	b.happens("ours-", "one", "two")
	f := b.follow(k)
	b.sees("one", "two")
	require.Eventually(t, func() bool { return f.Status().Failure == nil }, waitTime, poll)
}

func TestRefusal_endsTheConsumer(t *testing.T) {
	b := newFixture(t)
	f := consumer.New(consumer.Options{
		Name: "test", DSN: b.dsn, Store: b.log, Prefixes: []string{"ours-"}, Clock: time.Now, Logger: discard,
	}, refusingHandler{&tableHandler{}})
	require.ErrorIs(t, f.Run(t.Context()), consumer.ErrRefused)
}
