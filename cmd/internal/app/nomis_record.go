package app

import (
	"context"

	"nonassociations/commands"
	"nonassociations/nomis/npa"
	"nonassociations/nomis/store"
	"nonassociations/nomis/turn"
	"nonassociations/queries"
)

// nomisRecord is the record as the work for NOMIS uses it.
type nomisRecord struct {
	reads     *queries.Reader
	handler   *commands.Handler
	directory directoryParts
	close     func()
}

// openRecord returns the record. A process that also answers requests shares what it has; any other
// opens its own, which close closes. Errors: an address that cannot be read.
func (p *process) openRecord(below context.Context) (nomisRecord, error) {
	if p.Roles.answers() {
		return nomisRecord{p.reads, p.commands, p.directory, func() {}}, nil
	}
	reads, err := queries.Open(below, p.Config.readDSN(), queries.Options{Logger: p.Logger})
	if err != nil {
		return nomisRecord{}, err
	}
	p.nomis.reads.Store(reads)
	directory := openDirectory(below, p.Config.Edge.Search, p.Clock, p.Logger)
	handler := commands.New(p.log, commands.Options{Clock: p.Clock, Locator: reads, Places: directory.places, Logger: p.Logger})
	return nomisRecord{reads, handler, directory, func() { directory.close(); reads.Close() }}, nil
}

// turnHandler is what turns use of [commands.Handler].
type turnHandler interface {
	turn.Record
	turn.Rules
}

// turnOptions returns what turns depend on. Their requests to NOMIS are counted under
// cause.
func (p *process) turnOptions(handler turnHandler, cause npa.Cause) turn.Options {
	return p.Options.turnOptions(handler, p.nomis.api.For(cause), p.kept)
}

// turnOptions returns what turns depend on.
func (o Options) turnOptions(handler turnHandler, client turn.NOMIS, kept *store.Store) turn.Options {
	return turn.Options{
		Record: handler, Rules: handler, NOMIS: client, Store: kept, Clock: o.Clock, Logger: o.Logger,
		DeleteAfter: o.Config.NOMIS.DeleteAfter, Pause: func(ctx context.Context) error { return sleep(ctx, mirrorsPause) },
	}
}

// pairLocks opens a session that holds the locks of pairs.
func (p *process) pairLocks(ctx context.Context) (*store.PairLocks, error) {
	return store.OpenPairLocks(ctx, p.Config.DatabaseURL)
}
