package app

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"nonassociations/nomis"
	"nonassociations/nomis/npa"
	"nonassociations/nomis/reconcile"
	"nonassociations/nomis/store"
	"nonassociations/nomis/turn"
)

// NOMIS is how this service calls NOMIS and how patient it is with it.
type NOMIS struct {
	// APIURL is the base of NOMIS's own API. Without it no turns are taken.
	APIURL       string `env:"NOMIS_API_URL"`
	TokenURL     string `env:"NOMIS_API_TOKEN_URL"`
	ClientID     string `env:"NOMIS_API_CLIENT_ID"`
	ClientSecret string `env:"NOMIS_API_CLIENT_SECRET"`
	// Rate is the most requests a second, 0 for no limit, and InFlight the most at once,
	// of a process.
	Rate     int `env:"NOMIS_RATE"      envDefault:"50"`
	InFlight int `env:"NOMIS_IN_FLIGHT" envDefault:"8"`
	// DeleteAfter is how long a deletion in NOMIS waits before it deletes here.
	DeleteAfter time.Duration `env:"NOMIS_DELETE_AFTER" envDefault:"1h"`
	// Sweep is how long a record may be pending before it is looked at again.
	Sweep time.Duration `env:"NOMIS_SWEEP" envDefault:"15m"`
	// Schedule is when a reconciliation of all is due by itself, in the five fields of
	// cron and in London.
	Schedule string `env:"RECONCILE_SCHEDULE"`
}

// faults adds what is wrong with the values.
func (n NOMIS) faults(f *faults) {
	f.scheme("NOMIS_API_URL", n.APIURL, webSchemes)
	f.scheme("NOMIS_API_TOKEN_URL", n.TokenURL, webSchemes)
	if n.Rate < 0 {
		f.add("NOMIS_RATE must be a number of requests a second, or 0 for no limit")
	}
	if n.InFlight < 1 {
		f.add("NOMIS_IN_FLIGHT must be at least 1")
	}
	if _, err := n.schedule(); err != nil {
		f.add("RECONCILE_SCHEDULE must be five fields of cron, such as \"" + reconcile.DefaultSchedule + "\"")
	}
	if n.DeleteAfter <= 0 || n.Sweep <= 0 {
		f.add("NOMIS_DELETE_AFTER and NOMIS_SWEEP must be durations such as 15m")
	}
}

// open returns the API with all that the callers of this process share.
func (n NOMIS) open(o Options) *npa.API {
	options := npa.Options{URL: n.APIURL, Clock: o.Clock, Logger: o.Logger, Rate: n.Rate, InFlight: n.InFlight}
	if n.TokenURL != "" {
		options.Credentials = &npa.Credentials{TokenURL: n.TokenURL, ClientID: n.ClientID, ClientSecret: n.ClientSecret}
	}
	return npa.New(options)
}

// mirrorsPause is the time between two reads of mirrors that disagree.
const mirrorsPause = time.Second

// takeTurns rings for the pairs that messages name and takes the turns of those that are
// due, until ctx ends. It returns at once, without an error, when NOMIS is not configured.
func (p *process) takeTurns(ctx context.Context, record nomisRecord) error {
	api, kept := p.nomis.api, p.kept
	if api == nil {
		return nil
	}
	beat, ended := p.reportListener(ctx, nomis.TurnsConsumer)
	defer ended()
	worker := nomis.NewWorker(nomis.WorkerOptions{
		Turns: turn.New(p.turnOptions(record.handler, npa.Turn)),
		Store: kept, Clock: p.Clock, Logger: p.Logger, Most: p.Config.NOMIS.InFlight, Beat: func(fault error) { beat(faultOfTurns(fault)) },
		Locks:     p.pairLocks,
		Available: api.Available, Probe: api.For(npa.Probe).Ping,
	})
	p.nomis.worker.Store(worker)
	queues, err := p.doorbells(ctx)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return worker.Run(ctx) })
	sweeper := nomis.NewSweeper(nomis.SweeperOptions{
		Deliveries: record.reads, Store: kept, Bell: wakingBell{kept, worker}, Clock: p.Clock, Logger: p.Logger, After: p.Config.NOMIS.Sweep,
	})
	group.Go(func() error { return sweeper.Run(ctx) })
	for _, queue := range queues {
		ringer := nomis.NewRinger(nomis.RingerOptions{Queue: queue, Bell: wakingBell{kept, worker}, Clock: p.Clock, Logger: p.Logger})
		group.Go(func() error { return ringer.Run(ctx) })
	}
	return group.Wait()
}

// doorbells returns the queues whose messages name pairs. One that is not configured is
// not read, with a warning. Errors: an address that is no queue's.
func (p *process) doorbells(ctx context.Context) ([]*nomis.Queue, error) {
	var queues []*nomis.Queue
	for _, q := range []struct{ variable, address string }{
		{"DOMAIN_EVENTS_QUEUE_URL", p.Config.DomainEventsQueueURL}, {"NOMIS_EVENTS_QUEUE_URL", p.Config.NOMISEventsQueueURL},
	} {
		if q.address == "" {
			p.Logger.WarnContext(ctx, "queue not read: its variable is not set", "variable", q.variable)
			continue
		}
		queue, err := nomis.OpenQueue(ctx, q.address)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", q.variable, err)
		}
		queues = append(queues, queue)
	}
	return queues, nil
}

// sleep waits for a time, or returns the error of a context that ends first.
func sleep(ctx context.Context, most time.Duration) error {
	timer := time.NewTimer(most)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// wakingBell wakes the worker of this process with each ring.
type wakingBell struct {
	*store.Store

	worker *nomis.Worker
}

// Ring implements [nomis.Bell].
func (b wakingBell) Ring(ctx context.Context, now time.Time, rings ...store.Ring) error {
	err := b.Store.Ring(ctx, now, rings...)
	if err == nil && len(rings) > 0 {
		b.worker.Wake()
	}
	return err
}
