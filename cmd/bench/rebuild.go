package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"nonassociations/internal/dev/estate"
)

// besideRebuild is how many connections write, and how many read, while a rebuild works.
const besideRebuild = 4

// rebuilt is what `rebuild --json` prints, as far as it is needed.
type rebuilt struct {
	Status string `json:"status"`
	Facts  int    `json:"facts"`
	Tables []struct {
		Rows int `json:"rows"`
	} `json:"tables"`
}

// rows returns the rows of all tables.
func (r rebuilt) rows() int {
	sum := 0
	for _, t := range r.Tables {
		sum += t.Rows
	}
	return sum
}

// measureRebuild rebuilds the read model of the log of the other rows, while others write
// and read. As with replay, each round is a whole one. The baseline copies the rows that
// came out, and nothing else works beside it.
func measureRebuild(ctx context.Context, s *harness) (row, error) {
	if err := s.fillLog(ctx); err != nil {
		return row{}, err
	}
	var d comparison
	var beside besides
	var peak, facts int
	for range (s.Rounds + 1) / 2 {
		if err := s.waitUntilIdle(ctx); err != nil {
			return row{}, err
		}
		again, report, err := s.rebuildBeside(ctx, &beside)
		if err != nil {
			return row{}, err
		}
		peak, facts = max(peak, again.peak), report.Facts
		rows, copied, err := s.copyRows(ctx)
		if err != nil {
			return row{}, err
		}
		d.measured = append(d.measured, again.measurement)
		d.baseline = append(d.baseline, measurement{count: rows, seconds: copied})
	}
	measured, baseline, ratio := d.rates()
	return row{
		what:     fmt.Sprintf("rebuild: the log into the next generation beside %d writers and %d readers, rows of it", besideRebuild, besideRebuild),
		measured: rate(measured), beside: "COPY of the same rows, same indexes, nothing beside it", baseline: rate(baseline),
		ratio: ratio, goal: goal{text: "≥ 0.50, no failed read", met: ratio >= 0.5 && beside.failed.Load() == 0}, results: d.results(),
		numbers: map[string]float64{"failed reads": float64(beside.failed.Load()), "reads": float64(beside.reads.Load()), peakMB: float64(peak) / 1024},
		note: fmt.Sprintf("rebuild: %s facts, start of the process and comparison with the live rows included; meanwhile %s writes and %s reads, of which %d failed; peak memory %d MB",
			thousands(facts), thousands(int(beside.writes.Load())), thousands(int(beside.reads.Load())), beside.failed.Load(), peak>>10),
	}, nil
}

// besides counts what went on beside rebuilds.
type besides struct{ writes, reads, failed atomic.Int64 }

// rebuildBeside rebuilds once. Writers and readers begin before it and end behind it.
func (s *harness) rebuildBeside(ctx context.Context, beside *besides) (worked, rebuilt, error) {
	working, stop := context.WithCancel(ctx)
	defer stop()
	group, working := errgroup.WithContext(working)
	for range besideRebuild {
		group.Go(func() error { return s.writeUntil(working, &beside.writes) })
		group.Go(func() error { return s.readUntil(working, beside) })
	}
	m, out, err := s.command(ctx, s.environment(s.inPostgres(), ""), "rebuild", "--json")
	stop()
	if besideErr := group.Wait(); err == nil {
		err = besideErr
	}
	if err != nil {
		return m, rebuilt{}, err
	}
	var report rebuilt
	if err := json.Unmarshal(out, &report); err != nil {
		return m, report, fmt.Errorf("read the report of the rebuild: %w", err)
	}
	if report.Status != "FLIPPED" {
		return m, report, fmt.Errorf("the rebuild ended with %s", report.Status)
	}
	m.count = report.rows()
	return m, report, nil
}

// writeUntil posts new pairs, one after the other, until ctx ends.
func (s *harness) writeUntil(ctx context.Context, count *atomic.Int64) error {
	w, err := dial(ctx, s.address)
	if err != nil {
		return err
	}
	defer w.close()
	r := s.syncRequests("/sync", 1)
	for ctx.Err() == nil {
		s.fillPair(r)
		if err := s.post(w, r); err != nil {
			return err
		}
		count.Add(1)
	}
	return nil
}

// readUntil reads lists until ctx ends. An answer other than 200, or one of a lower
// position than the one before it, is a failed read.
func (s *harness) readUntil(ctx context.Context, beside *besides) error {
	w, err := dial(ctx, s.address)
	if err != nil {
		return err
	}
	defer w.close()
	r := newRequest(http.MethodGet, "/non-associations/"+placeholder, s.token, nil)
	var last uint64
	for ctx.Err() == nil {
		r.fill(0, string(estate.Number(rand.Uint64N(1000)))) //nolint:gosec // a spread, no secret
		got, err := w.do(r.bytes)
		if err != nil {
			return err
		}
		beside.reads.Add(1)
		if got.status != http.StatusOK || got.position < last {
			beside.failed.Add(1)
		}
		last = max(last, got.position)
		time.Sleep(time.Millisecond) // readers must not take the processors from what is measured
	}
	return nil
}
