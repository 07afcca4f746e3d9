package app

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"nonassociations/eventstore"
	"nonassociations/projections"
	"nonassociations/publisher"
)

// Roles are what one process does.
type Roles struct {
	Serve   bool // answers requests
	Project bool // builds the read model
	Listen  bool // works on prisoner merges from their queue
	Publish bool // tells the world on SNS
}

// Options are what a process is made of.
type Options struct {
	Config Config
	Roles  Roles
	Clock  func() time.Time // in Europe/London
	Logger *slog.Logger
	// Scratch is a folder of this process alone for sockets; temporary ones are
	// made when it is empty.
	Scratch string
	// Ready is told the address when requests are answered, from all that was
	// in the log; may be nil.
	Ready func(address string)
	// MetricsAt is told the address of the metrics before that; may be nil.
	MetricsAt func(address string)
	Limits    HealthLimits
}

// Run does the roles until the context ends, and then stops in order: requests
// first, then what they stand on. It returns nil when nothing was lost on the
// way, and otherwise the first fault that ended it, at the latest drainTime,
// lateTime and flushTime after the context's end, whatever hangs. It does not
// wait for Postgres or the event store to be up: health tells how they are.
func Run(ctx context.Context, o Options) error {
	o.Logger.InfoContext(ctx, "starting", "version", Version(), "serve", o.Roles.Serve, "project", o.Roles.Project, "listen", o.Roles.Listen, "publish", o.Roles.Publish)
	// What requests stand on outlives the signal, until the last one is answered.
	below, stopBelow := context.WithCancel(context.WithoutCancel(ctx))
	defer stopBelow()
	p := &process{Options: o, allowed: make(chan struct{})}
	p.gate.opened = make(chan struct{})
	p.gate.mismatch = func() *eventstore.Mismatch { return p.log.Mismatch() }
	err := p.logTimeout(ctx, p.run(ctx, below, stopBelow))
	stopBelow()
	err = errors.Join(err, p.logTimeout(ctx, p.closers.within(closeTime)))
	o.Logger.InfoContext(ctx, "stopped")
	return err
}

// logCheckInterval is how often a log is asked whether it is the one that it was.
const logCheckInterval = time.Second

// process is one run of Run.
type process struct {
	Options
	log    *openedLog
	runner *projections.Runner // nil when another process projects
	serving
	below         context.Context //nolint:containedctx // of the process: a scrape has none
	consumers     *consumerHealth
	topics        atomic.Pointer[[]*publisher.Publisher]
	closers       closers
	allowed       chan struct{} // closed when the rights in the durable tables were found whole
	missingRights sync.Map      // of rights that went since: an error by address
}

func (p *process) run(ctx, below context.Context, stopBelow context.CancelFunc) error {
	var err error
	if p.log, err = openLog(below, p.Config, p.Scratch, p.Logger); err != nil {
		return err
	}
	p.closers = append(p.closers, p.log.Close)
	p.below = below
	if err := p.newConsumerHealth(below); err != nil {
		return err
	}
	group, groupCtx := errgroup.WithContext(ctx) // the first fault ends all
	group.Go(func() error {
		return unlessCancelled(groupCtx, func(ctx context.Context) error { return p.log.Watch(ctx, logCheckInterval, p.Logger) })
	})
	if p.Roles.Serve {
		if err := p.prepare(below); err != nil {
			return err
		}
	}
	group.Go(func() error { return unlessCancelled(groupCtx, p.watchRights) })
	if p.Roles.Project {
		p.runner = projections.New(projections.Options{
			Store: p.log, DSN: p.Config.DatabaseURL, Generation: projections.CurrentGeneration,
			OnCommit: p.advanceReads, Clock: p.Clock, London: p.Clock().Location(),
			Logger: p.Logger, Build: Version(),
		})
		group.Go(func() error { return p.project(groupCtx, below) })
	}
	if p.Roles.Serve || p.Roles.Project {
		p.watchReadModel()
	}
	if err := p.show(groupCtx, below, group); err != nil {
		return err
	}
	if p.Roles.Listen {
		group.Go(func() error { return p.listen(groupCtx, below) })
	}
	if p.Roles.Publish {
		group.Go(func() error { return p.publish(groupCtx, below) })
	}
	group.Go(func() error {
		defer stopBelow()
		if p.Roles.Serve {
			return p.serve(groupCtx, below)
		}
		<-groupCtx.Done()
		return nil
	})
	return waitForWorkers(ctx, groupCtx, group.Wait)
}

// watchReadModel shows the read model as this process knows it.
func (p *process) watchReadModel() {
	w := watchedConsumer{name: projections.Consumer, hasPosition: true}
	if p.Roles.Serve {
		w.seen = p.shownPosition
	}
	if p.runner != nil {
		w.own = p.runner.Status
	}
	p.consumers.watch(w)
}

// publishing are the publishers of this process.
func (p *process) publishing() []*publisher.Publisher {
	if all := p.topics.Load(); all != nil {
		return *all
	}
	return nil
}

// project waits for the log's id where this process is the one to give it.
func (p *process) project(ctx, below context.Context) error {
	if p.Roles.Serve {
		select {
		case <-p.gate.opened:
		case <-ctx.Done():
			return nil
		}
	}
	return p.runner.Run(below)
}

// advanceReads shortens the way from the projection to the reads of one process.
func (p *process) advanceReads(position uint64) {
	if p.reads != nil {
		p.reads.Advance(position)
	}
}
