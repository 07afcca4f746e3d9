package consumer_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"nonassociations/eventstore"
	"nonassociations/eventstore/consumer"
	"nonassociations/eventstore/consumer/status"
	"nonassociations/eventstore/memory"
	"nonassociations/internal/dev/testdb"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// How long a fact may take to come true on a busy machine, and how often to look.
const (
	waitTime = 20 * time.Second
	poll     = 5 * time.Millisecond
)

// quick are the intervals of the tests: what a consumer does after seconds, it does
// here after a part of one.
var quick = consumer.Intervals{
	Retry: 20 * time.Millisecond, RetryMost: 200 * time.Millisecond,
	Poison: 200 * time.Millisecond, PoisonMost: time.Second,
	Lease: 200 * time.Millisecond, Head: 200 * time.Millisecond,
	Status: status.Intervals{Write: 100 * time.Millisecond, LongStep: 400 * time.Millisecond},
}

// tableHandler is a handler that keeps what it is given in one table.
type tableHandler struct {
	mu       sync.Mutex
	batches  []consumer.Batch[string]
	caughtUp int
	fail     func(consumer.Batch[string]) error
}

func (k *tableHandler) Check(context.Context, *pgx.Conn) error { return nil }
func (k *tableHandler) CheckLease(ctx context.Context, conn *pgx.Conn) error {
	return conn.Ping(ctx)
}

func (k *tableHandler) LoadCheckpoint(ctx context.Context, conn *pgx.Conn) (eventstore.Position, error) {
	_, err := conn.Exec(ctx, `CREATE TABLE IF NOT EXISTS seen (at bigint, prepare bigint, what text CHECK (what <> 'refused'))`)
	if err != nil {
		return eventstore.Position{}, err
	}
	var p eventstore.Position
	err = conn.QueryRow(ctx, `SELECT at, prepare FROM seen ORDER BY at DESC, prepare DESC LIMIT 1`).Scan(&p.Commit, &p.Prepare)
	if errors.Is(err, pgx.ErrNoRows) {
		return eventstore.Start, nil
	}
	return p, err
}

func (k *tableHandler) Decode(event eventstore.RecordedEvent) (string, error) {
	if event.Type == "poison" {
		return "", errors.New("unknown type")
	}
	return event.Type, nil
}

func (k *tableHandler) Apply(ctx context.Context, conn *pgx.Conn, batch consumer.Batch[string]) error {
	k.mu.Lock()
	k.batches = append(k.batches, batch)
	fail := k.fail
	k.mu.Unlock()
	if fail != nil {
		if err := fail(batch); err != nil {
			return err
		}
	}
	_, err := conn.Exec(ctx, `INSERT INTO seen SELECT $1::bigint, $2::bigint, what FROM unnest($3::text[] || NULL) what`,
		batch.Through.Commit, batch.Through.Prepare, batch.Events)
	return err
}

func (k *tableHandler) CaughtUp(context.Context, *pgx.Conn) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.caughtUp++
	return nil
}

func (k *tableHandler) hasCaughtUp() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.caughtUp > 0
}

// fixture is a log, a database and the consumers of a test.
type fixture struct {
	t    *testing.T
	log  *memory.Store
	dsn  string
	conn *pgx.Conn
}

func newFixture(t *testing.T) *fixture {
	t.Parallel() // a log and a database of its own; most of a test is waiting
	b := &fixture{t: t, log: memory.New(), dsn: testdb.New(t)}
	conn, err := pgx.Connect(context.Background(), b.dsn)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close(context.Background())) })
	b.conn = conn
	return b
}

// happens appends an event of a type to a stream of its own.
func (b *fixture) happens(prefix string, types ...string) eventstore.Position {
	var last eventstore.Position
	for _, eventType := range types {
		appended, err := b.log.Append(context.Background(), eventstore.Append{
			Stream: prefix + uuid.NewString(), Expected: eventstore.NoStream,
			Events: []eventstore.Event{{ID: uuid.New(), Type: eventType, Data: []byte("{}"), Metadata: []byte("{}")}},
		})
		require.NoError(b.t, err)
		last = appended.Position
	}
	return last
}

func (b *fixture) follow(k *tableHandler, change ...func(*consumer.Options)) *consumer.Consumer[string] {
	return b.followHandler(k, change...)
}

func (b *fixture) followHandler(k consumer.Handler[string], change ...func(*consumer.Options)) *consumer.Consumer[string] {
	options := consumer.Options{
		Name: "test", DSN: b.dsn, Store: b.log, Prefixes: []string{"ours-"}, Clock: time.Now, Logger: discard, Intervals: quick,
	}
	for _, c := range change {
		c(&options)
	}
	f := consumer.New(options, k)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- f.Run(ctx) }()
	b.t.Cleanup(func() {
		stop()
		require.NoError(b.t, <-done)
	})
	return f
}

// seen is what the handlers of all sessions have kept, in order.
func (b *fixture) seen() []string {
	rows, err := b.conn.Query(context.Background(), `SELECT what FROM seen WHERE what IS NOT NULL ORDER BY at, prepare, ctid`)
	if err != nil {
		return nil
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil
	}
	return found
}

func (b *fixture) sees(want ...string) {
	b.t.Helper()
	require.Eventually(b.t, func() bool { return len(b.seen()) >= len(want) }, waitTime, poll)
	require.Equal(b.t, want, b.seen())
}
