package esdb

import (
	"cmp"
	"context"
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
	// Logger gets one line when the server goes away and one when it is back,
	// and the client's own lines at debug.
	Logger *slog.Logger
	// Address is a gRPC target that is dialled instead of the hosts of the
	// connection string, such as unix:/run/store.sock.
	Address string
	// Timeout bounds every call whose context has no deadline, and the making
	// of a subscription. 10 s.
	Timeout time.Duration
	// InFlight is how many calls may be inside the client at once. 128.
	InFlight int
	// Parallel is how many streams one AppendMany or ReadMany works on at once. 32.
	Parallel int
	// Silence is how long a subscription may hear nothing before it asks
	// whether the log has gone on without it. 30 s.
	Silence time.Duration

	attempts  int           // to find a server; 0: no end. Tests end them
	lookAfter time.Duration // how long a call waits before the reason is looked for. 250 ms
	stepTime  time.Duration // bounds each step of a probe: a dial, a handshake, a request. 1 s
}

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
	return o
}

// Store is an EventStoreDB, seen through its client. Make one a process with
// Open.
type Store struct {
	client  *esdb.Client
	options Options
	// The client means to ask for the leader and puts the word where it is
	// never sent (E); a stale follower would serve reads without an error.
	leader   bool
	username string // "" when none is sent at all

	breaker   *circuitBreaker
	slots     chan struct{} // one for each call inside the client
	callers   atomic.Int64  // of calls inside the client, those that were not left
	diagnosis *diagnosis
	closing   chan struct{}
	mu        sync.Mutex
	closed    bool
	watching  sync.WaitGroup // subscriptions; none begins once closed
}

var (
	_ eventstore.Store     = (*Store)(nil)
	_ eventstore.Connected = (*Store)(nil)
)

// Connections is eventstore.Connected's: the client makes connections unseen, so
// what counts is how often the server was back after it had been away.
func (s *Store) Connections() uint64 { return s.breaker.opened.Load() }

// Open prepares a store for a connection string: esdb://[user:password@]host
// [:2113][,host…][?tls=…&tlsCaFile=…&…] or esdb+discover://, or the same with
// kurrentdb:// or kurrentdb+discover://, as newer servers spell it. It dials nothing:
// the first call does, so that a service starts while its log is away. A bad
// string is the only error.
func Open(ctx context.Context, connection string, options Options) (*Store, error) {
	options = options.withDefaults()
	cfg, err := configure(connection, options)
	if err != nil {
		return nil, err
	}
	client, err := esdb.NewClient(cfg)
	if err != nil {
		return nil, fmt.Errorf("event store url: %w", err)
	}
	return &Store{
		client:    client,
		options:   options,
		leader:    cfg.NodePreference == esdb.NodePreferenceLeader,
		username:  sent(cfg),
		breaker:   newCircuitBreaker(options.Logger),
		diagnosis: newDiagnosis(ctx, options.Logger, prober{cfg, options.stepTime}.probe),
		slots:     make(chan struct{}, options.InFlight),
		closing:   make(chan struct{}),
	}, nil
}

// Close refuses new calls, ends the subscriptions with ErrUnavailable, waits
// for the calls in flight, and closes the client. When the context ends first
// the client is left open, for another Close or for the end of the process:
// closing it under a call would be a panic inside it (B'). That is an error only
// when a caller still waits: a call that looks for a server ends with the process.
func (s *Store) Close(ctx context.Context) error {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.closing)
	}
	s.mu.Unlock()
	s.diagnosis.end(ctx)
	if err := s.quiet(ctx); err != nil {
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

// quiet waits for the subscriptions to end.
func (s *Store) quiet(ctx context.Context) error {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.watching.Wait()
	}()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// begin counts a subscription that Close will wait for.
func (s *Store) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.watching.Add(1)
	return true
}

// asking is the context of a request, with the header that wants the leader.
func (s *Store) asking(ctx context.Context) context.Context {
	if !s.leader {
		return ctx
	}
	return metadata.AppendToOutgoingContext(ctx, "requires-leader", "true")
}
