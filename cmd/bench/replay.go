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
	var rows, peak int
	var cost measurement
	for range (s.Rounds + 1) / 2 {
		again, err := s.replay(ctx, s.inPostgres(), s.db)
		if err != nil {
			return row{}, err
		}
		cost = cost.plus(again.measurement)
		peak = max(peak, again.peak)
		var copied float64
		if rows, copied, err = s.copyRows(ctx); err != nil {
			return row{}, err
		}
		d.measured, d.baseline = append(d.measured, measurement{count: rows, seconds: again.seconds, cpu: again.cpu}), append(d.baseline, measurement{count: rows, seconds: copied})
	}
	events := float64(cost.count) / float64(len(d.measured))
	measured, baseline, ratio := d.rates()
	return row{
		what: "replay: the log into an empty read model, rows of it", measured: rate(measured),
		beside: "COPY of the same rows, same indexes", baseline: rate(baseline),
		ratio: ratio, goal: atLeast(ratio, 0.5), results: d.results(),
		numbers: map[string]float64{"rows a fact": float64(rows) / events, peakMB: float64(peak) / 1024},
		note: fmt.Sprintf("replay: %.0f events into %s rows in %.2f s, that is %s events, start of the process included; CPU µs an event: %s; peak memory of the projector %d MB",
			events, thousands(rows), float64(rows)/measured, rate(events*measured/float64(rows)), cost.cpu.each(cost.count, ""), peak>>10),
	}, nil
}

// headOf returns the position of the last event. In Postgres positions are dense, so it
// is the number of events too. It fails on an empty log.
func headOf(ctx context.Context, db *pgx.Conn) (uint64, error) {
	var head uint64
	err := db.QueryRow(ctx, "SELECT max(position) FROM eventstore.events").Scan(&head)
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
		head, err := headOf(ctx, s.db)
		if err != nil || head >= enough {
			return err
		}
		if _, err := s.migrateWorkload()(ctx, time.Second); err != nil {
			return err
		}
	}
}

// replay measures a projector from an empty read model to the end of the log; count is the
// events. It includes the start of the process, because an operator waits for that too.
// The head is read before: nothing writes meanwhile.
func (s *harness) replay(ctx context.Context, where installation, db *pgx.Conn) (worked, error) {
	answering, err := projections.Answering(ctx, where.databaseURL)
	if err != nil {
		return worked{}, err
	}
	if err := projections.Rebuild(ctx, where.databaseURL, answering); err != nil {
		return worked{}, err
	}
	if _, err := db.Exec(ctx, "CHECKPOINT"); err != nil && s.DatabaseURL == "" {
		return worked{}, err
	}
	head, err := headOf(ctx, db)
	if err != nil {
		return worked{}, err
	}
	where.name = "replay"
	before, began := s.used(), time.Now()
	projector, err := s.spawnRole(where, s.environment(where, "127.0.0.1:0"), "project")
	if err != nil {
		return worked{}, err
	}
	err = projector.ready(ctx, func(ctx context.Context) error { return projected(ctx, db, answering, head) })
	m := worked{measurement: measurement{int(head), time.Since(began).Seconds(), s.used().minus(before)}} //nolint:gosec // far below the limit
	pid := projector.command.Process.Pid
	m.cpu.service += statOf(pid).own
	if err == nil {
		m.peak, err = peakMemory(pid)
	}
	if stopped := projector.stop(); err == nil {
		err = stopped
	}
	return m, err
}

// projected returns an error until the projector's checkpoint has reached head. It is a
// condition for process.ready.
func projected(ctx context.Context, db *pgx.Conn, g projections.Generation, head uint64) error {
	var at uint64
	if err := db.QueryRow(ctx, `SELECT "commit" FROM `+g.Schema()+`.checkpoint`).Scan(&at); err != nil {
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
	answering, err := projections.Answering(ctx, s.dsn)
	if err != nil {
		return 0, 0, err
	}
	schema := answering.Schema()
	found, err := s.db.Query(ctx, `SELECT table_name::text FROM information_schema.tables
		WHERE table_schema = $1 AND table_type = 'BASE TABLE' AND table_name <> 'checkpoint' ORDER BY 1`, schema)
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
		if _, err := s.db.Exec(ctx, "CREATE TABLE bench_read."+table+" (LIKE "+schema+"."+table+" INCLUDING ALL)"); err != nil {
			return 0, 0, err
		}
		if _, err := s.db.PgConn().CopyTo(ctx, &content[i], "COPY "+schema+"."+table+" TO STDOUT (FORMAT binary)"); err != nil {
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
