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
	// lookAgain is the age at which a finding is made anew while calls wait.
	lookAgain = 2 * time.Second
	// lookGood is the age up to which a finding explains a call that failed.
	lookGood = 5 * time.Second
	// lookTime bounds a probe as a whole: six of its steps.
	lookTime = 6 * time.Second
)

// diagnosis finds out, beside the calls, why no server is reached: the client looks for
// one for ever and says nothing meanwhile. It looks only while calls wait or fail,
// one probe at a time.
type diagnosis struct {
	ask    func(context.Context) finding
	logger *slog.Logger
	ctx    context.Context //nolint:containedctx // the store's life: a probe outlives the call that asked
	cancel context.CancelFunc
	known  atomic.Bool // there is a finding: a call that works forgets it

	mu      sync.Mutex
	looking chan struct{} // closed at the end of the probe under way; nil when there is none
	seen    finding
	at      time.Time
}

func newDiagnosis(ctx context.Context, logger *slog.Logger, ask func(context.Context) finding) *diagnosis {
	w := &diagnosis{ask: ask, logger: logger}
	w.ctx, w.cancel = context.WithCancel(context.WithoutCancel(ctx))
	return w
}

// look starts a probe unless one is under way or the last finding is young.
func (w *diagnosis) look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.looking != nil || time.Since(w.at) < lookAgain || w.ctx.Err() != nil {
		return
	}
	ended := make(chan struct{})
	w.looking = ended
	go func() {
		ctx, cancel := context.WithTimeout(w.ctx, lookTime)
		defer cancel()
		w.note(w.ask(ctx), ended)
	}()
}

// note keeps a finding, and logs it when it is another one than before.
func (w *diagnosis) note(seen finding, ended chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	defer close(ended)
	w.looking = nil
	if w.ctx.Err() != nil {
		return
	}
	if seen.cause != w.seen.cause && seen.cause != "" {
		w.logger.Warn("the event store is not reached", "cause", string(seen.cause), "detail", seen.detail)
	}
	w.seen, w.at = seen, time.Now()
	w.known.Store(seen != (finding{}))
}

// forget takes back the finding when a call has worked.
func (w *diagnosis) forget() {
	if !w.known.Load() {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.known.CompareAndSwap(true, false) {
		w.logger.Info("the event store is reached", "cause", string(w.seen.cause))
	}
	w.seen, w.at = finding{}, time.Time{}
}

// explain adds the finding to the error of a call that did not reach a server, if
// there is one by now. It never waits: behind a fail-over the next try is worth
// more than the reason of this one.
func (w *diagnosis) explain(err error) error {
	if !unexplained(err) {
		return err
	}
	w.look()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.seen == (finding{}) || time.Since(w.at) > lookGood {
		return err
	}
	return &eventstore.Unreached{Cause: w.seen.cause, Detail: w.seen.detail, Err: err}
}

// unexplained reports whether an error may come of a server that is not reached.
// What was cancelled was not waited for.
func unexplained(err error) bool {
	away := errors.Is(err, eventstore.ErrUnavailable) && !errors.Is(err, errClosed) || errors.Is(err, context.DeadlineExceeded)
	return away && eventstore.CauseOf(err) == ""
}

// end cancels the probe under way and waits for it until the context ends.
func (w *diagnosis) end(ctx context.Context) {
	w.cancel()
	w.mu.Lock()
	looking := w.looking
	w.mu.Unlock()
	if looking == nil {
		return
	}
	select {
	case <-looking:
	case <-ctx.Done():
	}
}
