package app

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	"nonassociations/nomis"
	"nonassociations/nomis/migration"
	"nonassociations/nomis/npa"
	"nonassociations/nomis/reconcile"
	"nonassociations/nomis/store"
	"nonassociations/web/api"
)

// nomisServing is what a serving process has of nomis. openNOMIS makes it.
type nomisServing struct {
	callers *nomis.LegacyCallers
	seen    *nomis.PrisonRecorder
	prisons *knownPrisons
	// What operators do about NOMIS; nil where it is not configured.
	repairs  *reconcile.Operations
	dossiers *nomis.Dossiers
}

// openNOMIS makes what requests note of callers and prisons and, where NOMIS is configured,
// what operators do about it. It sends no request.
func (p *process) openNOMIS() {
	p.callers = nomis.NewLegacyCallers(nomis.LegacyCallersOptions{Store: p.kept, Clock: p.Clock, Logger: p.Logger})
	p.seen = nomis.NewPrisonRecorder(nomis.PrisonRecorderOptions{Store: p.kept, Clock: p.Clock, Logger: p.Logger})
	p.prisons = newKnownPrisons(p.kept, p.directory.places, p.openScreen(), p.Clock)
	if p.nomis.api == nil {
		return
	}
	locks, turns := store.NewLockSessions(p.Config.DatabaseURL, sleep), p.turnOptions(gatedTurns{&p.gate, p.commands}, npa.Operator)
	p.closers = append(p.closers, infallible(locks.Close))
	p.repairs = reconcile.NewOperations(reconcile.OperationsOptions{
		Store: p.kept, Locks: locks, API: p.nomis.api, Turns: turns, Clock: p.Clock, Pending: p.Config.NOMIS.Sweep,
	})
	p.dossiers = nomis.NewDossiers(nomis.DossiersOptions{Store: p.kept, Locks: locks, API: p.nomis.api, Turns: turns, Clock: p.Clock})
}

// withNOMIS adds to the options of the API what openNOMIS has made.
func (p *process) withNOMIS(o api.Options) api.Options {
	o.Queues, o.Prisons, o.PrisonSeen, o.LegacyCallers = p.queues, p.prisons, p.seen.Note, p.callers
	o.MigrationLabels = migration.Labels{Store: p.kept}
	if p.nomis.api != nil {
		o.Reconcile, o.Dossiers = p.repairs, p.dossiers
		o.Migrations = &migration.Runs{Store: p.kept, NOMIS: p.nomis.api.For(npa.Operator), Clock: p.Clock, Logger: p.Logger}
	}
	o.LegacySunset = legacySunset(p.Config.Edge.LegacySunset, p.Clock().Location())
	return o
}

// keepNOMIS writes what requests leave behind until ctx ends, which must be after the
// last request was answered.
func (p *process) keepNOMIS(ctx context.Context) error {
	group := new(errgroup.Group)
	group.Go(func() error { return p.callers.Run(ctx) })
	group.Go(func() error { return p.seen.Run(ctx) })
	return group.Wait()
}

// legacySunset returns the beginning of a day in London; the zero time for "".
func legacySunset(day string, london *time.Location) time.Time {
	if day == "" {
		return time.Time{}
	}
	at, _ := time.ParseInLocation(time.DateOnly, day, london) // ReadConfig has parsed it
	return at
}
