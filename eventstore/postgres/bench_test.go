package postgres_test

import (
	"bytes"
	"context"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"nonassociations/eventstore"
)

const connections = 64

// parallel shares b.N calls among 64 goroutines and reports the rate.
func parallel(b *testing.B, call func(ctx context.Context) error) {
	b.ResetTimer()
	work := make(chan struct{}, b.N)
	for range b.N {
		work <- struct{}{}
	}
	close(work)
	group, ctx := errgroup.WithContext(b.Context())
	for range connections {
		group.Go(func() error {
			for range work {
				if err := call(ctx); err != nil {
					return err
				}
			}
			return nil
		})
	}
	require.NoError(b, group.Wait())
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
}

func eventsOf(n int, data []byte) []eventstore.Event {
	made := make([]eventstore.Event, n)
	for i := range made {
		made[i] = eventstore.Event{ID: uuid.New(), Type: "test.happened.v1", Data: data, Metadata: []byte(`{}`)}
	}
	return made
}

var body = append(append([]byte(`"`), bytes.Repeat([]byte("x"), 600)...), '"')

func newStream(data []byte) eventstore.Append {
	return eventstore.Append{Stream: "nonAssociation-" + uuid.NewString(), Expected: eventstore.NoStream, Events: eventsOf(1, data)}
}

// The baseline: one row, one commit, 64 connections.
func BenchmarkRawInsert(b *testing.B) {
	config, err := pgxpool.ParseConfig(migrated(b))
	require.NoError(b, err)
	config.MaxConns = connections
	pool, err := pgxpool.NewWithConfig(b.Context(), config)
	require.NoError(b, err)
	b.Cleanup(pool.Close)
	_, err = pool.Exec(b.Context(), "CREATE TABLE raw (id uuid PRIMARY KEY, body bytea NOT NULL)")
	require.NoError(b, err)
	parallel(b, func(ctx context.Context) error {
		_, err := pool.Exec(ctx, "INSERT INTO raw VALUES ($1, $2)", uuid.New(), body)
		return err
	})
}

func BenchmarkAppend(b *testing.B) {
	store := open(b, migrated(b))
	parallel(b, func(ctx context.Context) error {
		_, err := store.Append(ctx, newStream(body))
		return err
	})
}

// What a command does: load the stream, then append to it.
func BenchmarkReadAndAppend(b *testing.B) {
	store := open(b, migrated(b))
	parallel(b, func(ctx context.Context) error {
		next := newStream(body)
		if err := store.ReadMany(ctx, []string{next.Stream})[0].Err; err != nil {
			return err
		}
		_, err := store.Append(ctx, next)
		return err
	})
}

// The whole log through a subscription; one call is one event.
func BenchmarkCatchUp(b *testing.B) {
	store := open(b, migrated(b))
	for left := b.N; left > 0; {
		appends := make([]eventstore.Append, min(left, 500))
		for i := range appends {
			appends[i] = newStream(body)
		}
		for _, outcome := range store.AppendMany(b.Context(), appends) {
			require.NoError(b, outcome.Err)
		}
		left -= len(appends)
	}
	b.ResetTimer()
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	_ = store.Subscribe(ctx, eventstore.Start, []string{"nonAssociation-"}, func(message eventstore.Message) error {
		if message.Kind == eventstore.CaughtUp {
			cancel()
		}
		return nil
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}
