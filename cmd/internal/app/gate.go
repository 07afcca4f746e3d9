package app

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/google/uuid"

	"nonassociations/audit"
	"nonassociations/commands"
	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/queries"
	"nonassociations/web/api"
)

// gate holds requests back until this process knows which log it reads, and as
// long as another one stands in its place: a write could go into one log and a
// read come from another's tables.
type gate struct {
	log      atomic.Pointer[uuid.UUID]
	opened   chan struct{} // closed when it is
	compared atomic.Bool   // the read model is of this log: reads may pass too
	mismatch func() *eventstore.Mismatch
}

// open is called once.
func (g *gate) open(log uuid.UUID) {
	g.log.Store(&log)
	close(g.opened)
}

func (g *gate) isOpen() bool { return g.log.Load() != nil }

// closed says why nothing passes to the log; before its id is known the error is
// that of the caller's kind.
func (g *gate) closed(unknown error) error {
	if !g.isOpen() {
		return fmt.Errorf("%w: the log's id is not known yet", unknown)
	}
	return g.foreign()
}

// foreign says that another log stands in the place of the one that is known.
func (g *gate) foreign() error {
	if found := g.mismatch(); found != nil {
		return found
	}
	return nil
}

// gatedCommands says "busy, repeat" until the gate is open.
type gatedCommands struct {
	gate *gate
	api.Commands
}

func (c gatedCommands) closed() error { return c.gate.closed(commands.ErrBusy) }

// Tell is api.Commands'.
func (c gatedCommands) Tell(ctx context.Context, by domain.Cause, tells []commands.PairTell) (commands.Told, error) {
	if err := c.closed(); err != nil {
		return commands.Told{}, err
	}
	return c.Commands.Tell(ctx, by, tells)
}

// DoByID is api.Commands'.
func (c gatedCommands) DoByID(ctx context.Context, by domain.Cause, id uuid.UUID, command domain.Command) (commands.Receipt, error) {
	if err := c.closed(); err != nil {
		return commands.Receipt{}, err
	}
	return c.Commands.DoByID(ctx, by, id, command)
}

// Act is api.Commands'.
func (c gatedCommands) Act(ctx context.Context, by domain.Cause, act commands.Act) (commands.Receipt, error) {
	if err := c.closed(); err != nil {
		return commands.Receipt{}, err
	}
	return c.Commands.Act(ctx, by, act)
}

// gatedAudit says that the log is not there until the gate is open.
type gatedAudit struct {
	gate *gate
	api.Audit
}

// Feed is api.Audit's. All else asks for the head of the log first.
func (a gatedAudit) Feed(ctx context.Context, feed audit.Feed) error {
	if err := a.gate.closed(audit.ErrUnavailable); err != nil {
		return err
	}
	return a.Audit.Feed(ctx, feed)
}

// gatedStreams says "not caught up" until the gate is open.
type gatedStreams struct {
	gate *gate
	api.Streams
}

// PairsOf is api.Streams'.
func (s gatedStreams) PairsOf(ctx context.Context, number domain.PrisonerNumber, atLeast uint64) ([]domain.Pair, error) {
	return through(s.gate, func() ([]domain.Pair, error) { return s.Streams.PairsOf(ctx, number, atLeast) })
}

// MergedWith is api.Streams'.
func (s gatedStreams) MergedWith(ctx context.Context, number domain.PrisonerNumber, atLeast uint64) ([]domain.PrisonerNumber, error) {
	return through(s.gate, func() ([]domain.PrisonerNumber, error) { return s.Streams.MergedWith(ctx, number, atLeast) })
}

// RemovedInto is api.Streams'.
func (s gatedStreams) RemovedInto(ctx context.Context, number domain.PrisonerNumber, atLeast uint64) ([]domain.PrisonerNumber, error) {
	return through(s.gate, func() ([]domain.PrisonerNumber, error) { return s.Streams.RemovedInto(ctx, number, atLeast) })
}

// PairOf is api.Streams'.
func (s gatedStreams) PairOf(ctx context.Context, id uuid.UUID, atLeast uint64) (domain.Pair, bool, error) {
	if err := s.gate.keepsReads(); err != nil {
		return domain.Pair{}, false, err
	}
	return s.Streams.PairOf(ctx, id, atLeast)
}

// gatedRouter says "not caught up" until the gate is open: a read model of another
// log knows none of this one's records.
type gatedRouter struct {
	gate *gate
	commands.Router
}

// PairOf is commands.Router's.
func (r gatedRouter) PairOf(ctx context.Context, id uuid.UUID, atLeast uint64) (domain.Pair, bool, error) {
	if err := r.gate.keepsReads(); err != nil {
		return domain.Pair{}, false, err
	}
	return r.Router.PairOf(ctx, id, atLeast)
}

// gatedReads says "not caught up" until the gate is open.
type gatedReads struct {
	gate *gate
	api.Reads
}

// through asks what is behind the gate, if reads may pass.
func through[T any](g *gate, ask func() (T, error)) (T, error) {
	if err := g.keepsReads(); err != nil {
		var nothing T
		return nothing, err
	}
	return ask()
}

// keepsReads says why no read passes.
func (g *gate) keepsReads() error {
	if !g.compared.Load() {
		return queries.ErrNotCaughtUp
	}
	return g.foreign()
}

// List is api.Reads'.
func (r gatedReads) List(ctx context.Context, number domain.PrisonerNumber, atLeast uint64) (queries.List, error) {
	return through(r.gate, func() (queries.List, error) { return r.Reads.List(ctx, number, atLeast) })
}

// One is api.Reads'.
func (r gatedReads) One(ctx context.Context, id uuid.UUID, atLeast uint64) (queries.Records, error) {
	return through(r.gate, func() (queries.Records, error) { return r.Reads.One(ctx, id, atLeast) })
}

// OfPrisoner is api.Reads'.
func (r gatedReads) OfPrisoner(ctx context.Context, number domain.PrisonerNumber, atLeast uint64) (queries.Records, error) {
	return through(r.gate, func() (queries.Records, error) { return r.Reads.OfPrisoner(ctx, number, atLeast) })
}

// Between is api.Reads'.
func (r gatedReads) Between(ctx context.Context, numbers []domain.PrisonerNumber, wanted queries.Wanted) (queries.Group, error) {
	return through(r.gate, func() (queries.Group, error) { return r.Reads.Between(ctx, numbers, wanted) })
}

// Involving is api.Reads'.
func (r gatedReads) Involving(ctx context.Context, numbers []domain.PrisonerNumber, wanted queries.Wanted) (queries.Group, error) {
	return through(r.gate, func() (queries.Group, error) { return r.Reads.Involving(ctx, numbers, wanted) })
}

// Page is api.Reads'.
func (r gatedReads) Page(ctx context.Context, of queries.PageOf) (queries.Page, error) {
	return through(r.gate, func() (queries.Page, error) { return r.Reads.Page(ctx, of) })
}
