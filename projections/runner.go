package projections

import (
	"context"
	"log/slog"
	"time"

	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/eventstore/consumer"
)

// Options of a Runner. OnCommit, London, Build and the batch sizes may be zero; the
// others must be given.
type Options struct {
	Store eventstore.Store
	// DSN is the address of the read model's database. The lease belongs to a session,
	// so there must be no transaction pooler in between.
	DSN string
	// Generation is the generation to build, usually CurrentGeneration.
	Generation Generation
	// OnCommit is called with every public position that has become visible. It must
	// return at once: the projector waits for it.
	OnCommit func(position uint64)
	Clock    func() time.Time
	// London is the time zone of the local times that staff's lists sort by. Nil means
	// the zone of Clock.
	London *time.Location
	Logger *slog.Logger
	// BatchLive and BatchCatchup limit the events of a batch; 0 means the default of
	// the consumer.
	BatchLive, BatchCatchup int
	Build                   string // version of this process, for its row in consumer.status
}

// Consumer is the name of the projector in the table consumer.status.
const Consumer = "readModel"

// Runner keeps one generation of the read model up to date with the log. Any number
// may run, in any process: the one that holds the lease works, the others wait for it.
type Runner struct {
	consumer *consumer.Consumer[*fact]
}

// New returns a Runner that does nothing until Run is called.
func New(options Options) *Runner {
	if options.OnCommit == nil {
		options.OnCommit = func(uint64) {}
	}
	if options.London == nil {
		options.London = options.Clock().Location()
	}
	projector := &projector{
		store: options.Store, onCommit: options.OnCommit, decoder: decoder{domain.Events()},
		generation: options.Generation, london: options.London,
	}
	return &Runner{consumer: consumer.New(consumer.Options{
		Name: options.Generation.Schema(), DSN: options.DSN, Store: options.Store, Prefixes: domain.StreamPrefixes(),
		Clock: options.Clock, Logger: options.Logger,
		ID: Consumer, Build: options.Build,
		Live: options.BatchLive, Catchup: options.BatchCatchup,
	}, projector)}
}

// Run projects until the context ends, and then returns nil. It retries outages of the
// event store and of Postgres for ever. The only error wraps consumer.ErrRefused: the
// read model belongs to another log, and an operator must decide.
func (r *Runner) Run(ctx context.Context) error { return r.consumer.Run(ctx) }

// Status returns the state of the consumer. It is safe to call at any time, also while
// Run works.
func (r *Runner) Status() consumer.Status { return r.consumer.Status() }
