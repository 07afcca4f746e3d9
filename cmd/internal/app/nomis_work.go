package app

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/cenkalti/backoff/v5"
	"golang.org/x/sync/errgroup"

	"nonassociations/audit"
	"nonassociations/internal/pg/lease"
	"nonassociations/nomis"
	"nonassociations/nomis/migration"
	"nonassociations/nomis/npa"
	"nonassociations/nomis/reconcile"
	"nonassociations/queries"
)

// work carries out migrations and reconciliations, makes differences of what NOMIS told
// while its changes were not allowed, renews the known prisons and removes old messages, until
// the context ends. Several processes may work: a lease for each lets one of them at it.
func (p *process) work(ctx, below context.Context) error {
	record, err := p.openRecord(below)
	if err != nil {
		return err
	}
	defer record.close()
	if err := p.awaitStores(ctx); err != nil {
		return unlessCancelled(ctx, func(context.Context) error { return err })
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return p.migrateFromNOMIS(ctx, record) })
	group.Go(func() error { return p.reconcileWithNOMIS(ctx, record) })
	group.Go(func() error { return p.followSwitched(ctx) })
	group.Go(func() error { return p.renewPrisons(ctx, record) })
	group.Go(func() error { return nomis.NewPruner(p.kept, p.Clock, p.Logger).Run(ctx) })
	return group.Wait()
}

// migrateFromNOMIS carries out the migrations that are requested.
func (p *process) migrateFromNOMIS(ctx context.Context, record nomisRecord) error {
	beat, ended := p.reportListener(ctx, migration.Consumer)
	defer ended()
	return migration.NewRunner(migration.Options{
		Store: p.kept, API: p.nomis.api, Turns: p.turnOptions(record.handler, npa.Migration), Locks: p.pairLocks,
		Exclusively: func(ctx context.Context, do func(context.Context)) error {
			return lease.With(ctx, p.Config.DatabaseURL, "nonassociations migration", p.Logger, do)
		},
		InFlight: p.Config.NOMIS.InFlight, Clock: p.Clock, Logger: p.Logger, Beat: func(fault error) { beat(faultOfTurns(fault)) },
	}).Run(ctx)
}

// reconcileWithNOMIS carries out the reconciliations that are requested, and those of the
// schedule.
func (p *process) reconcileWithNOMIS(ctx context.Context, record nomisRecord) error {
	schedule, err := p.Config.NOMIS.schedule()
	if err != nil {
		return err
	}
	beat, ended := p.reportListener(ctx, reconcile.Consumer)
	defer ended()
	return reconcile.NewRunner(reconcile.Options{
		Store: p.kept, DSN: p.Config.DatabaseURL, API: p.nomis.api, Turns: p.turnOptions(record.handler, npa.Reconciliation),
		Pairs: record.reads, Feed: audit.New(p.log, audit.Options{London: p.Clock().Location()}),
		Head: func(ctx context.Context) (uint64, error) {
			head, err := record.handler.Head(ctx)
			return head.Uint64(), err
		},
		Clock: p.Clock, Logger: p.Logger, Schedule: schedule, Pending: p.Config.NOMIS.Sweep, Most: p.Config.NOMIS.InFlight,
		Beat: func(fault error) { beat(faultOfTurns(fault)) },
	}).Run(ctx)
}

// followSwitched makes differences of what NOMIS told while its changes were not allowed.
func (p *process) followSwitched(ctx context.Context) error {
	beat, ended := p.reportListener(ctx, nomis.SwitchedConsumer)
	defer ended()
	return nomis.NewSwitched(nomis.SwitchedOptions{
		Feed: audit.New(p.log, audit.Options{London: p.Clock().Location()}), Store: p.kept, Locks: p.pairLocks,
		Exclusively: func(ctx context.Context, do func(context.Context)) error {
			return lease.With(ctx, p.Config.DatabaseURL, "nonassociations switched", p.Logger, do)
		},
		Clock: p.Clock, Logger: p.Logger, Beat: beat,
	}).Run(ctx)
}

// schedule returns when a reconciliation is due. Errors: text that is no schedule.
func (n NOMIS) schedule() (*reconcile.Schedule, error) {
	if n.Schedule == "" {
		return reconcile.ParseSchedule(reconcile.DefaultSchedule)
	}
	return reconcile.ParseSchedule(n.Schedule)
}

// prisonsSchedule is when the known prisons are renewed, in London.
const prisonsSchedule = "0 4 * * *"

// renewPrisons renews the known prisons at once and then each night. A walk that fails is
// repeated, at the latest after a quarter of an hour. It does nothing without a directory.
func (p *process) renewPrisons(ctx context.Context, record nomisRecord) error {
	if record.directory.reads == nil {
		return nil
	}
	nightly, err := reconcile.ParseSchedule(prisonsSchedule)
	if err != nil {
		return err
	}
	walk := NewPrisonWalk(record.reads, record.directory.reads, p.kept, p.Clock)
	waits := backoff.NewExponentialBackOff()
	waits.MaxInterval = 15 * time.Minute
	for ctx.Err() == nil {
		var walked error
		err := lease.With(ctx, p.Config.DatabaseURL, "nonassociations known prisons", p.Logger, func(ctx context.Context) { walked = walk.Renew(ctx) })
		next := waits.NextBackOff()
		if err == nil && walked == nil {
			waits.Reset()
			now := p.Clock()
			next = nightly.Next(now).Sub(now)
		} else if ctx.Err() == nil {
			level := slog.LevelWarn
			if errors.Is(walked, queries.ErrNotCaughtUp) {
				level = slog.LevelInfo
			}
			p.Logger.Log(ctx, level, "the known prisons were not renewed, retrying", "error", errors.Join(err, walked))
		}
		_ = sleep(ctx, next) // the loop ends with the context
	}
	return nil
}
