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
	"nonassociations/eventstore/consumer/status"
	"nonassociations/nomis"
	"nonassociations/nomis/store"
	"nonassociations/projections"
	"nonassociations/publisher"
)

// Roles are what one process does. The zero value is a command, which does none of them.
type Roles struct {
	Serve   bool // answers requests of the API
	Screens bool // serves the pages
	Project bool // builds the read model
	Listen  bool // works on prisoner merges from their queue
	Work    bool // migrates from NOMIS and reconciles with it
	Publish bool // publishes to SNS
	Sign    bool // signs heads of the tree over the log
}

// answers reports whether the process answers requests, of the API or for pages.
func (r Roles) answers() bool { return r.Serve || r.Screens }

// withNOMIS reports whether a role needs what the service keeps of NOMIS.
func (r Roles) withNOMIS() bool { return r.answers() || r.Listen || r.Work }

// Options are the dependencies of Run and of the commands. Config, Roles, Clock and
// Logger must be set.
type Options struct {
	Config Config
	Roles  Roles
	Clock  func() time.Time // in Europe/London
	Logger *slog.Logger
	// Scratch is a folder for sockets that no other process uses. "" stands for a
	// temporary one.
	Scratch string
	// Ready is called once with the address, when lists reflect everything that was in
	// the log at the start. It may be nil.
	Ready func(address string)
	// MetricsAt is called with the address of the metrics before Ready. It may be nil.
	MetricsAt func(address string)
	// ScreensAt is called with the address of the pages before Ready. It may be nil.
	ScreensAt func(address string)
	// Development is set by the development run: answers say how long the server worked on
	// them, a browser that opens the API is led to the pages, and a read model of another
	// shape is rebuilt. An installation does that by a command.
	Development bool
	// NewEvidenceKey lets a signer make its key when EVIDENCE_KEY_FILE has none of its name.
	NewEvidenceKey bool
	Limits         HealthLimits
	Hooks          NOMISHooks
}

// Run runs the roles until ctx ends and then stops them in order: requests first, then
// what they depend on. It returns at the latest drainTime, lateTime and flushTime after
// the end of ctx, whatever hangs. It returns nil when everything was stopped in order or
// cut off by these limits, and otherwise the first error that ended it. It does not wait
// for Postgres or the event store: health shows whether they are up.
func Run(ctx context.Context, o Options) error {
	o.Logger.InfoContext(ctx, "starting", "version", Version(), "serve", o.Roles.Serve, "screens", o.Roles.Screens, "project", o.Roles.Project, "listen", o.Roles.Listen, "work", o.Roles.Work, "publish", o.Roles.Publish, "sign", o.Roles.Sign)
	// Dependencies of requests outlive the signal, until the last request is answered.
	below, stopBelow := context.WithCancel(context.WithoutCancel(ctx))
	defer stopBelow()
	p := &process{Options: o, allowed: make(chan struct{}), requests: newRequests()}
	p.gate.opened = make(chan struct{})
	p.gate.mismatch = func() *eventstore.Mismatch { return p.log.Mismatch() }
	err := p.logTimeout(ctx, p.run(ctx, below, stopBelow))
	stopBelow()
	err = errors.Join(err, p.logTimeout(ctx, p.close()))
	o.Logger.InfoContext(ctx, "stopped")
	return err
}

// logCheckInterval is how often the log's id is read again, to notice a log that was
// replaced.
const logCheckInterval = time.Second

// process is the state of one Run. Its methods lie in a file for each role or part.
type process struct {
	Options
	log    *openedLog
	runner *projections.Runner // nil when this process does not project
	serving
	nomis         nomisParts
	kept          *store.Store    // nil in a process that does not work with NOMIS, as queues
	queues        *nomis.Queues   // those whose variables are set
	queueIDs      []string        // of queues, in their order
	below         context.Context //nolint:containedctx // collectors of Prometheus get no context
	consumers     *consumerHealth
	statusRows    *status.Session // of all listeners
	requests      requests
	topics        atomic.Pointer[[]*publisher.Publisher]
	signing       signing
	closers       closers
	allowed       chan struct{} // closed when the rights at DATABASE_URL are complete
	missingRights sync.Map      // rights that were revoked since the start: an error by address
}

