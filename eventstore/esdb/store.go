package esdb

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"google.golang.org/grpc/metadata"

	"nonassociations/eventstore"
)

// Options of a Store. Zero values mean the defaults.
type Options struct {
	// Logger gets a line when the server becomes unavailable and one when it has
	// recovered, and the client's own lines at debug. Nil: silent.
	Logger *slog.Logger
	// Address is a gRPC target, such as unix:/run/store.sock, that is dialled instead
	// of the hosts of the connection string.
	Address string
	// Timeout bounds every call whose context has no deadline, and the start of a
	// subscription. 10 s.
	Timeout time.Duration
	// InFlight is the largest number of concurrent calls inside the client. 128.
	InFlight int
	// Parallel is the largest number of streams that one AppendMany or ReadMany
	// handles concurrently. 32.
	Parallel int
	// Silence is how long a subscription may receive nothing before it checks whether
	// the log has gone on. 30 s.
	Silence time.Duration

	attempts  int           // to find a server; 0: no end. Tests end them
	lookAfter time.Duration // how long a call waits before the reason is looked for. 250 ms
	stepTime  time.Duration // bounds each step of a probe: a dial, a handshake, a request. 1 s
	// attemptTime bounds one attempt of an append by BatchAppend, after which the same
	// append is sent again. 3.5 s: a server gives up a write after two seconds, and looks
	// for those once a second.
	attemptTime time.Duration
	sessionAge  time.Duration // when a call of BatchAppend is replaced. 10 min
}

// withDefaults fills in the defaults that the fields state.
func (o Options) withDefaults() Options {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	o.Timeout = cmp.Or(o.Timeout, 10*time.Second)
	o.InFlight = cmp.Or(o.InFlight, 128)
	o.Parallel = cmp.Or(o.Parallel, 32)
	o.Silence = cmp.Or(o.Silence, 30*time.Second)
	o.lookAfter = cmp.Or(o.lookAfter, 250*time.Millisecond)
	o.stepTime = cmp.Or(o.stepTime, time.Second)
	o.attemptTime = cmp.Or(o.attemptTime, 3500*time.Millisecond)
	o.sessionAge = cmp.Or(o.sessionAge, sessionAge)
	return o
}

// Store is the event log in an EventStoreDB. Make one per process with Open. It is
// safe for concurrent use.
type Store struct {
	client  *esdb.Client
	options Options
	// leader is whether this package sends the header that asks for the leader. The
	// client puts it where it is never sent (E), and a stale follower would serve
	// reads without an error.
	leader   bool
	username string // "" when none is sent

	batch         *batchAppender
	breaker       *circuitBreaker
	slots         chan struct{} // a semaphore of the calls inside the client
	callers       atomic.Int64  // calls inside the client with a caller that still waits
	diagnosis     *diagnosis
	closing       chan struct{}
	mu            sync.Mutex
	closed        bool
	subscriptions sync.WaitGroup // subscriptions; none begins once closed
}

var (
	_ eventstore.Store     = (*Store)(nil)
	_ eventstore.Connected = (*Store)(nil)
)

// Connections implements eventstore.Connected. The client does not show its
// connections, so it returns how often the server came back after an outage, and how
// often the connection for appends was made anew.
func (s *Store) Connections() uint64 { return s.breaker.opened.Load() + s.batch.renewed.Load() }

// Open makes a store for a connection string: esdb://[user:password@]host
// [:2113][,host…][?tls=…&tlsCaFile=…&…] or esdb+discover://, or the same with
// kurrentdb:// or kurrentdb+discover://, as newer servers spell it. The first call
// connects, so a service starts while its log is down. Errors: a bad string, and a user's
// certificate that cannot be read. The caller ends the store with Close.
func Open(ctx context.Context, connection string, options Options) (*Store, error) {
	options = options.withDefaults()
	cfg, err := configure(connection, options)
	if err != nil {
		return nil, err
	}
	if err := checkCertificate(cfg); err != nil {
		return nil, fmt.Errorf("event store url: %w", err)
	}
	client, err := esdb.NewClient(cfg)
	if err != nil {
		return nil, fmt.Errorf("event store url: %w", err)
	}
	s := &Store{
		client:    client,
		options:   options,
		leader:    cfg.NodePreference == esdb.NodePreferenceLeader,
		username:  sentUser(cfg),
		breaker:   newCircuitBreaker(options.Logger),
		diagnosis: newDiagnosis(ctx, options.Logger, prober{cfg, options.stepTime}.probe),
		slots:     make(chan struct{}, options.InFlight),
		closing:   make(chan struct{}),
	}
	s.batch = newBatchAppender(ctx, cfg, options, s.diagnosis.look, s.closing)
	return s, nil
}

// Close refuses new calls, ends the subscriptions with ErrUnavailable, waits for the
// calls in flight, and closes the client. If the context ends first, the client stays
// open until the next Close or the end of the process, because closing it under a
// call makes it panic (B'). That is an error only when a caller still waits: a call
// without one ends with the process.
func (s *Store) Close(ctx context.Context) error {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.closing)
	}
	s.mu.Unlock()
	s.diagnosis.end(ctx)
	if err := errors.Join(wait(ctx, &s.subscriptions), s.batch.close(ctx)); err != nil {
		return fmt.Errorf("close the event store with calls in flight: %w", err)
	}
	taken := 0
	defer func() {
		for range taken {
			<-s.slots
		}
	}()
	for range cap(s.slots) {
		select {
		case s.slots <- struct{}{}:
			taken++
		case <-ctx.Done():
			if s.callers.Load() == 0 {
				return nil
			}
			return fmt.Errorf("close the event store with calls in flight: %w", ctx.Err())
		}
	}
	return s.client.Close()
}

// wait waits for a group until the context ends, whose error it returns then.
func wait(ctx context.Context, group *sync.WaitGroup) error {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		group.Wait()
	}()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// beginSubscription registers a subscription that Close will wait for. It reports false when the
// store is closed.
func (s *Store) beginSubscription() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.subscriptions.Add(1)
	return true
}

// requestContext returns the context of a request, with the header that asks for the leader.
func (s *Store) requestContext(ctx context.Context) context.Context {
	if !s.leader {
		return ctx
	}
	return metadata.AppendToOutgoingContext(ctx, "requires-leader", "true")
}
