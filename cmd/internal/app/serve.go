package app

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"nonassociations/audit"
	"nonassociations/commands"
	"nonassociations/commands/idempotency"
	"nonassociations/eventstore"
	"nonassociations/eventstore/consumer/status"
	"nonassociations/queries"
	"nonassociations/web/api"
	"nonassociations/web/auth"
)

// serving is what only a process that answers requests has.
type serving struct {
	reads     *queries.Reader
	directory directoryParts
	keys      *idempotency.Store
	commands  *commands.Handler
	verifier  *auth.Verifier
	api       *api.API
	server    *httpServer
	gate      readinessGate
}

// prepare makes everything that requests stand on, and listens. Nothing of it
// has to be up but the port has to be free.
func (p *process) prepare(below context.Context) error {
	var err error
	p.verifier, err = auth.New(auth.Options{
		Issuer: p.Config.Edge.AuthIssuer, Audience: p.Config.Edge.AuthAudience, JWKSURL: p.Config.Edge.AuthJWKSURL,
		Clock: p.Clock, Logger: p.Logger,
	})
	if err != nil {
		return err
	}
	reads, err := queries.Open(below, p.Config.readDSN(), queries.Options{Logger: p.Logger})
	if err != nil {
		return err
	}
	p.closers = append(p.closers, infallible(reads.Close))
	p.keys, err = idempotency.Open(below, p.Config.DatabaseURL, idempotency.Options{Clock: p.Clock, Logger: p.Logger})
	if err != nil {
		return err
	}
	p.closers = append(p.closers, infallible(p.keys.Close))
	p.directory = openDirectory(below, p.Config.Edge.Search, p.Clock, p.Logger)
	p.closers = append(p.closers, infallible(p.directory.close))
	limits := p.Config.Edge.Limits
	seats := api.NewSeats(limits.WaitersPerClient)
	p.commands = commands.New(p.log, commands.Options{
		Clock: p.Clock, Locator: gatedLocator{&p.gate, locatorWithSeats{reads, seats}}, Directory: p.directory.commands, Keys: p.keys, Logger: p.Logger,
	})
	p.api = api.New(api.Options{
		Commands: gatedCommands{&p.gate, p.commands}, Reads: gatedReads{&p.gate, reads}, Head: p.head,
		Audit:   gatedAudit{&p.gate, audit.New(p.log, audit.Options{London: p.Clock().Location()})},
		Reaches: eventstore.NewReach(p.log).Has, LogID: p.logID,
		Feeds: api.FeedLimits{Most: limits.Feeds, Each: limits.FeedsPerClient}, Seats: seats,
		Streams:   gatedStreams{&p.gate, reads},
		Directory: p.directory.reads, Verifier: p.verifier,
		Health: p.health(), Clock: p.Clock, Logger: p.Logger, Version: Version(),
	})
	if p.server, err = listen(below, p.Config.Edge.ListenAddr, limits.Connections, p.api, p.Logger); err != nil {
		return err
	}
	p.reads = reads
	return nil
}

// logID is the log's id, once the gate has opened for it.
func (p *process) logID() (uuid.UUID, bool) {
	if id := p.gate.log.Load(); id != nil {
		return *id, true
	}
	return uuid.Nil, false
}

// head is the position of the last fact, as the world sees it.
func (p *process) head(ctx context.Context) (uint64, error) {
	position, err := p.commands.Head(ctx)
	return position.Uint64(), err
}

func (c Config) readDSN() string {
	if c.ReadDatabaseURL != "" {
		return c.ReadDatabaseURL
	}
	return c.DatabaseURL
}

// serve answers requests until ctx ends and they are answered. What they stand
// on runs as long as below does.
func (p *process) serve(ctx, below context.Context) error {
	below, stop := context.WithCancel(below)
	defer stop()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return unlessCancelled(below, p.verifier.Run) })
	group.Go(func() error { return unlessCancelled(ctx, p.admitTraffic) })
	group.Go(func() error { return unlessCancelled(ctx, p.keys.Run) })
	group.Go(func() error {
		defer stop()
		context.AfterFunc(ctx, p.api.ShutDown)
		return p.server.run(ctx)
	})
	return group.Wait()
}