// run opens the log, starts the roles as a group whose first error ends all, and waits.
// Two contexts matter: ctx ends with the signal, below only after the last request was
// answered.
func (p *process) run(ctx, below context.Context, stopBelow context.CancelFunc) error {
	var err error
	if p.log, err = openLog(below, p.Config, p.Scratch, p.Logger); err != nil {
		return err
	}
	p.below = below
	if err := p.newConsumerHealth(below); err != nil {
		return err
	}
	// The first error of any part cancels groupCtx, which ends all the others: a process
	// that lost one of its roles must not look alive.
	group, groupCtx := errgroup.WithContext(ctx)
	group.Go(func() error {
		return unlessCancelled(groupCtx, func(ctx context.Context) error { return p.log.Watch(ctx, logCheckInterval, p.Logger) })
	})
	if p.Roles.withNOMIS() {
		if err := p.openNOMISTables(below); err != nil {
			return err
		}
	}
	if p.Roles.answers() {
		if err := p.prepare(below); err != nil {
			return err
		}
	}
	// Rights are checked beside everything else: Postgres may not be up yet, and a part
	// that needs them waits for the result itself.
	group.Go(func() error { return unlessCancelled(groupCtx, p.watchRights) })
	if p.Roles.Project {
		p.runner = projections.New(p.projectorOptions())
		group.Go(func() error { return p.project(groupCtx, below) })
		if p.Development {
			group.Go(func() error { return unlessCancelled(groupCtx, p.rebuildOtherShape) })
		}
	}
	if p.Roles.answers() || p.Roles.Project {
		p.watchReadModel()
	}
	if p.Roles.Sign {
		if err := p.openSigning(below); err != nil {
			return err
		}
	}
	if err := p.show(groupCtx, below, group); err != nil {
		return err
	}
	if p.Roles.Listen {
		group.Go(func() error { return p.listen(groupCtx, below) })
	}
	if p.Roles.Work {
		group.Go(func() error { return p.work(groupCtx, below) })
	}
	if p.Roles.Sign {
		group.Go(func() error { return p.sign(groupCtx) })
	}
	if p.Roles.Publish {
		group.Go(func() error { return p.publish(groupCtx, below) })
	}
	// Whichever way this ends, requests are answered by then, and what they depend on may
	// stop as well.
	group.Go(func() error {
		defer stopBelow()
		if p.Roles.answers() {
			return p.serve(groupCtx, below)
		}
		<-groupCtx.Done()
		return nil
	})
	return waitForWorkers(ctx, groupCtx, group.Wait)
}

// close closes what was opened, the log last: the others were opened on it.
func (p *process) close() error {
	all := closers{p.closers.atOnce}
	if p.log != nil {
		all = closers{p.log.Close, p.closers.atOnce}
	}
	return all.within(closeTime)
}

// watchReadModel adds what this process knows of the read model to its health.
func (p *process) watchReadModel() {
	w := watchedConsumer{name: projections.Consumer, hasPosition: true}
	if p.Roles.answers() {
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

// projectorOptions joins the projector with the reads of this process, if it has any.
func (p *process) projectorOptions() projections.Options {
	return projections.Options{
		Store: p.log, DSN: p.Config.DatabaseURL,
		OnCommit: p.advanceReads, Wanted: p.readsWanted, Clock: p.Clock, London: p.Clock().Location(),
		Logger: p.Logger, Build: Version(),
	}
}

// project runs the projections. A process that also serves gives a new log its id, so
// the projections wait for that.
func (p *process) project(ctx, below context.Context) error {
	if p.Roles.answers() {
		select {
		case <-p.gate.opened:
		case <-ctx.Done():
			return nil
		}
	}
	return p.runner.Run(below)
}

// advanceReads passes a committed position to the reads of this process, which then need
// not wait for the notification of Postgres.
func (p *process) advanceReads(position uint64) {
	if p.reads != nil {
		p.reads.Advance(position)
	}
}

// readsWanted tells the projector of this process when a request waits for it.
func (p *process) readsWanted() <-chan struct{} {
	if p.reads == nil {
		return nil
	}
	return p.reads.Wanted()
}
