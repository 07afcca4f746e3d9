package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"
)

// verifiedASecond is the goal of the row verify-log in facts a second.
const verifiedASecond = 100_000

// evidenceEnvironment is what signing and checking need besides the stores.
func (s *harness) evidenceEnvironment(where installation) []string {
	return append(s.environment(where, ""), "EVIDENCE_ORIGIN=bench.invalid/evidence",
		"EVIDENCE_KEY_FILE="+filepath.Join(s.dir, where.name+"-evidence.key"), "EVIDENCE_EVERY=1s")
}

// sign makes a key and lets a signer cover the whole log of an installation. count is the
// facts that it covered. Nothing may write meanwhile.
func (s *harness) sign(ctx context.Context, where installation, db *pgx.Conn) (m worked, err error) {
	environment := s.evidenceEnvironment(where)
	if _, _, err := s.command(ctx, environment, "evidence", "key", "new"); err != nil {
		return m, err
	}
	var facts int
	if err := db.QueryRow(ctx, "SELECT count(*) FROM eventstore.events WHERE stream ~ '^(nonAssociation-|prisoner-|switchOver)'").Scan(&facts); err != nil {
		return m, err
	}
	before, began := s.used(), time.Now()
	signer, err := s.spawn("signer-"+where.name, s.Binary, environment, "evidence", "sign")
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, signer.stop()) }()
	err = signer.ready(ctx, func(ctx context.Context) error {
		var size int
		err := db.QueryRow(ctx, "SELECT coalesce(max(size), 0) FROM evidence.head").Scan(&size)
		if err == nil && size < facts {
			err = fmt.Errorf("a head covers %d of %d facts", size, facts)
		}
		return err
	})
	m.measurement = measurement{facts, time.Since(began).Seconds(), s.used().minus(before)}
	pid := signer.command.Process.Pid
	m.cpu.service += statOf(pid).own
	m.peak, _ = peakMemory(pid)
	return m, err
}

// verifyLog checks the whole log of an installation once; count is the facts.
func (s *harness) verifyLog(ctx context.Context, where installation) (worked, error) {
	m, out, err := s.command(ctx, s.evidenceEnvironment(where), "verify", "log", "--json")
	if err != nil {
		return m, err
	}
	var report struct {
		OK    bool `json:"ok"`
		Facts int  `json:"facts"`
	}
	if err := json.Unmarshal(out, &report); err != nil || !report.OK {
		return m, errors.Join(errors.New("the log could not be verified"), err)
	}
	m.count = report.Facts
	return m, nil
}

// readLog is the baseline of verify-log: the same bytes read in the order of the log, with
// nothing done about them.
func readLog(ctx context.Context, db *pgx.Conn) (measurement, error) {
	began, count := time.Now(), 0
	rows, err := db.Query(ctx, "SELECT position, stream, revision, id, type, data, metadata, recorded_at FROM eventstore.events ORDER BY position")
	if err != nil {
		return measurement{}, err
	}
	for rows.Next() {
		_ = rows.RawValues()
		count++
	}
	return measurement{count: count, seconds: time.Since(began).Seconds()}, rows.Err()
}

// measureEvidence signs the log of the other rows, which is the row signing, and then
// verifies it, which is the row verify-log. The service is stopped meanwhile.
func measureEvidence(ctx context.Context, s *harness) (table, error) {
	if err := s.fillLog(ctx); err != nil {
		return table{}, err
	}
	write, err := s.warmRound(ctx, s.syncWorkload(s.Connections))
	if err != nil {
		return table{}, err
	}
	if err := s.waitUntilIdle(ctx); err != nil {
		return table{}, err
	}
	if err := s.stopService(); err != nil {
		return table{}, err
	}
	signed, err := s.sign(ctx, s.inPostgres(), s.db)
	if err != nil {
		return table{}, err
	}
	signing := signingRow(signed, write)
	var d comparison
	peak := 0
	for range (s.Rounds + 1) / 2 {
		verified, err := s.verifyLog(ctx, s.inPostgres())
		if err != nil {
			return table{rows: []row{signing}}, err
		}
		read, err := readLog(ctx, s.db)
		if err != nil {
			return table{}, err
		}
		peak = max(peak, verified.peak)
		d.measured, d.baseline = append(d.measured, verified.measurement), append(d.baseline, read)
	}
	return table{rows: []row{signing, verifyRow(d, peak)}}, nil
}

// signingRow compares the processor time of a fact's leaf and head with that of its write.
// A head a second over a long log is the signer's way of catching up; beside daily writes
// there are at most as many heads.
func signingRow(signed worked, write measurement) row {
	each := func(m measurement) float64 { return (m.cpu.service + m.cpu.postgres) / float64(max(1, m.count)) }
	ours, theirs := each(signed.measurement), each(write)
	ratio := ours / max(theirs, 1e-9)
	d := comparison{measured: []measurement{signed.measurement}, baseline: []measurement{write}}
	return row{
		name: "signing", what: fmt.Sprintf("signing: leaves and heads of %s facts, CPU of the signer and Postgres a fact", thousands(signed.count)),
		measured: fmt.Sprintf("%.1f µs", 1e6*ours), beside: "POST /sync of one new pair, CPU of service and Postgres", baseline: fmt.Sprintf("%.1f µs", 1e6*theirs),
		ratio: ratio, goal: atMost(ratio, 0.05), results: d.results(), numbers: map[string]float64{peakMB: float64(signed.peak) / 1024},
		note: fmt.Sprintf("signing: %s facts, start of the process included; CPU µs a fact: %s; peak memory of the signer %d MB",
			rate(signed.rate()), signed.cpu.each(signed.count, ""), signed.peak>>10),
	}
}

// verifyRow compares the check of the log with a bare read of it.
func verifyRow(d comparison, peak int) row {
	measured, baseline, ratio := d.rates()
	each := costOf(d.measured)
	return row{
		name: "verify-log", what: "verify-log: every fact against leaves, heads and signatures", measured: rate(measured),
		beside: "a bare read of the same rows in the order of the log", baseline: rate(baseline), ratio: ratio,
		goal: goal{text: "≥ " + rate(verifiedASecond), met: measured >= verifiedASecond}, results: d.results(), numbers: map[string]float64{peakMB: float64(peak) / 1024},
		note: fmt.Sprintf("verify-log: start of the process included; CPU µs a fact: service %.1f, Postgres %.1f; peak memory %d MB", each.Service, each.Postgres, peak>>10),
	}
}
