package main

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"nonassociations/domain"
	"nonassociations/internal/dev/estate"
)

// migratedPairs is the goal of the row in pairs a second. It is absolute and no ratio,
// because the migration has to end within a limited time.
const migratedPairs = 10_000

// measureMigrate creates many new pairs with each request. The baseline commits as many
// rows of the same size with one COPY, the fastest way into Postgres.
func measureMigrate(ctx context.Context, s *harness) (row, error) {
	if err := s.serve(ctx, s.inPostgres()); err != nil {
		return row{}, err
	}
	if err := s.rawTable(ctx); err != nil {
		return row{}, err
	}
	d, err := s.compare(ctx, s.migrateWorkload(), s.copyWorkload())
	if err != nil {
		return row{}, err
	}
	measured, baseline, ratio := d.rates()
	return row{
		what:     fmt.Sprintf("migrate: POST /migrate, %d new pairs a request, %d connections", s.Bulk, s.Migrators),
		measured: rate(measured),
		beside:   fmt.Sprintf("COPY + commit of %d such rows, %d connections", s.Bulk, s.Migrators), baseline: rate(baseline),
		ratio: ratio, goal: goal{text: "≥ " + rate(migratedPairs), met: measured >= migratedPairs}, note: s.note("migrate", d), results: d.results(),
	}, nil
}

// bulkNumbers is the index of this row's first prisoner number. The other rows count
// from 0 and never reach it, so every pair here is new.
const bulkNumbers = 80_000_000

// migrateWorkload posts Bulk pairs of one prisoner a turn. A request takes Bulk+1
// consecutive numbers: one prisoner and the others of the pairs.
func (s *harness) migrateWorkload() workload {
	template := s.syncRequests("/migrate", s.Bulk)
	fill := func(r request) {
		// New prisoners on both sides, so that every pair is new.
		first := bulkNumbers + s.bulks.Add(1)*uint64(s.Bulk+1) //nolint:gosec // small and positive
		for i := range s.Bulk + 1 {
			r.fill(i, string(estate.Number(first+uint64(i))))
		}
	}
	return func(ctx context.Context, d time.Duration) (measurement, error) {
		return s.runWorkers(ctx, s.Migrators, d, s.postWorker(template, s.Bulk, fill))
	}
}

// copyWorkload commits as many rows a turn as migrateWorkload sends pairs.
func (s *harness) copyWorkload() workload {
	columns := []string{"stream", "revision", "id", "type", "data", "metadata"}
	return func(ctx context.Context, d time.Duration) (measurement, error) {
		return s.runWorkers(ctx, s.Migrators, d, func(ctx context.Context) (func() (int, error), func(), error) {
			conn, err := pgx.Connect(ctx, s.dsn)
			if err != nil {
				return nil, nil, err
			}
			turn := func() (int, error) {
				rows := pgx.CopyFromSlice(s.Bulk, func(int) ([]any, error) {
					one, other := s.newPair()
					return []any{
						domain.StreamPrefix + one + "_" + other, int64(0), [16]byte(uuid.New()),
						s.sample.eventType, s.sample.data, s.sample.metadata,
					}, nil
				})
				_, err := conn.CopyFrom(ctx, pgx.Identifier{"bench", "raw"}, columns, rows)
				return s.Bulk, err
			}
			return turn, func() { _ = conn.Close(context.WithoutCancel(ctx)) }, nil
		})
	}
}
