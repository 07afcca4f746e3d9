package reconcile

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"nonassociations/domain"
	"nonassociations/nomis/npa"
	"nonassociations/nomis/store"
	"nonassociations/nomis/turn"
)

// pairsAtOnce is how many pairs are begun between two times at which progress is kept.
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
	return w.compareLeft(ctx)
}

// worker is the work of one process on one run.
type worker struct {
	*Runner
	run      store.Run
	client   *npa.Client
	comparer *comparer
	sent     int64     // requests that were kept
	since    time.Time // until when the seconds were kept

	mu   sync.Mutex
	done store.Progress // what was compared and is not kept
}

// compareLeft compares the pairs that are left and ends the run, unless the brake is set.
// Pairs that must be read again keep no others waiting.
func (w *worker) compareLeft(ctx context.Context) error {
	w.since = w.Clock()
	group, comparing := errgroup.WithContext(ctx)
	group.SetLimit(w.Most)
	braked, err := w.begin(comparing, group)
	if fault := group.Wait(); fault != nil {
		return fault
	}
	if err == nil {
		err = w.keepDone(ctx)
	}
	if err != nil || braked {
		return err
	}
	return w.end(ctx)
}

// begin begins the comparison of each pair that is left, and keeps what is done meanwhile.
// It reports whether the brake has stopped it.
func (w *worker) begin(ctx context.Context, group *errgroup.Group) (braked bool, err error) {
	for after := (domain.Pair{}); ; {
		brake, err := w.Store.GetBrake(ctx)
		if err != nil || brake.IsOn() {
			return true, err
		}
		pairs, err := w.Store.PairsLeft(ctx, w.run.ID, after, pairsAtOnce)
		if err != nil || len(pairs) == 0 {
			return false, err
		}
		after = pairs[len(pairs)-1]
		for _, pair := range pairs {
			group.Go(func() error { return w.compare(ctx, pair) })
		}
		if err := w.keepDone(ctx); err != nil {
			return false, err
		}
		w.Beat(nil)
	}
}

// compare compares a pair and notes what came of it.
func (w *worker) compare(ctx context.Context, pair domain.Pair) error {
	counts, err := w.comparer.compare(ctx, pair)
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.done.Pairs = append(w.done.Pairs, pair)
	w.done.Counts.Add(counts)
	return nil
}

// keepDone keeps what was noted.
func (w *worker) keepDone(ctx context.Context) error {
	w.mu.Lock()
	done := w.done
	w.done = store.Progress{}
	w.mu.Unlock()
	now := w.Clock()
	done.Seconds = now.Sub(w.since).Seconds()
	w.since = now
	return w.progress(ctx, done)
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
