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

// Seats bounds how many requests of one client wait for the read model at once, in
// whatever function they wait: one client must not take the waiting places of all. It
// is safe for concurrent use.
type Seats struct{ quota quota }

// NewSeats returns seats for each waiting requests of a client; 0 means
// DefaultWaiters.
func NewSeats(each int) *Seats {
	if each == 0 {
		each = DefaultWaiters
	}
	return &Seats{quota{each: each}}
}

// Wait calls wait while it holds a seat of the client in ctx. A ctx without a client
// needs no seat. Errors: those of wait, and at once [queries.ErrTooManyWaiters] when
// the client has no seat left.
func (s *Seats) Wait(ctx context.Context, wait func(context.Context) error) error {
	client, is := ctx.Value(clientKey{}).(string)
	if !is {
		return wait(ctx)
	}
	release, is := s.quota.take(client)
	if !is {
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

// errBehindEnd is the cause of a 503 for a position beyond the end of the log.
var errBehindEnd = errors.New("atLeast lies behind the end of the log")

// askTime bounds the question where the log ends. Without an answer by then the
// position is waited for.
const askTime = 500 * time.Millisecond

// waitFor waits, at most 2 s, until the read model reflects a position that a caller
// names. A position beyond the end of the log will not come: it is refused at once
// and takes no seat.
func (a *API) waitFor(ctx context.Context, atLeast uint64) error {
	if atLeast == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, queries.WaitTime, queries.ErrBehind)
	defer cancel()
	if !a.isReached(ctx, atLeast) {
		p := unavailable(errBehindEnd)
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
	seated := wait
	if a.reads.Position() < position {
		seated = func(ctx context.Context) error { return a.seats.Wait(ctx, wait) }
	}
	if err := seated(ctx); err != nil {
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
