package main

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"nonassociations/projections"
)

// enoughEvents is how many events a replay reads at least, so that the start of the
// process hardly counts; enoughQuickly is the number for --quick.
const enoughEvents, enoughQuickly = 200_000, 60_000

// measureReplay builds the read model anew from the log of the other rows. A replay
// cannot alternate in short rounds, so there are half as many rounds and each is a
// whole replay. Both sides count rows of the read model.
func measureReplay(ctx context.Context, s *harness) (row, error) {
	if err := s.fillLog(ctx); err != nil {
		return row{}, err
	}
	if err := s.stopService(); err != nil {
		return row{}, err
	}
	var d comparison
	var rows int
	for range (s.Rounds + 1) / 2 {
		took, err := s.replay(ctx)
		if err != nil {
			return row{}, err
		}
		var copied float64
		if rows, copied, err = s.copyRows(ctx); err != nil {
			return row{}, err
		}
		d.measured, d.baseline = append(d.measured, measurement{count: rows, seconds: took}), append(d.baseline, measurement{count: rows, seconds: copied})
	}
	head, err := s.head(ctx)
	if err != nil {
		return row{}, err
	}
	events := float64(head)
	measured, baseline, ratio := d.rates()
	return row{
		what: "replay: the log into an empty read model, rows of it", measured: rate(measured),
		beside: "COPY of the same rows, same indexes", baseline: rate(baseline),
		ratio: ratio, goal: atLeast(ratio, 0.5), results: d.results(),
		note: fmt.Sprintf("replay: %.0f events into %s rows in %.2f s, that is %s events, start of the process included",
			events, thousands(rows), float64(rows)/measured, rate(events*measured/float64(rows))),
	}, nil
}

// head returns the position of the last event. In Postgres positions are dense, so it
// is the number of events too. It fails on an empty log.
func (s *harness) head(ctx context.Context) (uint64, error) {
	var head uint64
	err := s.db.QueryRow(ctx, "SELECT max(position) FROM eventstore.events").Scan(&head)
	return head, err
}

// fillLog migrates for a second at a time until the log has enough events.
func (s *harness) fillLog(ctx context.Context) error {
	if err := s.serve(ctx, s.inPostgres()); err != nil {
		return err
	}
	enough := uint64(enoughEvents)
	if s.Quick {
		enough = enoughQuickly
	}
	for {
		head, err := s.head(ctx)
		if err != nil || head >= enough {
			return err
		}
		if _, err := s.migrateWorkload()(ctx, time.Second); err != nil {
			return err
		}
	}
}

// replay returns the seconds that a projector needs from an empty read model to the end
// of the log. They include the start of the process, because an operator waits for that
// too. The head is read before: nothing writes meanwhile.
func (s *harness) replay(ctx context.Context) (float64, error) {
	if err := projections.Rebuild(ctx, s.dsn, projections.CurrentGeneration); err != nil {
		return 0, err
	}
	if _, err := s.db.Exec(ctx, "CHECKPOINT"); err != nil && s.DatabaseURL == "" {
		return 0, err
	}
	head, err := s.head(ctx)
	if err != nil {
		return 0, err
	}
	where := s.inPostgres()
	where.name = "replay"
	began := time.Now()
	projector, err := s.spawnRole(where, s.environment(where, "127.0.0.1:0"), "project")
	if err != nil {
		return 0, err
	}
	err = projector.ready(ctx, func(ctx context.Context) error { return s.projected(ctx, head) })
	took := time.Since(began).Seconds()
	if stopped := projector.stop(); err == nil {
		err = stopped
	}
	return took, err
}

// projected returns an error until the projector's checkpoint has reached head. It is a
// condition for process.ready.
func (s *harness) projected(ctx context.Context, head uint64) error {
	var at uint64
	if err := s.db.QueryRow(ctx, `SELECT "commit" FROM read_1.checkpoint`).Scan(&at); err != nil {
		return err
	}
	if at < head {
		return fmt.Errorf("the read model is at %d of %d", at, head)
	}
	return nil
}

// copyRows copies every table of the read model except its checkpoint into an empty
// table with the same indexes. It returns the number of rows and the seconds of the
// writing alone: the rows are in memory before the clock starts. Binary COPY is the
// fastest way into Postgres.
func (s *harness) copyRows(ctx context.Context) (count int, seconds float64, err error) {
	found, err := s.db.Query(ctx, `SELECT table_name::text FROM information_schema.tables
		WHERE table_schema = 'read_1' AND table_type = 'BASE TABLE' AND table_name <> 'checkpoint' ORDER BY 1`)
	if err != nil {
		return 0, 0, err
	}
	tables, err := pgx.CollectRows(found, pgx.RowTo[string])
	if err != nil {
		return 0, 0, err
	}
	content := make([]bytes.Buffer, len(tables))
	if _, err := s.db.Exec(ctx, "DROP SCHEMA IF EXISTS bench_read CASCADE; CREATE SCHEMA bench_read"); err != nil {
		return 0, 0, err
	}
	for i, table := range tables {
		if _, err := s.db.Exec(ctx, "CREATE TABLE bench_read."+table+" (LIKE read_1."+table+" INCLUDING ALL)"); err != nil {
			return 0, 0, err
		}
		if _, err := s.db.PgConn().CopyTo(ctx, &content[i], "COPY read_1."+table+" TO STDOUT (FORMAT binary)"); err != nil {
			return 0, 0, err
		}
	}
	if _, err := s.db.Exec(ctx, "CHECKPOINT"); err != nil && s.DatabaseURL == "" {
		return 0, 0, err
	}
	began := time.Now()
	for i, table := range tables {
		tag, err := s.db.PgConn().CopyFrom(ctx, &content[i], "COPY bench_read."+table+" FROM STDIN (FORMAT binary)")
		if err != nil {
			return 0, 0, err
		}
		count += int(tag.RowsAffected())
	}
	return count, time.Since(began).Seconds(), nil
}
