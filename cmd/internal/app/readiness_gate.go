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

// readinessGate refuses requests until this process has verified which log it reads, and
// again while another log stands in its place. Without it a write could go into one log
// while a read came from the tables of another.
//
// It is built from decorators of the interfaces behind the API and not as one HTTP
// middleware. Requests are thereby authenticated and validated as always, a repeated
// command is answered from its idempotency key, and a write addressed by pair goes on
// while only the read model is in doubt. A middleware sees only the URL and knows none
// of this. A test walks the interfaces by reflection, so that a new method cannot pass
// by mistake.
type readinessGate struct {
	// log is the id of the verified log, nil until then.
	log atomic.Pointer[uuid.UUID]
	// opened is closed when the gate opens; roles of the same process wait for it.
	opened chan struct{}
	// compared is true while the read model is known to belong to the log.
	compared atomic.Bool
	mismatch func() *eventstore.Mismatch
}

// open lets commands pass to the log with this id. It is called once.
func (g *readinessGate) open(log uuid.UUID) {
	g.log.Store(&log)
	close(g.opened)
}

func (g *readinessGate) isOpen() bool { return g.log.Load() != nil }

// closed returns the error for a call that reaches the log, nil when it may pass.
// unknown is the caller's own kind of error for the time before the id is known.
func (g *readinessGate) closed(unknown error) error {
	if !g.isOpen() {
		return fmt.Errorf("%w: the log's id is not known yet", unknown)
	}
	return g.otherLog()
}

// otherLog returns a *eventstore.Mismatch while another log stands in the place of the
// one that was verified.
func (g *readinessGate) otherLog() error {
	if found := g.mismatch(); found != nil {
		return found
	}
	return nil
}

// closedForReads returns the error for a call that reaches the read model, nil when it
// may pass. Reads need more than commands: the read model must have been compared with
// the log.
func (g *readinessGate) closedForReads() error {
	if !g.compared.Load() {
		return queries.ErrNotCaughtUp
	}
	return g.otherLog()
}

// ifReadsAllowed calls ask unless reads are refused.
func ifReadsAllowed[T any](g *readinessGate, ask func() (T, error)) (T, error) {
	if err := g.closedForReads(); err != nil {
		var nothing T
		return nothing, err
	}
	return ask()
}

// gatedCommands fails with commands.ErrBusy until the gate is open: 503, and repeating
// is safe.
type gatedCommands struct {
	gate *readinessGate
	api.Commands
}

func (c gatedCommands) closed() error { return c.gate.closed(commands.ErrBusy) }

// Sync is refused while the gate is closed.
func (c gatedCommands) Sync(ctx context.Context, by domain.Cause, syncs []commands.PairSync) (commands.SyncResult, error) {
	if err := c.closed(); err != nil {
		return commands.SyncResult{}, err
	}
	return c.Commands.Sync(ctx, by, syncs)
}

// ExecuteByID is refused while the gate is closed.
func (c gatedCommands) ExecuteByID(ctx context.Context, by domain.Cause, id uuid.UUID, command domain.Command) (commands.Receipt, error) {
	if err := c.closed(); err != nil {
		return commands.Receipt{}, err
	}
	return c.Commands.ExecuteByID(ctx, by, id, command)
}

// Staff is refused while the gate is closed.
func (c gatedCommands) Staff(ctx context.Context, by domain.Cause, act commands.StaffCommand) (commands.Receipt, error) {
	if err := c.closed(); err != nil {
		return commands.Receipt{}, err
	}
	return c.Commands.Staff(ctx, by, act)
}

// ChangeSwitchOver is refused while the gate is closed.
func (c gatedCommands) ChangeSwitchOver(ctx context.Context, by domain.Cause, command domain.SwitchOverCommand) (commands.SwitchOverReceipt, error) {
	if err := c.closed(); err != nil {
		return commands.SwitchOverReceipt{}, err
	}
	return c.Commands.ChangeSwitchOver(ctx, by, command)
}

// SwitchOver is refused while the gate is closed.
func (c gatedCommands) SwitchOver(ctx context.Context) (domain.SwitchOver, error) {
	if err := c.closed(); err != nil {
		return domain.SwitchOver{}, err
	}
	return c.Commands.SwitchOver(ctx)
}

// CachedSwitchOver is refused while the gate is closed.
func (c gatedCommands) CachedSwitchOver(ctx context.Context) (domain.SwitchOver, error) {
	if err := c.closed(); err != nil {
		return domain.SwitchOver{}, err
	}
	return c.Commands.CachedSwitchOver(ctx)
}

