package projections

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"

	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/eventstore/consumer"
	"nonassociations/internal/pg"
	"nonassociations/projections/generation"
)

// Options of a Runner. OnCommit, Wanted, London, Build and the batch sizes may be zero; the
// others must be given.
type Options struct {
	Store eventstore.Store
	// DSN is the address of the read model's database. The lease belongs to a session,
	// so there must be no transaction pooler in between.
	DSN string
	// Generation is the one generation to build. Zero follows the one that answers.
	Generation Generation
	// OnCommit is called with every public position that has become visible. It must
	// return at once: the projector waits for it.
	OnCommit func(position uint64)
	// Wanted is that of the consumer: what waits for the read model. It may be nil.
	Wanted func() <-chan struct{}
	Clock  func() time.Time
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

// Runner keeps the read model up to date with the log: the generation that answers, and
// after a flip the next one. Any number may run, in any process: the one that holds the
// lease works, the others wait for it.
type Runner struct {
	options  Options
	consumer atomic.Pointer[consumer.Consumer[*fact]] // of the generation that is followed
	unknown  atomic.Pointer[error]                    // why that is not known yet; nil: it is
}

// New returns a Runner that does nothing until Run is called.
func New(options Options) *Runner {
	if options.OnCommit == nil {
		options.OnCommit = func(uint64) {}
	}
	if options.London == nil {
		options.London = options.Clock().Location()
	}
	r := &Runner{options: options}
	r.consumer.Store(r.newConsumer(cmp.Or(options.Generation, FirstGeneration), nil))
	return r
}

func (r *Runner) newConsumer(of Generation, leave func()) *consumer.Consumer[*fact] {
	o := r.options
	return consumer.New(consumer.Options{
		Name: of.Schema(), DSN: o.DSN, Store: o.Store, Prefixes: domain.StreamPrefixes(),
		Clock: o.Clock, Logger: o.Logger,
		ID: Consumer, Build: o.Build,
		Live: o.BatchLive, Catchup: o.BatchCatchup, Wanted: o.Wanted,
	}, &projector{
		store: o.Store, onCommit: o.OnCommit, decoder: decoder{domain.Events()},
		generation: of, london: o.London, leave: leave,
	})
}

// Run projects until the context ends, and then returns nil. It retries outages of the
// event store and of Postgres for ever, and waits while the read model has another
// shape. The only error wraps consumer.ErrRefused: the read model belongs to another
// log, and an operator must decide.
func (r *Runner) Run(ctx context.Context) error {
	if r.options.Generation != 0 {
		return r.consumer.Load().Run(ctx)
	}
	for ctx.Err() == nil {
		if err := r.follow(ctx); err != nil {
			return err
		}
	}
	return nil
}

// follow projects the generation that answers until another one does.
func (r *Runner) follow(ctx context.Context) error {
	answering, err := r.answering(ctx)
	if err != nil {
		return nil
	}
	here, leave := context.WithCancel(ctx)
	defer leave()
	followed := r.newConsumer(answering, leave)
	r.consumer.Store(followed)
	return followed.Run(here)
}

// answering asks which generation answers until Postgres says so. The only error is the
// context's.
func (r *Runner) answering(ctx context.Context) (Generation, error) {
	waits := backoff.NewExponentialBackOff()
	waits.InitialInterval, waits.MaxInterval = 100*time.Millisecond, 3*time.Second
	defer r.unknown.Store(nil)
	return backoff.Retry(ctx, func() (Generation, error) { return Answering(ctx, r.options.DSN) },
		backoff.WithBackOff(waits), backoff.WithMaxElapsedTime(0), backoff.WithNotify(func(err error, wait time.Duration) {
			r.unknown.Store(&err)
			r.options.Logger.WarnContext(ctx, "the generation that answers is not known yet, retrying", "in", wait, "error", err)
		}))
}

// Answering returns the generation that answers, or that is to answer first. Errors:
// those of Postgres.
func Answering(ctx context.Context, dsn string) (n Generation, err error) {
	conn, err := pg.Connect(ctx, dsn)
	if err != nil {
		return 0, fmt.Errorf("find the generation that answers: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	return generation.Answering(ctx, conn)
}

// Status returns the state of the consumer. It is safe to call at any time, also while
// Run works.
func (r *Runner) Status() consumer.Status {
	s := r.consumer.Load().Status()
	if err := r.unknown.Load(); err != nil {
		s.Failure = *err
	}
	return s
}
