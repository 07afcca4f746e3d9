// Package consumer runs one consumer of the event log. It is what projections and
// the publisher share.
//
// A consumer acquires a lease, so that one consumer of a name is active among all
// processes. It subscribes, and after every break it subscribes again from the
// position that it has reached. It passes events to its handler in order and in
// batches. At an event that cannot be applied it stops instead of skipping it.
//
// The lease is an advisory lock of the session that the handler writes with. A
// consumer that loses its session cannot write. A stalled one is fenced: its
// conditional checkpoint update matches no row.
//
// The loop is our own: the client's persistent subscriptions keep their checkpoint
// in the server, where it cannot be committed together with rows of Postgres.
package consumer

import (
	"cmp"
	"context"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"

	"nonassociations/eventstore"
	"nonassociations/eventstore/consumer/status"
)

// Handler applies events of the log. T is an event as the handler decodes it. All
// methods but Decode are called from one goroutine.
type Handler[T any] interface {
	// Check verifies, before the lease is requested, that this log is the right
	// one. An error that wraps ErrRefused ends Run.
	Check(ctx context.Context, conn *pgx.Conn) error

	// LoadCheckpoint returns the position to continue from. The lease is held.
	LoadCheckpoint(ctx context.Context, conn *pgx.Conn) (eventstore.Position, error)

	// Decode is pure. It runs in a goroutine of its own, while Apply writes. An
	// error makes the event a Poison.
	Decode(event eventstore.RecordedEvent) (T, error)

	// Apply applies a batch and stores Batch.Through as the checkpoint, both or
	// neither. While Batch.More it may delay its commit, at most until the next
	// CheckLease. An error of Postgres that the data caused is poison; every other
	// error is retried from LoadCheckpoint. An error that another session's rows may
	// have caused, such as a duplicate key, is poison when the same batch meets it
	// twice.
	Apply(ctx context.Context, conn *pgx.Conn, batch Batch[T]) error

	// CheckLease is called about once a second while there is nothing to apply. An
	// error means that the session or the checkpoint was lost: the consumer starts a
	// new session.
	CheckLease(ctx context.Context, conn *pgx.Conn) error

	// CaughtUp is called once a session: after the Apply that reached a head which
	// had been read at most HeadAge before.
	CaughtUp(ctx context.Context, conn *pgx.Conn) error
}

// Batch is a section of the log, in order.
type Batch[T any] struct {
	Events  []T                 // may be empty: then only the checkpoint moves
	Through eventstore.Position // every event of the prefixes up to here is in this batch or an earlier one
	More    bool                // catching up: the next batch follows at once
}

// Options configure a consumer. All but those with a stated default must be given.
type Options struct {
	// Name is the name of the lease: one consumer of a name is active per database.
	Name string
	// DSN is the address of the Postgres that holds the lease. A transaction pooler
	// must not be in between: the lease is bound to a session.
	DSN   string
	Store eventstore.Store
	// Prefixes select the streams by the beginnings of their names; none: all.
	Prefixes []string
	Clock    func() time.Time
	Logger   *slog.Logger
	// Wake requests a CheckLease soon, for a handler that goes on working after
	// Apply; may be nil.
	Wake <-chan struct{}
	// Wanted returns a channel that is closed as soon as something waits for an event
	// to be applied, also when it waits already: that batch and the next one are then
	// not delayed to become larger. nil: nothing ever waits. It must not block.
	Wanted func() <-chan struct{}
	// ID is the key of the row in consumer.status that the session with the lease
	// writes; "": no row. Build is the version that the row shows.
	ID, Build string
	// Reached returns how far a handler is that goes on working after Apply; nil: as
	// far as was applied. It must not block.
	Reached func() eventstore.Position
	Live    int // most events of a live batch; 0: 1,000
	Catchup int // most events of a batch while catching up; 0: 20,000
	// Intervals are how often the consumer retries and checks; tests shorten them.
	Intervals Intervals
}

// Intervals are the times between the periodic steps of a consumer. A zero field
// has its default.
type Intervals struct {
	// Retry and RetryMost bound the backoff after a fault that may pass: 100 ms and
	// 3 s. A takeover after an outage must come within seconds.
	Retry, RetryMost time.Duration
	// Poison and PoisonMost bound the backoff after a Poison: 5 s and 60 s. Only an
	// operator or a later build ends that fault.
	Poison, PoisonMost time.Duration
	// Lease is how long the connection may be idle before CheckLease: 1 s.
	Lease time.Duration
	// Collect is the time after a batch within which the next events are collected rather
	// than applied one by one: 25 ms.
	Collect time.Duration
	// Head is how often the head of the log is read: 1 s.
	Head time.Duration
	// Stall is how long a subscription may be silent behind a head before it is
	// replaced: 10 s. The protocol has no heartbeat.
	Stall time.Duration
	// Status are those of the row in consumer.status.
	Status status.Intervals
}

// withDefaults fills in the defaults that the fields state.
func (i Intervals) withDefaults() Intervals {
	return Intervals{
		Retry: cmp.Or(i.Retry, 100*time.Millisecond), RetryMost: cmp.Or(i.RetryMost, 3*time.Second),
		Poison: cmp.Or(i.Poison, 5*time.Second), PoisonMost: cmp.Or(i.PoisonMost, time.Minute),
		Lease: cmp.Or(i.Lease, time.Second), Collect: cmp.Or(i.Collect, 25*time.Millisecond), Head: cmp.Or(i.Head, time.Second), Stall: cmp.Or(i.Stall, 10*time.Second),
		Status: i.Status,
	}
}

// HeadAge is the age up to which a head that was read counts as the end of the log.
const HeadAge = 2 * time.Second

const (
	liveBatch    = 1000
	catchupBatch = 20_000
)

// withDefaults fills in the defaults that the fields state.
func (o Options) withDefaults() Options {
	o.Live, o.Catchup = cmp.Or(o.Live, liveBatch), cmp.Or(o.Catchup, catchupBatch)
	o.Intervals = o.Intervals.withDefaults()
	if o.Wanted == nil {
		o.Wanted = func() <-chan struct{} { return nil }
	}
	return o
}
