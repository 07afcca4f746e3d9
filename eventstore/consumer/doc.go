// Package consumer keeps one consumer at the log: what projections and the
// publisher share. It wins a lease, so that one follower of a name is active
// among all processes; it subscribes, and subscribes again after every break,
// from the place it got to; it hands over events in order and in batches; and
// it stops the line at an event that cannot be worked on, rather than skip it.
//
// The lease is an advisory lock of the very session that the handler writes
// with: who loses the session can write no more, and who stalled is fenced by
// the handler's conditional checkpoint.
package consumer

import (
	"context"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"

	"nonassociations/eventstore"
)

// Handler is what a follower does with the log. T is an event as the handler
// reads it. All methods but Decode are called from one goroutine.
type Handler[T any] interface {
	// Check looks before the lease is asked for whether this log is the right
	// one. An error that wraps ErrRefused ends Run.
	Check(ctx context.Context, conn *pgx.Conn) error

	// LoadCheckpoint is called with the lease held and says where to go on.
	LoadCheckpoint(ctx context.Context, conn *pgx.Conn) (eventstore.Position, error)

	// Decode is pure. It runs in a goroutine of its own, while Apply writes. An
	// error is a poison event.
	Decode(event eventstore.RecordedEvent) (T, error)

	// Apply works on a batch and remembers Batch.Through, both or neither; it
	// may put that off while Batch.More, but not beyond the next Holds. An error
	// of Postgres that the data caused is poison, every other is tried again from
	// Begin; one that another session's rows may have caused (a key that is there
	// already) is poison when the same batch meets it twice.
	Apply(ctx context.Context, conn *pgx.Conn, batch Batch[T]) error

	// CheckLease is called about once a second while there is nothing to apply. An
	// error means that what was applied is no longer there: begin again.
	CheckLease(ctx context.Context, conn *pgx.Conn) error

	// CaughtUp is called once a session, behind the Apply with which a head was
	// reached that had been read at most HeadAge before.
	CaughtUp(ctx context.Context, conn *pgx.Conn) error
}

// Batch is a stretch of the log, in order.
type Batch[T any] struct {
	Events  []T                 // may be empty: then only the place moved
	Through eventstore.Position // everything of ours up to here is in this batch or was before
	More    bool                // catching up: the next batch follows at once
}

// Options say whom to follow. All but the limits must be given.
type Options struct {
	Name     string // of the lease: one active follower of a name in a database
	DSN      string // of the Postgres that holds the lease; no transaction pooler between
	Store    eventstore.Store
	Prefixes []string // of the streams to follow; none: all
	Clock    func() time.Time
	Logger   *slog.Logger
	// Wake asks for a Holds soon, for a handler that goes on working after Apply;
	// may be nil.
	Wake <-chan struct{}
	// ID is whose row of consumer.status the session that holds the lease
	// writes, and Build what it says of this process; none when empty.
	ID, Build string
	// Reached is how far the handler is, where it goes on working after Apply; nil:
	// as far as was applied. It must not wait.
	Reached func() eventstore.Position
	Live    int // most events of a live batch, 1,000 when 0
	Catchup int // most events of a batch while catching up, 20,000 when 0
}

// HeadAge is how long a head counts as the end of the log after it was read.
const HeadAge = 2 * time.Second

const (
	liveBatch    = 1000
	catchupBatch = 20_000
)

func (o Options) withDefaults() Options {
	if o.Live == 0 {
		o.Live = liveBatch
	}
	if o.Catchup == 0 {
		o.Catchup = catchupBatch
	}
	return o
}
