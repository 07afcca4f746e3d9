package eventstore

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
)

// Verified is a Store that works only while the log behind it is still the same. It
// is safe for concurrent use.
//
// It compares the log's id, and the last events that this process has seen: before
// the first call, with every subscription, after every fault and every new
// connection, and once a second in Watch. An append that lands at or before a
// position that was seen before is not acknowledged until the log was compared again.
// While the log is another one, every call fails with a *Mismatch, and subscriptions
// end with it.
//
// It cannot detect a longer log that takes the place of this one without a fault of
// any call. Up to a second of writes go to that log then.
type Verified struct {
	store    Store
	mismatch atomic.Pointer[Mismatch]
	turn     chan struct{} // a mutex that a context can leave; guards known, anchor and ends
	known    uuid.UUID     // the log's id; zero until it was read
	anchor   Seen          // the last event when the log was last compared
	end      Position      // the end of the log then, system events included

	heads keptHeads

	faults    atomic.Uint64             // reasons to compare again, without new connections
	unreached atomic.Pointer[Unreached] // why the log was not reached; nil once it is

	// latestCommit is the commit position of latest. Events of catching up are before it, and
	// are passed without the lock.
	latestCommit atomic.Uint64

	mu      sync.Mutex
	latest  Seen   // the last event that any call has seen
	checked epochs // of the last comparison
	cancels map[*context.CancelCauseFunc]struct{}
}

// epochs count the reasons to compare the log.
type epochs struct{ faults, connections uint64 }

// Connected is implemented by stores that count their connections. Where no
// connection breaks, the log behind it is rarely replaced.
type Connected interface {
	// Connections returns how many connections were made since the process began.
	Connections() uint64
}

// Verify makes a Verified of a store. The first id that the log returns is the one
// that later ones are compared with.
func Verify(store Store) *Verified {
	v := &Verified{store: store, turn: make(chan struct{}, 1), cancels: map[*context.CancelCauseFunc]struct{}{}}
	v.turn <- struct{}{}
	v.faults.Store(1)
	return v
}

// Mismatch returns how the log differs from the known one; nil when it does not.
func (v *Verified) Mismatch() *Mismatch { return v.mismatch.Load() }

// Watch compares the log at an interval until the context ends. It logs when the log
// becomes another one and when it is the right one again. Its error is the context's.
func (v *Verified) Watch(ctx context.Context, every time.Duration, logger *slog.Logger) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		was := v.Mismatch()
		v.invalidate()
		_ = v.ensureVerified(ctx) // the calls that need the log report the fault
		switch now := v.Mismatch(); {
		case was == nil && now != nil:
			logger.ErrorContext(ctx, "event log mismatch, refusing reads and writes", "error", now)
		case was != nil && now == nil:
			logger.InfoContext(ctx, "event log matches again")
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// ensureVerified returns nil when the log was compared since the last reason to, and compares
// it otherwise. Concurrent callers share one comparison. Errors: *Mismatch, the
// context's, and those of a read.
func (v *Verified) ensureVerified(ctx context.Context) error {
	if v.isVerified() {
		return v.asError()
	}
	select {
	case <-v.turn:
		defer func() { v.turn <- struct{}{} }()
	case <-ctx.Done():
		return v.explain(ctx.Err())
	}
	if v.isVerified() { // another caller has compared it meanwhile
		return v.asError()
	}
	at := v.epochs()
	found, err := v.compare(ctx)
	if err != nil {
		return v.explain(v.note(err))
	}
	v.unreached.Store(nil)
	v.mu.Lock()
	v.checked = at
	v.mu.Unlock()
	if was := v.mismatch.Swap(found); was != found {
		v.heads.forget()
	}
	if found != nil {
		v.endAll(found)
	}
	return v.asError()
}

// asError keeps a nil *Mismatch from becoming a non-nil error.
func (v *Verified) asError() error {
	if found := v.Mismatch(); found != nil {
		return found
	}
	return nil
}

// isVerified reports whether the log was compared since the last reason to.
func (v *Verified) isVerified() bool {
	now := v.epochs()
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.checked == now
}

// epochs returns the current counts.
func (v *Verified) epochs() epochs {
	now := epochs{faults: v.faults.Load()}
	if connected, is := v.store.(Connected); is {
		now.connections = connected.Connections()
	}
	return now
}

// invalidate makes the next call compare the log first.
func (v *Verified) invalidate() { v.faults.Add(1) }

// observe returns the error of a call. A fault of the store is a reason to compare.
func (v *Verified) observe(err error) error {
	if errors.Is(err, ErrUnavailable) {
		v.invalidate()
	}
	return v.note(err)
}

// note stores why the log is not reached, and returns the error.
func (v *Verified) note(err error) error {
	var away *Unreached
	if errors.As(err, &away) {
		v.unreached.Store(away)
	}
	return err
}

// explain adds the known cause to the error of a caller whose context ended while
// another caller compared the log.
func (v *Verified) explain(err error) error {
	away := v.unreached.Load()
	if away == nil || CauseOf(err) != "" {
		return err
	}
	return &Unreached{Cause: away.Cause, Err: err}
}

// lastSeen returns the last event that any call has seen.
func (v *Verified) lastSeen() Seen {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.latest
}

// recordSeen records an event, if it is after the last one that was seen.
func (v *Verified) recordSeen(event Seen) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.latest.At.Before(event.At) || v.latest.At == event.At && v.latest.ID == uuid.Nil {
		v.latest = event
		v.latestCommit.Store(event.At.Commit)
	}
}