// unlessCancelled drops the error of work that was told to end.
func unlessCancelled(ctx context.Context, work func(context.Context) error) error {
	err := work(ctx)
	if ctx.Err() == nil {
		return err
	}
	return nil
}

// admitTraffic opens the gate when the log is known, tells when the read model shows all
// of it, and watches over it until the context ends.
func (p *process) admitTraffic(ctx context.Context) error {
	if err := p.waitForRights(ctx); err != nil {
		return err
	}
	id, err := ensureLogID(ctx, p.log, p.Config.DatabaseURL, p.Logger)
	if err != nil {
		return err
	}
	if err := p.bindKeys(ctx, id); err != nil {
		return err
	}
	if err := p.openWhenVerified(ctx, id); err != nil {
		return err
	}
	p.Logger.InfoContext(ctx, "serving", "address", p.server.address(), "log", id)
	if err := p.announceReady(ctx); err != nil {
		return err
	}
	return p.watchReadModelLog(ctx)
}

// announceReady tells whoever wants to know when the read model shows all of the log.
func (p *process) announceReady(ctx context.Context) error {
	if p.Ready == nil {
		return nil
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !p.isCaughtUp(ctx) {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
	p.Ready(p.server.address())
	return nil
}

// openWhenVerified lets nobody in where the read model shows what is not in the log.
// While that cannot be asked, writes go on: they need no read model.
func (p *process) openWhenVerified(ctx context.Context, log uuid.UUID) error {
	err := p.compareReadModel(ctx)
	if errors.Is(err, errOtherLog) {
		return err
	}
	p.gate.open(log)
	if err != nil {
		err = retryUntilAnswered(ctx, p.Logger, "the read model cannot be compared with the log yet, waiting", p.compareReadModel)
	}
	p.gate.compared.Store(err == nil)
	return err
}

// compareReadModel asks whether the read model is of the log. Errors: errOtherLog when it is
// not, and why that cannot be told.
func (p *process) compareReadModel(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	return verifyReadModel(ctx, p.log, p.Config.readDSN())
}

// compareInterval is how often a serving process compares the read model with the
// log: its tables may be put back or replaced under it.
const compareInterval = 5 * time.Second

// watchReadModelLog lets no read pass while the read model shows what is not in the log.
// Where that cannot be asked, all stays as it was. Its error is the context's.
func (p *process) watchReadModelLog(ctx context.Context) error {
	tick := time.NewTicker(compareInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		err := p.compareReadModel(ctx)
		foreign := errors.Is(err, errOtherLog)
		if !foreign && err != nil {
			continue
		}
		if was := p.gate.compared.Swap(!foreign); was == foreign {
			p.Logger.ErrorContext(ctx, "whether the read model is of this log has changed", "is", !foreign, "error", err)
		}
	}
}

// isCaughtUp tells whether lists are answered and reflect everything that was in
// the log a moment ago: what was acknowledged before a kill is not missed after it.
func (p *process) isCaughtUp(ctx context.Context) bool {
	head, err := p.commands.Head(ctx)
	return err == nil && p.checkReadModel(ctx) == nil && p.reads.Position() >= head.Uint64()
}

// health is what the health endpoints ask.
func (p *process) health() api.Health {
	return api.Health{
		Ready: func(ctx context.Context) error {
			if !p.gate.isOpen() {
				return errors.New("the log's id has not been read yet")
			}
			if err := p.missingRight(); err != nil {
				return err
			}
			return p.reads.Ping(ctx)
		},
		EventStore: p.eventStore, Reason: reasonOf,
		Consumers: p.consumers.refresh,
	}
}

// reasonOf is why a log does not answer: why it is not reached, where that is
// known, else the kind of the error.
func reasonOf(err error) string {
	if cause := eventstore.CauseOf(err); cause != "" {
		return string(cause)
	}
	return string(status.KindOf(err))
}

// anyClient is asked for to see whether lists are answered.
const anyClient = "A0000AA"

// shownPosition is up to where requests see the log; false when lists are not answered.
func (p *process) shownPosition(ctx context.Context) (uint64, bool) {
	err := p.checkReadModel(ctx)
	return p.reads.Position(), err == nil
}

func (p *process) checkReadModel(ctx context.Context) error {
	_, err := p.reads.List(ctx, anyClient, 0)
	return err
}
