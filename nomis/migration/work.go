package migration

import (
	"context"
	"errors"
	"sync"
	"time"

	"nonassociations/nomis/npa"
	"nonassociations/nomis/store"
	"nonassociations/nomis/turn"
)

// errCancelled means that the run is to end.
var errCancelled = errors.New("the migration was cancelled")

// work is one run that is carried out.
type work struct {
	*Runner

	run    store.Migration
	client *npa.Client
	turns  *turn.Turns
	locks  *store.PairLocks

	mu    sync.Mutex
	saved int64 // requests that the row of the run has
}

// save keeps the progress of the run. Errors: errCancelled when the run is to end, and
// faults.
func (w *work) save(ctx context.Context) error { return w.progress(ctx, store.MigrationProgress{}) }

// progress is save with more that the run has come to.
func (w *work) progress(ctx context.Context, p store.MigrationProgress) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	sent := w.client.Requests()
	p.Requests = sent - w.saved
	status, err := w.Store.Progress(ctx, w.run.ID, p)
	if err != nil {
		return err
	}
	w.saved = sent
	if status != store.MigrationStarted {
		return errCancelled
	}
	return nil
}

// hold returns when the run may go on: the brake is off, and NOMIS answers. It asks NOMIS
// only when that is in doubt. Errors: errCancelled, the context's, and faults of Postgres.
func (w *work) hold(ctx context.Context, doubt bool) error {
	for {
		brake, err := w.Store.GetBrake(ctx)
		if err != nil {
			return err
		}
		fault := error(nil)
		switch {
		case brake.IsOn():
			fault = turn.ErrBraked
		case doubt || !w.API.Available():
			fault = w.ping(ctx)
		}
		w.Beat(fault)
		if fault == nil {
			return nil
		}
		doubt = doubt || !brake.IsOn()
		if err := w.save(ctx); err != nil {
			return err
		}
		if err := w.Pause(ctx, w.Poll); err != nil {
			return err
		}
	}
}

// ping returns nil when NOMIS can be called.
func (w *work) ping(ctx context.Context) error {
	err := w.client.Ping(ctx)
	if errors.Is(err, npa.ErrDenied) || errors.Is(err, npa.ErrUnavailable) {
		return err
	}
	return nil
}

// pauseAfter is the time before another try of a pair.
func pauseAfter(tries int) time.Duration { return time.Second << min(tries-1, 4) }
