// Package postgres is the log in a table of Postgres: append-only by trigger and
// by rights, in one global order without gaps, which is the order of commit.
package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"nonassociations/eventstore"
	"nonassociations/internal/pg"
)

// Nothing waits for ever, also when the caller would.
const (
	connectTimeout = 3 * time.Second
	groupTimeout   = 8 * time.Second // one group of appends or reads, connecting included
	readTimeout    = 8 * time.Second // one read or page
	defaultPoll    = time.Second     // of subscriptions, should every hint get lost
)

// One lane each: a second one would only make groups smaller, which cost more
// for each call than they gain. Appends wait for one another at the lock anyway.
const (
	appendWorkers = 1
	readWorkers   = 1
	readConns     = 8
)

// errNoConnection is behind failures to get a connection at all.
var errNoConnection = errors.New("no connection")

// Options of a store.
type Options struct {
	// Logger tells of the LISTEN connection breaking and returning; nil is silent.
	Logger *slog.Logger
	// Poll is how often a subscription looks without having been told to. 1 s.
	Poll time.Duration
}

// Store is the log in Postgres. Make one with Open.
type Store struct {
	log     *slog.Logger
	poll    time.Duration
	reading *pgxpool.Pool
	writing *pgxpool.Pool
	appends *batcher[eventstore.Append, eventstore.Outcome]
	streams *batcher[string, []eventstore.RecordedEvent]
	head    *headNotifier
	tail    recentEvents
	made    atomic.Uint64 // connections, since the process began

	closing   chan struct{} // closed when Close begins
	closeOnce sync.Once
	ctx       context.Context //nolint:containedctx // the store's life: groups outlive their callers
	cancel    context.CancelFunc
	listening sync.WaitGroup
}

var (
	_ eventstore.Store     = (*Store)(nil)
	_ eventstore.Connected = (*Store)(nil)
	_ eventstore.Counter   = (*Store)(nil)
)

// Connections is eventstore.Connected's.
func (s *Store) Connections() uint64 { return s.made.Load() }

// Open makes a store over a database that Migrate has been run on. It does not
// connect yet: whether Postgres is there shows with the first call.
func Open(ctx context.Context, dsn string, options Options) (*Store, error) {
	store := &Store{log: options.Logger, poll: cmp.Or(options.Poll, defaultPoll), head: newHeadNotifier(), closing: make(chan struct{})}
	if store.log == nil {
		store.log = slog.New(slog.DiscardHandler)
	}
	if err := store.openPools(ctx, dsn); err != nil {
		return nil, fmt.Errorf("open the event store: %w", err)
	}
	// A store lives until Close, whatever becomes of the context it was opened in.
	store.ctx, store.cancel = context.WithCancel(context.WithoutCancel(ctx))
	store.appends = &batcher[eventstore.Append, eventstore.Outcome]{limit: appendsFit, execute: store.appendGroup}
	store.streams = &batcher[string, []eventstore.RecordedEvent]{limit: streamsFit, execute: store.readGroup}
	store.appends.start(store.ctx, appendWorkers)
	store.streams.start(store.ctx, readWorkers)
	store.listening.Go(store.listen)
	return store, nil
}

func (s *Store) openPools(ctx context.Context, dsn string) error {
	config, err := pg.ParsePool(dsn, readConns, connectTimeout)
	if err != nil {
		return err
	}
	config.AfterConnect = func(context.Context, *pgx.Conn) error {
		s.made.Add(1)
		return nil
	}
	pg.PreferIndexes(config.ConnConfig) // every event is found by a key

	writing := config.Copy()
	pg.Resize(writing, appendWorkers)
	for setting, value := range appending {
		pg.Set(writing.ConnConfig, setting, value)
	}

	if s.reading, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return err
	}
	if s.writing, err = pgxpool.NewWithConfig(ctx, writing); err != nil {
		s.reading.Close()
		return err
	}
	return nil
}

// appending are the settings of the session that appends, whatever the server, the
// database, the role or the address say: what is answered is on the disk, and each
// statement sees what was committed before it.
var appending = map[string]string{
	"synchronous_commit":            "on",
	"default_transaction_isolation": "read committed",
	// Who waits for the lock, or hangs while holding it, holds up every writer.
	"lock_timeout":                        "4s",
	"statement_timeout":                   "6s",
	"idle_in_transaction_session_timeout": "6s",
}

// Close refuses later calls, ends subscriptions with ErrUnavailable, and waits
// for appends and reads in flight until the context ends; then it cuts them off
// and returns, at once where Postgres answers and at most cutTime later where
// it hangs: its connections then end by themselves.
func (s *Store) Close(ctx context.Context) error {
	s.closeOnce.Do(func() {
		close(s.closing)
		s.appends.close()
		s.streams.close()
	})
	idle := make(chan struct{})
	go func() {
		defer close(idle)
		s.appends.workers.Wait()
		s.streams.workers.Wait()
	}()
	var err error
	select {
	case <-idle:
	case <-ctx.Done():
		err = fmt.Errorf("close the event store: %w", ctx.Err())
	}
	s.cancel()
	return errors.Join(err, s.leave(ctx, idle))
}

// cutTime is what connections that Postgres does not answer on may still take.
const cutTime = 250 * time.Millisecond

// leave closes the connections. The driver waits for Postgres to say goodbye,
// whatever the context says.
func (s *Store) leave(ctx context.Context, idle <-chan struct{}) error {
	left := make(chan struct{})
	go func() {
		defer close(left)
		<-idle
		s.listening.Wait()
		s.reading.Close()
		s.writing.Close()
	}()
	select {
	case <-left:
		return nil
	case <-ctx.Done():
	}
	late := time.NewTimer(cutTime)
	defer late.Stop()
	select {
	case <-left:
		return nil
	case <-late.C:
		return fmt.Errorf("close the event store's connections: %w", ctx.Err())
	}
}

// bounded is the caller's context with a time limit, cut off when the store is.
func (s *Store) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	bounded, cancel := context.WithTimeout(ctx, readTimeout)
	stop := context.AfterFunc(s.ctx, cancel)
	return bounded, func() { stop(); cancel() }
}

// refusal says why no call can be served: the caller left or the store closed.
func (s *Store) refusal(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case <-s.closing:
		return fmt.Errorf("%w: closed", eventstore.ErrUnavailable)
	default:
		return nil
	}
}
