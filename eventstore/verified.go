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

// Verified is a Store that answers only as long as it is the log that it was.
// It asks the log for its id and for the last events that this process has met
// there: before the first call, with every subscription, behind every fault and
// every new connection, and once a second in Watch. An append that lands at or
// before a place that was met before is not acknowledged until that is asked
// again. While the log is another one, every call is refused with a *Mismatch,
// and subscriptions end with it. It is safe for concurrent use.
//
// What it cannot see is a longer log that takes the place of this one without a
// fault of any call: up to a second of writes go into it then.
type Verified struct {
	store    Store
	mismatch atomic.Pointer[Mismatch]
	turn     chan struct{} // holds one token while nobody asks; guards known, anchor and ends
	known    uuid.UUID     // zero until the log has told its id
	anchor   Seen          // the last event when the log was last verified
	ends     Position      // where it ended then, the store's own events included

	faults atomic.Uint64             // reasons to ask the log again, but for new connections
	away   atomic.Pointer[Unreached] // why the log was last not reached; nil once it is

	// far is the commit position of latest, so that the many events of catching up,
	// which lie before it, cost no lock.
	far atomic.Uint64

	mu      sync.Mutex
	latest  Seen   // the furthest event that any call has met
	checked epochs // what was known when it was last verified
	cancels map[*context.CancelCauseFunc]struct{}
}

// epochs count what makes a log doubtful.
type epochs struct{ faults, connections uint64 }

// Connected is a Store that counts the connections that it has made. A log can
// only be replaced without a word where none breaks.
type Connected interface {
	Connections() uint64
}

// Verify makes a Verified of a store. The log's id is the one that it first
// tells.
func Verify(store Store) *Verified {
	v := &Verified{store: store, turn: make(chan struct{}, 1), cancels: map[*context.CancelCauseFunc]struct{}{}}
	v.turn <- struct{}{}
	v.faults.Store(1)
	return v
}

// Mismatch is what is wrong with the log; nil while nothing is.
func (v *Verified) Mismatch() *Mismatch { return v.mismatch.Load() }

// Watch asks the log again and again until the context ends, and logs when it
// becomes another one and when it is the right one again. Its error is the
// context's.
func (v *Verified) Watch(ctx context.Context, every time.Duration, logger *slog.Logger) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		was := v.Mismatch()
		v.doubt()
		_ = v.sure(ctx) // a fault is told by the calls that it concerns
		switch now := v.Mismatch(); {
		case was == nil && now != nil:
			logger.ErrorContext(ctx, "the log is not the one that it was: nothing is written or read", "error", now)
		case was != nil && now == nil:
			logger.InfoContext(ctx, "the log is the one that it was")
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// sure returns nil when the log was verified since there was a reason to. Errors:
// *Mismatch, the context's, and those of a read.
func (v *Verified) sure(ctx context.Context) error {
	if v.isSure() {
		return v.asError()
	}
	select {
	case <-v.turn:
		defer func() { v.turn <- struct{}{} }()
	case <-ctx.Done():
		return v.explain(ctx.Err())
	}
	if v.isSure() { // another caller has asked meanwhile
		return v.asError()
	}
	at := v.epochs()
	found, err := v.compare(ctx)
	if err != nil {
		return v.explain(v.note(err))
	}
	v.away.Store(nil)
	v.mu.Lock()
	v.checked = at
	v.mu.Unlock()
	v.mismatch.Store(found)
	if found != nil {
		v.endAll(found)
	}
	return v.asError()
}

// asError keeps a nil *Mismatch from becoming an error.
func (v *Verified) asError() error {
	if found := v.Mismatch(); found != nil {
		return found
	}
	return nil
}

func (v *Verified) isSure() bool {
	now := v.epochs()
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.checked == now
}

func (v *Verified) epochs() epochs {
	now := epochs{faults: v.faults.Load()}
	if connected, is := v.store.(Connected); is {
		now.connections = connected.Connections()
	}
	return now
}

// doubt makes the next call ask the log first.
func (v *Verified) doubt() { v.faults.Add(1) }

// observe is the error of a call; a fault of the store is a reason to ask.
func (v *Verified) observe(err error) error {
	if errors.Is(err, ErrUnavailable) {
		v.doubt()
	}
	return v.note(err)
}

// note remembers why the log is not reached.
func (v *Verified) note(err error) error {
	var away *Unreached
	if errors.As(err, &away) {
		v.away.Store(away)
	}
	return err
}

// explain gives an error that came too early to know it the cause that is known:
// that of a caller who could not wait for the one who asks.
func (v *Verified) explain(err error) error {
	away := v.away.Load()
	if away == nil || CauseOf(err) != "" {
		return err
	}
	return &Unreached{Cause: away.Cause, Err: err}
}

func (v *Verified) met() Seen {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.latest
}

func (v *Verified) meet(event Seen) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.latest.At.Before(event.At) || v.latest.At == event.At && v.latest.ID == uuid.Nil {
		v.latest = event
		v.far.Store(event.At.Commit)
	}
}
