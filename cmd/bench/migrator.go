package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"nonassociations/cmd/internal/app"
	"nonassociations/commands"
	"nonassociations/eventstore/postgres"
	"nonassociations/internal/pg/lease"
	"nonassociations/nomis/migration"
	"nonassociations/nomis/npa"
	"nonassociations/nomis/store"
	"nonassociations/nomis/turn"
)

// migratorCmd carries out one migration from the NOMIS of its environment in a process of
// its own, so that its memory can be told. It prints its peak in KiB. The harness spawns
// it.
type migratorCmd struct {
	DSN string `name:"dsn" required:""`
}

// Run requests a migration of all pairs and returns when it has ended.
func (c migratorCmd) Run(ctx context.Context) error {
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		return err
	}
	environment := app.Environment()
	app.TuneGC(environment)
	clock := func() time.Time { return time.Now().In(london) }
	log, err := postgres.Open(ctx, c.DSN, postgres.Options{})
	if err != nil {
		return err
	}
	defer log.Close(context.WithoutCancel(ctx))
	kept, err := store.Open(ctx, c.DSN)
	if err != nil {
		return err
	}
	defer kept.Close()
	api := npa.New(npa.Options{URL: environment["NOMIS_API_URL"], Clock: clock, InFlight: inFlight, Credentials: &npa.Credentials{
		TokenURL: environment["NOMIS_API_TOKEN_URL"], ClientID: nomisClient, ClientSecret: nomisSecret,
	}})
	defer api.Close()
	if err := c.carry(ctx, kept, api, commands.New(log, commands.Options{Clock: clock}), clock); err != nil {
		return err
	}
	peak, err := peakMemory()
	fmt.Println(peak)
	return err
}

// carry requests a run and carries it out.
func (c migratorCmd) carry(ctx context.Context, kept *store.Store, api *npa.API, handler *commands.Handler, clock func() time.Time) error {
	logger := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	runs := &migration.Runs{Store: kept, NOMIS: api.For(npa.Operator), Clock: clock, Logger: logger}
	run, err := runs.Start(ctx, migration.Order{By: user})
	if err != nil {
		return err
	}
	runner := migration.NewRunner(migration.Options{
		Store: kept, API: api, InFlight: inFlight, Clock: clock, Logger: logger,
		Turns: turn.Options{
			Record: handler, Rules: handler, Store: kept, Clock: clock, Logger: logger, DeleteAfter: time.Hour,
			Pause: func(context.Context) error { return errors.New("the mirrors of this stock do not disagree") },
		},
		Locks: func(ctx context.Context) (*store.PairLocks, error) { return store.OpenPairLocks(ctx, c.DSN) },
		Exclusively: func(ctx context.Context, do func(context.Context)) error {
			return lease.With(ctx, c.DSN, "nomis migration", logger, do)
		},
	})
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- runner.Run(running) }()
	err = c.untilEnded(ctx, run.ID)
	stop()
	return errors.Join(err, <-ended)
}

// untilEnded polls for the end of a run. The row alone is read: its counts would take
// more time, the longer the run.
func (c migratorCmd) untilEnded(ctx context.Context, id uuid.UUID) error {
	conn, err := pgx.Connect(ctx, c.DSN)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for ended := false; !ended; {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		if err := conn.QueryRow(ctx, `SELECT ended_at IS NOT NULL FROM nomis.migration WHERE id = $1`, id).Scan(&ended); err != nil {
			return err
		}
	}
	return nil
}

// peakMemory returns the most memory that this process has had, in KiB, and 0 on a system
// without /proc. The usage that wait(2) tells would contain the parent's.
func peakMemory() (int, error) {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, nil //nolint:nilerr // as said above
	}
	_, text, found := bytes.Cut(text, []byte("VmHWM:"))
	if !found {
		return 0, nil
	}
	var peak int
	_, err = fmt.Sscan(string(text), &peak)
	return peak, err
}