// gatedAudit fails with audit.ErrUnavailable until the gate is open.
type gatedAudit struct {
	gate *readinessGate
	api.Audit
}

// Feed is refused while the gate is closed. The other methods need no gate: each asks
// for the head of the log first, which eventstore.Verified refuses.
func (a gatedAudit) Feed(ctx context.Context, feed audit.Feed) error {
	if err := a.gate.closed(audit.ErrUnavailable); err != nil {
		return err
	}
	return a.Audit.Feed(ctx, feed)
}

// gatedStreams fails with queries.ErrNotCaughtUp while reads are refused.
type gatedStreams struct {
	gate *readinessGate
	api.Streams
}

// PairsOf is refused while reads are.
func (s gatedStreams) PairsOf(ctx context.Context, number domain.PrisonerNumber, atLeast uint64) ([]domain.Pair, error) {
	return ifReadsAllowed(s.gate, func() ([]domain.Pair, error) { return s.Streams.PairsOf(ctx, number, atLeast) })
}

// MergedWith is refused while reads are.
func (s gatedStreams) MergedWith(ctx context.Context, number domain.PrisonerNumber, atLeast uint64) ([]domain.PrisonerNumber, error) {
	return ifReadsAllowed(s.gate, func() ([]domain.PrisonerNumber, error) { return s.Streams.MergedWith(ctx, number, atLeast) })
}

// RemovedInto is refused while reads are.
func (s gatedStreams) RemovedInto(ctx context.Context, number domain.PrisonerNumber, atLeast uint64) ([]domain.PrisonerNumber, error) {
	return ifReadsAllowed(s.gate, func() ([]domain.PrisonerNumber, error) { return s.Streams.RemovedInto(ctx, number, atLeast) })
}

// PairOf is refused while reads are.
func (s gatedStreams) PairOf(ctx context.Context, id uuid.UUID, atLeast uint64) (domain.Pair, bool, error) {
	if err := s.gate.closedForReads(); err != nil {
		return domain.Pair{}, false, err
	}
	return s.Streams.PairOf(ctx, id, atLeast)
}

// gatedLocator fails with queries.ErrNotCaughtUp while reads are refused. A read model
// of another log knows none of the records, and a command by id would answer 404.
type gatedLocator struct {
	gate *readinessGate
	commands.PairLocator
}

// PairOf is refused while reads are.
func (r gatedLocator) PairOf(ctx context.Context, id uuid.UUID, atLeast uint64) (domain.Pair, bool, error) {
	if err := r.gate.closedForReads(); err != nil {
		return domain.Pair{}, false, err
	}
	return r.PairLocator.PairOf(ctx, id, atLeast)
}

// gatedReads fails with queries.ErrNotCaughtUp while reads are refused.
type gatedReads struct {
	gate *readinessGate
	api.Reads
}

// List is refused while reads are.
func (r gatedReads) List(ctx context.Context, number domain.PrisonerNumber, atLeast uint64) (queries.List, error) {
	return ifReadsAllowed(r.gate, func() (queries.List, error) { return r.Reads.List(ctx, number, atLeast) })
}

// One is refused while reads are.
func (r gatedReads) One(ctx context.Context, id uuid.UUID, atLeast uint64) (queries.Records, error) {
	return ifReadsAllowed(r.gate, func() (queries.Records, error) { return r.Reads.One(ctx, id, atLeast) })
}

// OfPrisoner is refused while reads are.
func (r gatedReads) OfPrisoner(ctx context.Context, number domain.PrisonerNumber, atLeast uint64) (queries.Records, error) {
	return ifReadsAllowed(r.gate, func() (queries.Records, error) { return r.Reads.OfPrisoner(ctx, number, atLeast) })
}

// Between is refused while reads are.
func (r gatedReads) Between(ctx context.Context, numbers []domain.PrisonerNumber, wanted queries.Filter) (queries.Group, error) {
	return ifReadsAllowed(r.gate, func() (queries.Group, error) { return r.Reads.Between(ctx, numbers, wanted) })
}

// Involving is refused while reads are.
func (r gatedReads) Involving(ctx context.Context, numbers []domain.PrisonerNumber, wanted queries.Filter) (queries.Group, error) {
	return ifReadsAllowed(r.gate, func() (queries.Group, error) { return r.Reads.Involving(ctx, numbers, wanted) })
}

// Page is refused while reads are.
func (r gatedReads) Page(ctx context.Context, of queries.PageRequest) (queries.Page, error) {
	return ifReadsAllowed(r.gate, func() (queries.Page, error) { return r.Reads.Page(ctx, of) })
}
