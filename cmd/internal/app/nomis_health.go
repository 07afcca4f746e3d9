package app

import (
	"context"
	"errors"

	"nonassociations/eventstore/consumer/status"
	"nonassociations/nomis"
	"nonassociations/nomis/migration"
	"nonassociations/nomis/npa"
	"nonassociations/nomis/reconcile"
	"nonassociations/nomis/store"
	"nonassociations/nomis/turn"
	"nonassociations/web/shape"
)

// openNOMISTables opens what this process keeps of NOMIS and shows of it, the client of
// NOMIS where that is configured, and the queues. It sends no request. Errors: an address that cannot be read.
func (p *process) openNOMISTables(below context.Context) error {
	tables, err := store.Open(below, p.Config.DatabaseURL)
	if err != nil {
		return err
	}
	p.closers = append(p.closers, infallible(tables.Close))
	p.kept, p.consumers.brake = tables, tables.GetBrake
	if p.Config.NOMIS.APIURL != "" {
		p.nomis.api = p.Config.NOMIS.open(p.Options)
		p.closers = append(p.closers, infallible(p.nomis.api.Close))
		// These run somewhere. A process that runs them replaces this.
		for _, name := range []string{nomis.TurnsConsumer, nomis.SwitchedConsumer, migration.Consumer, reconcile.Consumer} {
			p.consumers.watch(watchedConsumer{name: name})
		}
	}
	p.setNOMISHooks()
	return p.openQueues(below)
}

// nomisFault is why no turns are taken, with its kind.
type nomisFault struct {
	error

	kind status.Kind
}

// Kind makes it an error that has its own kind: see [status.KindOf].
func (f nomisFault) Kind() status.Kind { return f.kind }

// Unwrap returns the cause.
func (f nomisFault) Unwrap() error { return f.error }

// faultOfTurns gives an error of the worker its kind. It returns nil for nil.
func faultOfTurns(err error) error {
	for of, kind := range map[error]status.Kind{
		turn.ErrBraked: status.NOMISRestored, npa.ErrDenied: status.NOMISDenied, npa.ErrUnavailable: status.NOMISAway,
	} {
		if errors.Is(err, of) {
			return nomisFault{err, kind}
		}
	}
	return err
}

// showBrake makes the turns DOWN while the brake is on. It reads the row of the brake and
// not the worker, which forgets at a restart and may be in another process.
func (h *consumerHealth) showBrake(ctx context.Context, all map[string]shape.Consumer) {
	if h.brake == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	brake, err := h.brake(ctx)
	if err != nil {
		h.process.Logger.WarnContext(ctx, "the brake of NOMIS cannot be read", "kind", status.KindOf(err))
		return
	}
	if !brake.IsOn() {
		return
	}
	turns := all[nomis.TurnsConsumer]
	turns.Fault = &shape.ConsumerFault{Category: string(status.NOMISRestored), Since: brake.Since}
	turns.SetUp(false)
	all[nomis.TurnsConsumer] = turns
}
