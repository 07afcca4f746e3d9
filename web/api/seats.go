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

// DefaultWaiters is how many requests of one client wait for a position at once.
const DefaultWaiters = 64

// Seats bounds how many requests of one client wait for the read model at once,
// whatever they wait in: one client must not take the seats of all. It is safe
// for concurrent use.
type Seats struct{ quota quota }

// NewSeats has so many seats for each client; DefaultWaiters when 0.
func NewSeats(each int) *Seats {
	if each == 0 {
		each = DefaultWaiters
	}
	return &Seats{quota{each: each}}
}

// Wait calls wait on a seat of the client whose request it is; what is no
// request of a client needs none. Errors: those of wait, and at once
// [queries.ErrTooManyWaiters].
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

type clientKey struct{}

// ofClient is the context of a request of a client.
func ofClient(ctx context.Context, client string) context.Context {
	return context.WithValue(ctx, clientKey{}, client)
}

var errBehindEnd = errors.New("atLeast lies behind the end of the log")

// askTime is how long the log may take to say where it ends. What it has not
// said by then is waited for.
const askTime = 500 * time.Millisecond

// waitFor returns when the read model reflects a position that a caller names,
// at most 2 s later. What the log does not reach will not come: that is said at
// once, and takes no seat.
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

// isReached reports whether the log has the place, or cannot be asked.
func (a *API) isReached(ctx context.Context, position uint64) bool {
	if a.reaches == nil || a.reads.Position() >= position || a.seen.Load() >= position {
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	reached, err := a.reaches(ctx, position)
	return reached || err != nil
}

// await waits for a position of the log.
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

// seenPosition is the furthest place of the log that this process was told of: what
// another process has not written need not be asked for.
type seenPosition struct{ atomic.Uint64 }

func (m *seenPosition) note(position uint64) {
	for was := m.Load(); was < position && !m.CompareAndSwap(was, position); was = m.Load() {
	}
}

// recordingCommands notes the places of what is written.
type recordingCommands struct {
	Commands

	met *seenPosition
}

// Sync is Commands'.
func (n recordingCommands) Sync(ctx context.Context, by domain.Cause, tells []commands.PairSync) (commands.SyncResult, error) {
	told, err := n.Commands.Sync(ctx, by, tells)
	n.met.note(told.Position.Uint64())
	return told, err
}

// ExecuteByID is Commands'.
func (n recordingCommands) ExecuteByID(ctx context.Context, by domain.Cause, id uuid.UUID, command domain.Command) (commands.Receipt, error) {
	receipt, err := n.Commands.ExecuteByID(ctx, by, id, command)
	n.met.note(receipt.Position.Uint64())
	return receipt, err
}

// Staff is Commands'.
func (n recordingCommands) Staff(ctx context.Context, by domain.Cause, act commands.StaffCommand) (commands.Receipt, error) {
	receipt, err := n.Commands.Staff(ctx, by, act)
	n.met.note(receipt.Position.Uint64())
	return receipt, err
}
