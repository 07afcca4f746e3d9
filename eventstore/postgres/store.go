// Package postgres stores the event log in a table of Postgres. The table is
// append-only by a trigger and by rights. Positions are one global order without gaps,
// which is the order of commit.
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

// Time limits, which also hold for a caller without a deadline.
const (
	connectTimeout = 3 * time.Second
	groupTimeout   = 8 * time.Second // one group of appends or reads, with the connect
	readTimeout    = 8 * time.Second // one read or page
	defaultPoll    = time.Second     // of subscriptions, in case notifications get lost
)

// One worker each: a second one would make groups smaller, which costs each call more
// than it gains. Appends wait for one another at the lock in any case.
const (
	appendWorkers = 1
	readWorkers   = 1
	readConns     = 8
)

// errNoConnection marks a failure to open a connection.
var errNoConnection = errors.New("no connection")

// Options of a store.
type Options struct {
	// Logger gets the faults of the LISTEN connection; nil: silent.
	Logger *slog.Logger
	// Poll is how often a subscription reads without a notification. 1 s.
	Poll time.Duration
}

// Store is the event log in Postgres. Make one with Open, end it with Close. It is safe
// for concurrent use.
type Store struct {
	log     *slog.Logger
	poll    time.Duration
	reading *pgxpool.Pool
	writing *pgxpool.Pool
	appends *batcher[eventstore.Append, eventstore.Outcome]
	streams *batcher[string, []eventstore.RecordedEvent]
	head    *headNotifier
	recent  recentEvents
	// announcer tells other processes what was appended here.
	announcer *announcer
	made      atomic.Uint64 // connections since the process began

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

// Connections implements eventstore.Connected.
func (s *Store) Connections() uint64 { return s.made.Load() }

// Open makes a store over a database that Migrate has been run on. The first call
// connects, so a service starts while Postgres is down. Errors: those of a bad DSN.
func Open(ctx context.Context, dsn string, options Options) (*Store, error) {
	store := &Store{log: options.Logger, poll: cmp.Or(options.Poll, defaultPoll), head: newHeadNotifier(), closing: make(chan struct{})}
	if store.log == nil {
		store.log = slog.New(slog.DiscardHandler)
	}
	if err := store.openPools(ctx, dsn); err != nil {
		return nil, fmt.Errorf("open the event store: %w", err)
	}
	// A store lives until Close, and not only as long as the given context.
	store.ctx, store.cancel = context.WithCancel(context.WithoutCancel(ctx))
	store.appends = &batcher[eventstore.Append, eventstore.Outcome]{limit: appendsFit, execute: store.appendGroup}
	store.streams = &batcher[string, []eventstore.RecordedEvent]{limit: streamsFit, execute: store.readGroup}
	store.announcer = &announcer{every: announceEvery, send: store.announce}
	store.appends.start(store.ctx, appendWorkers)
	store.streams.start(store.ctx, readWorkers)
	store.listening.Go(store.listen)
	return store, nil
}

// openPools makes a pool for reads, and one with a single connection for appends.
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
	for setting, value := range appendSettings {
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

// appendSettings are the settings of the session that appends. They override those of the
// server, the database, the role and the address: an acknowledged append is on disk,
// and each statement sees what was committed before it.
var appendSettings = map[string]string{
	"synchronous_commit":            "on",
	"default_transaction_isolation": "read committed",
	// A session that waits for the lock, or hangs while it holds it, delays every writer.
	"lock_timeout":                        "4s",
	"statement_timeout":                   "6s",
	"idle_in_transaction_session_timeout": "6s",
}

// Close refuses later calls, ends subscriptions with ErrUnavailable, and waits for
// appends and reads in flight until the context ends. Then it cancels them. It returns
// at once when Postgres answers, and at most cutTime later when Postgres hangs; the
// connections end in the background then. It can be called more than once.
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
		s.announcer.end()
	}()
	var err error
	select {
	case <-idle:
	case <-ctx.Done():
		err = fmt.Errorf("close the event store: %w", ctx.Err())
	}
	s.cancel()
	return errors.Join(err, s.closeConnections(ctx, idle))
}

// cutTime bounds the close of connections on which Postgres does not answer.
const cutTime = 250 * time.Millisecond

// closeConnections closes the connections. The driver's Close has no context, and waits for the
// server to confirm; so it runs in a goroutine.
func (s *Store) closeConnections(ctx context.Context, idle <-chan struct{}) error {
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

// bounded adds the time limit of a read to the caller's context, which also ends when
// the store cancels its work.
func (s *Store) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	bounded, cancel := context.WithTimeout(ctx, readTimeout)
	stop := context.AfterFunc(s.ctx, cancel)
	return bounded, func() { stop(); cancel() }
}

// rejection returns why a call cannot start: its context has ended, or the store is
// closed. Else it returns nil.
func (s *Store) rejection(ctx context.Context) error {
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
