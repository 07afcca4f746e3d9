package app

import (
	"context"
	"errors"
	"net/http"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"nonassociations/audit"
	evidencestore "nonassociations/audit/evidence/store"
	"nonassociations/commands"
	"nonassociations/commands/idempotency"
	"nonassociations/eventstore"
	"nonassociations/eventstore/consumer/status"
	"nonassociations/queries"
	"nonassociations/queries/whereabouts"
	"nonassociations/web/api"
	"nonassociations/web/auth"
)

// serving is the state of a process that answers requests, of the API or for pages.
type serving struct {
	reads       *queries.Reader
	directory   directoryParts
	whereabouts *whereabouts.Service // nil without a directory
	keys        *idempotency.Store
	commands    *commands.Handler
	verifier    *auth.Verifier
	proofs      *evidencestore.Store
	waiters     *api.WaiterLimit
	api         *api.API
	server      *httpServer // nil without the role serve
	pages       pages
	gate        readinessGate
	nomisServing
}

// prepare builds what requests depend on and listens. Backends may still be down: the
// gate refuses requests until they are verified. Errors: a port is taken, or an address
// that a driver cannot read.
func (p *process) prepare(below context.Context) error {
	if err := p.openBackends(below); err != nil {
		return err
	}
	if p.Roles.Screens {
		if err := p.listenForPages(below); err != nil {
			return err
		}
	}
	if p.Roles.Serve {
		if err := p.listenForCalls(below); err != nil {
			return err
		}
	}
	p.nomis.reads.Store(p.reads)
	return nil
}

// openBackends builds what the API and the pages share.
func (p *process) openBackends(below context.Context) error {
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
	if p.proofs, err = evidencestore.Open(below, p.Config.readDSN()); err != nil {
		return err
	}
	p.closers = append(p.closers, infallible(p.proofs.Close))
	p.keys, err = idempotency.Open(below, p.Config.DatabaseURL, idempotency.Options{Clock: p.Clock, Logger: p.Logger})
	if err != nil {
		return err
	}
	p.closers = append(p.closers, infallible(p.keys.Close))
	p.directory = openDirectory(below, p.Config.Edge.Search, p.Clock, p.Logger)
	p.closers = append(p.closers, infallible(p.directory.close))
	// A client's reads and commands that wait for the read model share one limit.
	p.waiters = api.NewWaiterLimit(p.Config.Edge.Limits.WaitersPerClient)
	p.commands = commands.New(p.log, commands.Options{
		Clock: p.Clock, Locator: gatedLocator{&p.gate, locatorWithWaiterLimit{reads, p.waiters}}, Directory: p.directory.commands, Places: p.directory.places,
		Keys: p.keys, Logger: p.Logger,
	})
	p.openNOMIS()
	p.reads = reads
	p.openWhereabouts()
	p.api = p.newAPI()
	return nil
}

// newAPI makes the API. Everything that reaches the log or the read model goes through
// the gate. A process with pages alone takes the probes from it.
func (p *process) newAPI() *api.API {
	limits := p.Config.Edge.Limits
	return api.New(p.withNOMIS(api.Options{
		Evidence: evidenceReads{&p.gate, p.proofs}, NewestHead: p.newestHead,
		Commands: gatedCommands{&p.gate, p.commands}, Reads: gatedReads{&p.gate, p.reads}, Head: p.head,
		Audit:   p.gatedAudit(),
		Reaches: eventstore.NewReach(p.log).Has, LogID: p.logID,
		Feeds: api.FeedLimits{Most: limits.Feeds, Each: limits.FeedsPerClient}, WaiterLimit: p.waiters,
		Streams:   gatedStreams{&p.gate, p.reads},
		Mappings:  gatedMappings{&p.gate, p.reads},
		Problems:  nomisProblems{p.kept},
		Directory: p.directory.reads, Whereabouts: p.moveChecks(), Verifier: p.verifier,
		Health: p.health(), Clock: p.Clock, Logger: p.Logger, Version: Version(), ProductID: p.Config.Edge.ProductID, Answered: p.requests.answered,
	}))
}

