package reconcile

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"nonassociations/nomis/npa"
	"nonassociations/nomis/store"
	"nonassociations/nomis/turn"
)

// pairsAtOnce is how many pairs are compared between two times at which progress is kept.
const pairsAtOnce = 64

// work carries a run out from where it is until it ends, or the brake is set.
func (r *Runner) work(ctx context.Context, locks *store.PairLocks, run store.Run) error {
	if run.StartedAt.IsZero() {
		head, err := r.Head(ctx)
		if err != nil {
			return err
		}
		if run, err = r.Store.BeginReconciliation(ctx, run.ID, r.Clock(), head); err != nil {
			return err
		}
		r.Logger.InfoContext(ctx, "reconciliation began", "id", run.ID, "scope", run.Scope)
	}
	w := &worker{Runner: r, run: run, client: r.API.For(npa.Reconciliation)}
	w.comparer = w.newComparer(locks)
	if !run.Listed {
		if err := w.list(ctx); err != nil {
			return err
		}
	}
	for {
		brake, err := r.Store.GetBrake(ctx)
		if err != nil || brake.IsOn() {
			return err
		}
		pairs, err := r.Store.PairsLeft(ctx, run.ID, pairsAtOnce)
		if err != nil {
			return err
		}
		if len(pairs) == 0 {
			return w.end(ctx)
		}
		began := r.Clock()
		progress := store.Progress{Pairs: pairs}
		var mu sync.Mutex
		group, comparing := errgroup.WithContext(ctx)
		group.SetLimit(r.Most)
		for _, pair := range pairs {
			group.Go(func() error {
				counts, err := w.comparer.compare(comparing, pair)
				mu.Lock()
				defer mu.Unlock()
				progress.Counts.Add(counts)
				return err
			})
		}
		if err := group.Wait(); err != nil {
			return err
		}
		progress.Seconds = r.Clock().Sub(began).Seconds()
		if err := w.progress(ctx, progress); err != nil {
			return err
		}
		r.Beat(nil)
	}
}

// worker is the work of one process on one run.
type worker struct {
	*Runner
	run      store.Run
	client   *npa.Client
	comparer *comparer
	sent     int64 // requests that were kept
}

// newComparer returns the comparer of the run. Only a run of ALL asks NOMIS for its
// merges.
func (w *worker) newComparer(locks locker) *comparer {
	options := w.Turns
	options.NOMIS = w.client
	c := &comparer{
		turns: turn.New(options), record: options.Record, store: w.Store, locks: locks, clock: w.Clock, wait: w.Wait, pending: w.Pending,
	}
	if w.run.Scope == store.ScopeAll {
		c.merges = w.client.Merges
	}
	if w.run.Scheduled {
		c.ring = &store.Cause{Kind: store.Reconciliation, Text: w.run.ID.String()}
	}
	return c
}

// progress keeps what was done, with the requests since it was kept last.
func (w *worker) progress(ctx context.Context, p store.Progress) error {
	sent := w.client.Requests()
	p.Requests = sent - w.sent
	w.sent = sent
	return w.Store.KeepProgress(ctx, w.run.ID, p)
}

// end ends the run, failed when its sums are wrong or too much is unchecked.
func (w *worker) end(ctx context.Context) error {
	run, err := w.Store.Reconciliation(ctx, w.run.ID)
	if err != nil {
		return err
	}
	failure := failureOf(run)
	if err := w.Store.EndReconciliation(ctx, run, w.Clock(), failure); err != nil {
		return err
	}
	w.Logger.InfoContext(ctx, "reconciliation ended", "id", run.ID, "failure", failure, "union", run.Counts.Total.Union,
		"differences", run.Counts.Differences(), "requests", run.Requests)
	return nil
}

// failureOf says why a run failed, "" when it did not.
func failureOf(run store.Run) string {
	unchecked := run.Counts.Buckets[store.Unchecked].Union
	switch mismatch := run.Counts.Mismatch(); {
	case mismatch != "":
		return mismatch
	case unchecked > 0 && !run.AllowUnchecked:
		return fmt.Sprintf("%d non-associations are unchecked: %s", unchecked, strings.Join(run.Counts.UncheckedCauses(), " "))
	}
	return ""
}
