package projections

import (
	"context"
	"log/slog"
	"time"

	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/eventstore/consumer"
)

// Options of a Runner. OnCommit may be nil, and so may be the limits; the rest
// must be given.
type Options struct {
	Store eventstore.Store
	// DSN of the database of the read model. No transaction pooler between: the
	// lease belongs to a session.
	DSN string
	// OnCommit hears of every position that has become visible, as the world
	// sees positions. It must return at once.
	OnCommit func(position uint64)
	Clock    func() time.Time
	// London is where the wall clock hangs that staff's records are sorted by;
	// nil: where Clock's does.
	London *time.Location
	Logger *slog.Logger
	// BatchLive and BatchCatchup are the most events of a batch; 0 is what suits.
	BatchLive, BatchCatchup int
	Build                   string // of this process, for its row of consumer.status
}

// Consumer is the name of the projector in consumer.status.
const Consumer = "readModel"

// Runner keeps the read model at the log. Several may run, in any process: one
// works, the others take over.
type Runner struct {
	consumer *consumer.Consumer[*fact]
}

// New makes a runner that does nothing until Run.
func New(options Options) *Runner {
	if options.OnCommit == nil {
		options.OnCommit = func(uint64) {}
	}
	if options.London == nil {
		options.London = options.Clock().Location()
	}
	projector := &projector{
		store: options.Store, onCommit: options.OnCommit, decoder: decoder{domain.Events()},
		london: options.London,
	}
	return &Runner{consumer: consumer.New(consumer.Options{
		Name: Schema, DSN: options.DSN, Store: options.Store, Prefixes: domain.StreamPrefixes(),
		Clock: options.Clock, Logger: options.Logger,
		ID: Consumer, Build: options.Build,
		Live: options.BatchLive, Catchup: options.BatchCatchup,
	}, projector)}
}

// Run works until the context ends, and then returns nil. Outages of the event
// store and of Postgres it outlives. The only error wraps follow.ErrRefused:
// the read model is of another log, in words for the operator.
func (r *Runner) Run(ctx context.Context) error { return r.consumer.Run(ctx) }

// Status is how it is doing, at any time.
func (r *Runner) Status() consumer.Status { return r.consumer.Status() }
