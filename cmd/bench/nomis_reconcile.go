package main

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"nonassociations/nomis/store"
)

// measureNomisReconcile compares the migrated stock with the NOMIS that it came from, a
// tenth of it first: memory must not grow with the stock. The baseline reads the same pages
// and both mirrors of each pair, and compares them with nothing.
func measureNomisReconcile(ctx context.Context, s *harness) (row, error) {
	tenth, whole, err := s.migratedStocks(ctx)
	if err != nil {
		return row{}, err
	}
	less, _, err := s.reconcile(ctx, tenth)
	if err != nil {
		return row{}, err
	}
	more, run, err := s.reconcile(ctx, whole)
	if err != nil {
		return row{}, err
	}
	read, calls, err := s.readStock(ctx, whole)
	if err != nil {
		return row{}, err
	}
	d := comparison{measured: []measurement{more.measurement}, baseline: []measurement{read}}
	measured, baseline, ratio := d.rates()
	return row{
		what:     fmt.Sprintf("nomis-reconcile: a reconciliation of %s pairs with NOMIS, %d calls in flight", thousands(s.Pairs), inFlight),
		measured: rate(measured), beside: besideStock, baseline: rate(baseline), ratio: ratio, results: d.results(),
		numbers: map[string]float64{requestsAPair: float64(run.Requests) / float64(s.Pairs), peakMB: float64(more.peak) / 1024},
		note: fmt.Sprintf("nomis-reconcile: all %s non-associations are the same; %s requests (bare: %s); %s; %s",
			thousands(run.Counts.Total.Union), thousands(int(run.Requests)), thousands(calls), peaks(less, more), d.describeCPU("NOMIS")),
	}, nil
}

// reconcile requests a reconciliation of all of a stock and measures the process that
// carries it out. Its time is that of the run, since it was begun. Anything else than the
// same on both sides is an error.
func (s *harness) reconcile(ctx context.Context, of *stock) (worked, store.Run, error) {
	if err := s.waitUntilIdle(ctx); err != nil {
		return worked{}, store.Run{}, err
	}
	kept, err := store.Open(ctx, of.nomis.where.databaseURL)
	if err != nil {
		return worked{}, store.Run{}, err
	}
	defer kept.Close()
	id := uuid.New()
	m, err := s.work(ctx, of.nomis, work{
		name: fmt.Sprintf("work-reconcile-%d", of.pairs),
		request: func() error {
			return kept.RequestReconciliation(ctx, store.Run{ID: id, Scope: store.ScopeAll, RequestedBy: user, RequestedAt: time.Now()}, nil)
		},
		ended: `SELECT ended_at IS NOT NULL FROM nomis.reconciliation WHERE id = $1`, id: id,
	})
	if err != nil {
		return worked{}, store.Run{}, err
	}
	run, err := kept.Reconciliation(ctx, id)
	if same := run.Counts.Buckets[store.Same].Union; err == nil && (run.Status != store.Completed || same != of.records) {
		err = fmt.Errorf("the reconciliation is %s, and %d of %d are the same: %s", run.Status, same, of.records, run.Failure)
	}
	m.count, m.seconds = run.Counts.Pairs, run.EndedAt.Sub(run.StartedAt).Seconds()
	return m, run, err
}