// listenForCalls binds the port of the API. It is bound last: from then on an
// orchestrator takes the process for alive.
func (p *process) listenForCalls(below context.Context) error {
	handler := http.Handler(p.api)
	if p.Development && p.pages.server != nil {
		handler = homeToPages(p.api, "http://"+p.pages.server.address()+"/")
	}
	var err error
	p.server, err = listen(below, p.Config.Edge.ListenAddr, p.Config.Edge.Limits.Connections, handler, p.Logger)
	return err
}

// gatedAudit returns the reads of the log, behind the gate.
func (p *process) gatedAudit() gatedAudit {
	return gatedAudit{&p.gate, p.auditReader()}
}

// auditReader returns the reads of the log. Those that pages make need no gate, as with
// gatedAudit: they come after one of the read model, which is behind it.
func (p *process) auditReader() *audit.Reader {
	return audit.New(p.log, audit.Options{London: p.Clock().Location()})
}

// logID returns the id of the log, false before the gate is open.
func (p *process) logID() (uuid.UUID, bool) {
	if id := p.gate.log.Load(); id != nil {
		return *id, true
	}
	return uuid.Nil, false
}

// head returns the public position of the last own event.
func (p *process) head(ctx context.Context) (uint64, error) {
	position, err := p.commands.Head(ctx)
	return position.Uint64(), err
}

// readDSN returns the address for reads.
func (c Config) readDSN() string {
	if c.ReadDatabaseURL != "" {
		return c.ReadDatabaseURL
	}
	return c.DatabaseURL
}

// serve answers requests until ctx ends and the last one is answered. What requests
// depend on runs until below ends.
func (p *process) serve(ctx, below context.Context) error {
	below, stop := context.WithCancel(below)
	defer stop()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return unlessCancelled(below, p.verifier.Run) })
	group.Go(func() error { return unlessCancelled(ctx, p.admitTraffic) })
	group.Go(func() error { return unlessCancelled(ctx, p.keys.Run) })
	group.Go(func() error { return p.keepNOMIS(below) })
	// The first server that ends takes the other with it.
	servers, serving := errgroup.WithContext(ctx)
	if p.server != nil {
		// Feeds never end by themselves. ShutDown ends them after their last whole line;
		// the server would otherwise wait for them until the time limit.
		context.AfterFunc(serving, p.api.ShutDown)
		servers.Go(func() error { return p.server.run(serving) })
	}
	if p.pages.server != nil {
		group.Go(func() error { return unlessCancelled(below, p.pages.sessions.Run) })
		if p.pages.sender != nil {
			group.Go(func() error { return p.sendViews(below) })
		}
		servers.Go(func() error { return p.pages.server.run(serving) })
	}
	group.Go(func() error {
		defer stop()
		return servers.Wait()
	})
	return group.Wait()
}

// unlessCancelled runs work and drops its error when ctx has ended: the end was asked
// for.
func unlessCancelled(ctx context.Context, work func(context.Context) error) error {
	err := work(ctx)
	if ctx.Err() == nil {
		return err
	}
	return nil
}

// health returns what the health endpoints ask. Readiness does not depend on the event
// store or on lag: another instance would be no better off.
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
		Consumers: p.consumers.refresh, Queues: p.queueHealth,
	}
}

// reasonOf returns why a log does not answer: the cause if the connection failed,
// otherwise the kind of the error. Neither contains an address.
func reasonOf(err error) string {
	if cause := eventstore.CauseOf(err); cause != "" {
		return string(cause)
	}
	return string(status.KindOf(err))
}

// anyClient is a prisoner number that no prison gives out. Its list is read to find out
// whether lists are answered.
const anyClient = "A0000AA"

// shownPosition returns the position that lists reflect, false when lists are not
// answered.
func (p *process) shownPosition(ctx context.Context) (uint64, bool) {
	err := p.checkReadModel(ctx)
	return p.reads.Position(), err == nil
}

// checkReadModel returns nil when lists are answered.
func (p *process) checkReadModel(ctx context.Context) error {
	_, err := p.reads.List(ctx, anyClient, 0)
	return err
}
