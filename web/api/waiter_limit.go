package api

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"nonassociations/commands"
	"nonassociations/domain"
	"nonassociations/queries"
)

// DefaultWaiters is the default bound of waiting requests of one client.
const DefaultWaiters = 64

// WaiterLimit bounds how many requests of one client wait for the read model at the
// same time, whichever function they wait in. One client can then not use up the
// waiters of the process. It is safe for concurrent use.
type WaiterLimit struct{ quota quota }

// NewWaiterLimit returns a limit of perClient waiting requests for each client; 0 means
// DefaultWaiters.
func NewWaiterLimit(perClient int) *WaiterLimit {
	if perClient == 0 {
		perClient = DefaultWaiters
	}
	return &WaiterLimit{quota{each: perClient}}
}

// Wait calls wait if the client of ctx is below its limit. A ctx without a client has
// no limit. Errors: those of wait, and at once [queries.ErrTooManyWaiters] when the
// client has reached its limit.
func (l *WaiterLimit) Wait(ctx context.Context, wait func(context.Context) error) error {
	client, found := ctx.Value(clientKey{}).(string)
	if !found {
		return wait(ctx)
	}
	release, below := l.quota.take(client)
	if !below {
		return fmt.Errorf("%w of one client", queries.ErrTooManyWaiters)
	}
	defer release()
	return wait(ctx)
}

// clientKey is the context key of the client of a request.
type clientKey struct{}

// ofClient returns a context that carries the client of a request.
func ofClient(ctx context.Context, client string) context.Context {
	return context.WithValue(ctx, clientKey{}, client)
}

// errBeyondEnd is the cause of a 503 for a position that the log has not reached.
var errBeyondEnd = errors.New("atLeast lies behind the end of the log")

// askTime bounds the question where the log ends. Without an answer by then the
// position is waited for.
const askTime = 500 * time.Millisecond

// waitFor waits, at most 2 s, until the read model reflects a position that a caller
// names. A position beyond the end of the log will not come: it is refused at once
// and counts as no waiter.
func (a *API) waitFor(ctx context.Context, atLeast uint64) error {
	if atLeast == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, queries.WaitTime, queries.ErrBehind)
	defer cancel()
	if !a.isReached(ctx, atLeast) {
		p := unavailable(errBeyondEnd)
		p.DeveloperMessage = "atLeast lies behind the end of the log. Repeating the request is safe."
		return p
	}
	return a.await(ctx, atLeast)
}

// isReached reports whether the log has the position, or cannot be asked.
func (a *API) isReached(ctx context.Context, position uint64) bool {
	if a.reaches == nil || a.reads.Position() >= position || a.seen.Load() >= position {
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	reached, err := a.reaches(ctx, position)
	return reached || err != nil
}

// await waits for a position that the log has.
func (a *API) await(ctx context.Context, position uint64) error {
	wait := func(ctx context.Context) error { return a.reads.WaitFor(ctx, position) }
	limited := wait
	if a.reads.Position() < position {
		limited = func(ctx context.Context) error { return a.waiterLimit.Wait(ctx, wait) }
	}
	if err := limited(ctx); err != nil {
		return unavailable(err)
	}
	return nil
}

// seenPosition is the furthest position that this process has seen in the log. A
// position up to here exists: the log need not be asked.
type seenPosition struct{ atomic.Uint64 }

// note raises the position. Concurrent calls keep the furthest.
func (m *seenPosition) note(position uint64) {
	for was := m.Load(); was < position && !m.CompareAndSwap(was, position); was = m.Load() {
	}
}

// recordingCommands records the positions of what is written.
type recordingCommands struct {
	Commands

	seen *seenPosition
}

// Sync records the position of the result.
func (n recordingCommands) Sync(ctx context.Context, by domain.Cause, syncs []commands.PairSync) (commands.SyncResult, error) {
	result, err := n.Commands.Sync(ctx, by, syncs)
	n.seen.note(result.Position.Uint64())
	return result, err
}

// ExecuteByID records the position of the receipt.
func (n recordingCommands) ExecuteByID(ctx context.Context, by domain.Cause, id uuid.UUID, command domain.Command) (commands.Receipt, error) {
	receipt, err := n.Commands.ExecuteByID(ctx, by, id, command)
	n.seen.note(receipt.Position.Uint64())
	return receipt, err
}

// Staff records the position of the receipt.
func (n recordingCommands) Staff(ctx context.Context, by domain.Cause, act commands.StaffCommand) (commands.Receipt, error) {
	receipt, err := n.Commands.Staff(ctx, by, act)
	n.seen.note(receipt.Position.Uint64())
	return receipt, err
}

// ChangeSwitchOver records the position of the receipt.
func (n recordingCommands) ChangeSwitchOver(ctx context.Context, by domain.Cause, command domain.SwitchOverCommand) (commands.SwitchOverReceipt, error) {
	receipt, err := n.Commands.ChangeSwitchOver(ctx, by, command)
	n.seen.note(receipt.Position.Uint64())
	return receipt, err
}
