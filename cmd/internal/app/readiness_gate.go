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

// readinessGate holds requests back until this process knows which log it reads, and as
// long as another one stands in its place: a write could go into one log and a
// read come from another's tables.
type readinessGate struct {
	log      atomic.Pointer[uuid.UUID]
	opened   chan struct{} // closed when it is
	compared atomic.Bool   // the read model is of this log: reads may pass too
	mismatch func() *eventstore.Mismatch
}

// open is called once.
func (g *readinessGate) open(log uuid.UUID) {
	g.log.Store(&log)
	close(g.opened)
}

func (g *readinessGate) isOpen() bool { return g.log.Load() != nil }

// closed says why nothing passes to the log; before its id is known the error is
// that of the caller's kind.
func (g *readinessGate) closed(unknown error) error {
	if !g.isOpen() {
		return fmt.Errorf("%w: the log's id is not known yet", unknown)
	}
	return g.otherLog()
}

// otherLog says that another log stands in the place of the one that is known.
func (g *readinessGate) otherLog() error {
	if found := g.mismatch(); found != nil {
		return found
	}
	return nil
}

// gatedCommands says "busy, repeat" until the gate is open.
type gatedCommands struct {
	gate *readinessGate
	api.Commands
}

func (c gatedCommands) closed() error { return c.gate.closed(commands.ErrBusy) }

// Sync is api.Commands'.
func (c gatedCommands) Sync(ctx context.Context, by domain.Cause, tells []commands.PairSync) (commands.SyncResult, error) {
	if err := c.closed(); err != nil {
		return commands.SyncResult{}, err
	}
	return c.Commands.Sync(ctx, by, tells)
}

// ExecuteByID is api.Commands'.
func (c gatedCommands) ExecuteByID(ctx context.Context, by domain.Cause, id uuid.UUID, command domain.Command) (commands.Receipt, error) {
	if err := c.closed(); err != nil {
		return commands.Receipt{}, err
	}
	return c.Commands.ExecuteByID(ctx, by, id, command)
}

// Staff is api.Commands'.
func (c gatedCommands) Staff(ctx context.Context, by domain.Cause, act commands.StaffCommand) (commands.Receipt, error) {
	if err := c.closed(); err != nil {
		return commands.Receipt{}, err
	}
	return c.Commands.Staff(ctx, by, act)
}

// gatedAudit says that the log is not there until the gate is open.
type gatedAudit struct {
	gate *readinessGate
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
	gate *readinessGate
	api.Streams
}

// PairsOf is api.Streams'.
func (s gatedStreams) PairsOf(ctx context.Context, number domain.PrisonerNumber, atLeast uint64) ([]domain.Pair, error) {
	return readBehind(s.gate, func() ([]domain.Pair, error) { return s.Streams.PairsOf(ctx, number, atLeast) })
}

// MergedWith is api.Streams'.
func (s gatedStreams) MergedWith(ctx context.Context, number domain.PrisonerNumber, atLeast uint64) ([]domain.PrisonerNumber, error) {
	return readBehind(s.gate, func() ([]domain.PrisonerNumber, error) { return s.Streams.MergedWith(ctx, number, atLeast) })
}

// RemovedInto is api.Streams'.
func (s gatedStreams) RemovedInto(ctx context.Context, number domain.PrisonerNumber, atLeast uint64) ([]domain.PrisonerNumber, error) {
	return readBehind(s.gate, func() ([]domain.PrisonerNumber, error) { return s.Streams.RemovedInto(ctx, number, atLeast) })
}

// PairOf is api.Streams'.
func (s gatedStreams) PairOf(ctx context.Context, id uuid.UUID, atLeast uint64) (domain.Pair, bool, error) {
	if err := s.gate.closedForReads(); err != nil {
		return domain.Pair{}, false, err
	}
	return s.Streams.PairOf(ctx, id, atLeast)
}

// gatedLocator says "not caught up" until the gate is open: a read model of another
// log knows none of this one's records.
type gatedLocator struct {
	gate *readinessGate
	commands.PairLocator
}

// PairOf is commands.Router's.
func (r gatedLocator) PairOf(ctx context.Context, id uuid.UUID, atLeast uint64) (domain.Pair, bool, error) {
	if err := r.gate.closedForReads(); err != nil {
		return domain.Pair{}, false, err
	}
	return r.PairLocator.PairOf(ctx, id, atLeast)
}

// gatedReads says "not caught up" until the gate is open.
type gatedReads struct {
	gate *readinessGate
	api.Reads
}

// readBehind asks what is behind the gate, if reads may pass.
func readBehind[T any](g *readinessGate, ask func() (T, error)) (T, error) {
	if err := g.closedForReads(); err != nil {
		var nothing T
		return nothing, err
	}
	return ask()
}

// closedForReads says why no read passes.
func (g *readinessGate) closedForReads() error {
	if !g.compared.Load() {
		return queries.ErrNotCaughtUp
	}
	return g.otherLog()
}

// List is api.Reads'.
func (r gatedReads) List(ctx context.Context, number domain.PrisonerNumber, atLeast uint64) (queries.List, error) {
	return readBehind(r.gate, func() (queries.List, error) { return r.Reads.List(ctx, number, atLeast) })
}

// One is api.Reads'.
func (r gatedReads) One(ctx context.Context, id uuid.UUID, atLeast uint64) (queries.Records, error) {
	return readBehind(r.gate, func() (queries.Records, error) { return r.Reads.One(ctx, id, atLeast) })
}

// OfPrisoner is api.Reads'.
func (r gatedReads) OfPrisoner(ctx context.Context, number domain.PrisonerNumber, atLeast uint64) (queries.Records, error) {
	return readBehind(r.gate, func() (queries.Records, error) { return r.Reads.OfPrisoner(ctx, number, atLeast) })
}

// Between is api.Reads'.
func (r gatedReads) Between(ctx context.Context, numbers []domain.PrisonerNumber, wanted queries.Filter) (queries.Group, error) {
	return readBehind(r.gate, func() (queries.Group, error) { return r.Reads.Between(ctx, numbers, wanted) })
}

// Involving is api.Reads'.
func (r gatedReads) Involving(ctx context.Context, numbers []domain.PrisonerNumber, wanted queries.Filter) (queries.Group, error) {
	return readBehind(r.gate, func() (queries.Group, error) { return r.Reads.Involving(ctx, numbers, wanted) })
}

// Page is api.Reads'.
func (r gatedReads) Page(ctx context.Context, of queries.PageRequest) (queries.Page, error) {
	return readBehind(r.gate, func() (queries.Page, error) { return r.Reads.Page(ctx, of) })
}
