package app

import (
	"context"
	"errors"
	"io"

	"github.com/google/uuid"

	"nonassociations/commands"
	"nonassociations/nomis/migration"
	"nonassociations/nomis/npa"
	"nonassociations/nomis/store"
	"nonassociations/nomis/turn"
)

// Migrations are the runs of the migration for an operator's command. Close must be
// called.
type Migrations struct {
	migration.Runs

	api *npa.API // nil where NOMIS is not configured
}

// OpenMigrations opens the runs. A run that is started is carried out by nomis work, not
// by this process. Errors: rights that are missing, and an address that cannot be read.
func OpenMigrations(ctx context.Context, o Options) (*Migrations, error) {
	if err := checkAllGrants(ctx, o.Config.requirementsOf(nil, grantsOfMigrationOps)); err != nil {
		return nil, err
	}
	kept, err := store.Open(ctx, o.Config.DatabaseURL)
	if err != nil {
		return nil, err
	}
	m := &Migrations{Runs: migration.Runs{Store: kept, Clock: o.Clock, Logger: o.Logger}}
	if o.Config.NOMIS.APIURL != "" {
		m.api = o.Config.NOMIS.open(o)
		m.NOMIS = m.api.For(npa.Operator)
	}
	return m, nil
}

// Close closes the connections.
func (m *Migrations) Close() {
	m.Store.Close()
	if m.api != nil {
		m.api.Close()
	}
}

// MigrationSheet writes a sample of the pairs of a run as CSV, from NOMIS and from the
// log, and returns how many lines it has below the heading. It changes nothing. Errors: no
// NOMIS_API_URL, and those of [migration.Sheets.Write].
func MigrationSheet(ctx context.Context, o Options, out io.Writer, id uuid.UUID, sample migration.Sample) (lines int, err error) {
	if err := checkAllGrants(ctx, o.Config.requirementsOf(grantsOfLog, grantsOfSheets)); err != nil {
		return 0, err
	}
	if o.Config.NOMIS.APIURL == "" {
		return 0, errors.New("NOMIS_API_URL is not set: a sheet shows NOMIS's own values")
	}
	log, err := openLog(ctx, o.Config, o.Scratch, o.Logger)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, closeLog(log)) }()
	kept, err := store.Open(ctx, o.Config.DatabaseURL)
	if err != nil {
		return 0, err
	}
	defer kept.Close()
	api := o.Config.NOMIS.open(o)
	defer api.Close()
	handler := commands.New(log, commands.Options{Clock: o.Clock, Logger: o.Logger})
	sheets := migration.Sheets{Store: kept, Turns: turn.New(o.turnOptions(handler, api.For(npa.Operator), kept))}
	return sheets.Write(ctx, out, id, sample)
}
