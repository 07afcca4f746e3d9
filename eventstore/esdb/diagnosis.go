package esdb

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"nonassociations/eventstore"
)

const (
	// lookAgain is the age after which a new probe may start while calls wait.
	lookAgain = 2 * time.Second
	// lookGood is the age up to which a finding explains a call that failed.
	lookGood = 5 * time.Second
	// lookTime bounds a probe as a whole: six of its steps.
	lookTime = 6 * time.Second
)

// diagnosis finds the reason why no server is reached, concurrently with the calls:
// the client searches for a server without end and reports nothing meanwhile. It
// probes only while calls wait or fail, one probe at a time.
type diagnosis struct {
	ask    func(context.Context) finding
	logger *slog.Logger
	ctx    context.Context //nolint:containedctx // the store's life: a probe outlives the call that asked
	cancel context.CancelFunc
	known  atomic.Bool // there is a finding, which the next successful call removes

	mu      sync.Mutex
	looking chan struct{} // closed at the end of the current probe; nil: there is none
	seen    finding
	at      time.Time
}

// newDiagnosis makes a diagnosis that probes with ask. Its probes outlive the call
// that started them, and end with end.
func newDiagnosis(ctx context.Context, logger *slog.Logger, ask func(context.Context) finding) *diagnosis {
	d := &diagnosis{ask: ask, logger: logger}
	d.ctx, d.cancel = context.WithCancel(context.WithoutCancel(ctx))
	return d
}

// look starts a probe, unless one is running or the last finding is recent.
func (d *diagnosis) look() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.looking != nil || time.Since(d.at) < lookAgain || d.ctx.Err() != nil {
		return
	}
	ended := make(chan struct{})
	d.looking = ended
	go func() {
		ctx, cancel := context.WithTimeout(d.ctx, lookTime)
		defer cancel()
		d.note(d.ask(ctx), ended)
	}()
}

// note stores a finding, and logs it when its cause is new.
func (d *diagnosis) note(seen finding, ended chan struct{}) {
	d.mu.Lock()
	defer d.mu.Unlock()
	defer close(ended)
	d.looking = nil
	if d.ctx.Err() != nil {
		return
	}
	if seen.cause != d.seen.cause && seen.cause != "" {
		d.logger.Warn("the event store is not reached", "cause", string(seen.cause), "detail", seen.detail)
	}
	d.seen, d.at = seen, time.Now()
	d.known.Store(seen != (finding{}))
}

// forget removes the finding when a call has succeeded.
func (d *diagnosis) forget() {
	if !d.known.Load() {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.known.CompareAndSwap(true, false) {
		d.logger.Info("the event store is reached", "cause", string(d.seen.cause))
	}
	d.seen, d.at = finding{}, time.Time{}
}

// explain adds the finding, if there is one by now, to the error of a call that did
// not reach a server. It never waits: after a failover the next try is worth more
// than the reason of this one.
func (d *diagnosis) explain(err error) error {
	if !unexplained(err) {
		return err
	}
	d.look()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.seen == (finding{}) || time.Since(d.at) > lookGood {
		return err
	}
	return &eventstore.Unreached{Cause: d.seen.cause, Detail: d.seen.detail, Err: err}
}

// unexplained reports whether an error may come from a server that is not reached and
// has no cause yet. A cancelled call gave the server no time.
func unexplained(err error) bool {
	away := errors.Is(err, eventstore.ErrUnavailable) && !errors.Is(err, errClosed) || errors.Is(err, context.DeadlineExceeded)
	return away && eventstore.CauseOf(err) == ""
}

// end cancels the current probe and waits for its end or the context's.
func (d *diagnosis) end(ctx context.Context) {
	d.cancel()
	d.mu.Lock()
	looking := d.looking
	d.mu.Unlock()
	if looking == nil {
		return
	}
	select {
	case <-looking:
	case <-ctx.Done():
	}
}
