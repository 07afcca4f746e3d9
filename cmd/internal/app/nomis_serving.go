package app

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	"nonassociations/nomis"
	"nonassociations/nomis/store"
	"nonassociations/web/api"
)

// nomisServing is what a serving process has of nomis. openNOMIS makes it.
type nomisServing struct {
	tables   *store.Store
	queues   *nomis.Queues
	queueIDs []string // of queues, in their order
	callers  *nomis.LegacyCallers
	seen     *nomis.PrisonRecorder
	prisons  *knownPrisons
}

// openNOMIS opens the tables, the queues and, where it is configured, NOMIS itself. It
// sends no request. Errors: an address that a driver cannot read, or that is no queue's.
func (p *process) openNOMIS(below context.Context) error {
	var err error
	if p.tables, err = store.Open(below, p.Config.DatabaseURL); err != nil {
		return err
	}
	p.closers = append(p.closers, infallible(p.tables.Close))
	p.callers = nomis.NewLegacyCallers(nomis.LegacyCallersOptions{Store: p.tables, Clock: p.Clock, Logger: p.Logger})
	p.seen = nomis.NewPrisonRecorder(nomis.PrisonRecorderOptions{Store: p.tables, Clock: p.Clock, Logger: p.Logger})
	p.prisons = newKnownPrisons(p.tables, p.directory.places, p.openScreen(), p.Clock)
	return p.openQueues(below)
}

// withNOMIS adds to the options of the API what openNOMIS has made.
func (p *process) withNOMIS(o api.Options) api.Options {
	o.Queues, o.Prisons, o.PrisonSeen, o.LegacyCallers = p.queues, p.prisons, p.seen.Note, p.callers
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
