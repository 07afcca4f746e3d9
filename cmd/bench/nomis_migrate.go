package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"strconv"
	"time"

	"nonassociations/eventstore/postgres"
	"nonassociations/internal/dev/nomisapi"
	"nonassociations/nomis/store"
)

// measureNomisMigrate migrates a stock of pairs from NOMIS, a tenth of it first: memory
// must not grow with the stock. The projection runs meanwhile, as it does in service. The
// baseline reads the same pages and both mirrors of each pair, and does nothing with them.
func measureNomisMigrate(ctx context.Context, s *harness) (row, error) {
	tenth, err := s.migrateStock(ctx, max(1, s.Pairs/10))
	if err != nil {
		return row{}, err
	}
	if err := tenth.nomis.stop(); err != nil {
		return row{}, err
	}
	whole, err := s.migrateStock(ctx, s.Pairs)
	if err != nil {
		return row{}, err
	}
	s.stock = whole.nomis
	s.closers = append(s.closers, func(context.Context) error { return whole.nomis.stop() })
	d := comparison{measured: []measurement{whole.migrated}, baseline: []measurement{whole.read}}
	measured, baseline, ratio := d.rates()
	return row{
		what: fmt.Sprintf("nomis-migrate: a migration of %s pairs from NOMIS, %d calls in flight", thousands(s.Pairs), inFlight), measured: rate(measured),
		beside: fmt.Sprintf("a bare client's reads of the same pages and both mirrors, %d connections", inFlight), baseline: rate(baseline),
		ratio: ratio, results: d.results(),
		note: fmt.Sprintf("nomis-migrate: %s requests in %d sweeps and the turns (bare: %s); peak memory %d MB at %s pairs, %d MB at %s; %s; read model at the end %.2f s later",
			thousands(int(whole.run.Requests)), whole.run.Sweeps, thousands(whole.calls), tenth.peak>>10, thousands(tenth.run.Counts.Total),
			whole.peak>>10, thousands(s.Pairs), d.describeCPU("NOMIS"), whole.lag),
	}, nil
}

// stocked is a stock that was migrated, and then read bare.
type stocked struct {
	nomis          *nomis
	run            store.Migration
	migrated, read measurement
	peak           int     // of the migrating process, in KiB
	calls          int     // of the bare client
	lag            float64 // seconds that the read model needed after the migration
}

// migrateStock makes a NOMIS with so many pairs beside an empty log, migrates it and reads
// it bare. NOMIS goes on running unless there is an error.
func (s *harness) migrateStock(ctx context.Context, pairs int) (_ stocked, err error) {
	where, err := s.storedFacts(ctx, "nomis-migrate-"+strconv.Itoa(pairs))
	if err != nil {
		return stocked{}, err
	}
	m := stocked{}
	if m.nomis, err = s.startNomis(ctx, where, nil, ""); err != nil {
		return stocked{}, err
	}
	s.bystander = m.nomis.process
	defer func() {
		s.bystander = nil
		if err != nil {
			err = errors.Join(err, m.nomis.stop())
		}
	}()
	if _, err = nomisapi.FillAt(ctx, http.DefaultClient, "http://"+m.nomis.address, s.stockOf(pairs)); err != nil {
		return stocked{}, err
	}
	if err = s.waitUntilIdle(ctx); err != nil {
		return stocked{}, err
	}
	if err = s.migrate(ctx, &m); err != nil {
		return stocked{}, err
	}
	if n := m.run.Counts.Created; n != pairs {
		return stocked{}, fmt.Errorf("%d of %d pairs were migrated: %+v", n, pairs, m.run.Counts)
	}
	if err = s.catchUp(ctx, where); err != nil {
		return stocked{}, err
	}
	m.lag, s.lags = s.lags[len(s.lags)-1], nil
	m.read, m.calls, err = s.readStock(ctx, m.nomis, pairs)
	return m, err
}

// stockOf makes up that many pairs. One in four has a closed non-association before the
// open one.
func (s *harness) stockOf(pairs int) iter.Seq[nomisapi.Record] {
	return func(yield func(nomisapi.Record) bool) {
		ended := "2020-03-01"
		for i := range pairs {
			one, other := s.newPair()
			r := nomisapi.Record{
				OffenderNo: one, NSOffenderNo: other, TypeSequence: 1, Reason: "VIC", RecipReason: "PER", Type: "WING",
				EffectiveDate: "2021-07-05", AuthorisedBy: new(authorisedBy), Comment: new(commentText),
			}
			if i%4 == 3 {
				closed := r
				closed.EffectiveDate, closed.ExpiryDate = "2019-07-05", &ended
				r.TypeSequence = 2
				if !yield(closed) {
					return
				}
			}
			if !yield(r) {
				return
			}
		}
	}
}

// migrate runs a migration in a process of its own. Its time is that of the run, without
// the start of the process.
func (s *harness) migrate(ctx context.Context, m *stocked) error {
	before := s.used()
	migrator, err := s.spawn("migrator", self(), m.nomis.environment(), "migrator", "--dsn", m.nomis.where.databaseURL)
	if err != nil {
		return err
	}
	select {
	case err = <-migrator.ended:
	case <-ctx.Done():
		return errors.Join(ctx.Err(), migrator.stop())
	}
	if err != nil {
		return fmt.Errorf("migrator: %w: %s", err, migrator.lastLogLine())
	}
	m.migrated.cpu = s.used().minus(before)
	ended := migrator.command.ProcessState
	m.migrated.cpu.service += (ended.UserTime() + ended.SystemTime()).Seconds()
	if m.peak, err = strconv.Atoi(migrator.lastLogLine()); err != nil {
		return fmt.Errorf("read the memory of the migrator: %w", err)
	}
	kept, err := store.Open(ctx, m.nomis.where.databaseURL)
	if err != nil {
		return err
	}
	defer kept.Close()
	m.run, err = kept.LastMigration(ctx)
	m.migrated.count, m.migrated.seconds = m.run.Counts.Total, m.run.Ended.Sub(m.run.Started).Seconds()
	return err
}

// catchUp waits until the read model shows all of the log.
func (s *harness) catchUp(ctx context.Context, where installation) error {
	log, err := postgres.Open(ctx, where.eventstoreURL, postgres.Options{})
	if err != nil {
		return err
	}
	defer log.Close(context.WithoutCancel(ctx))
	end, err := log.End(ctx)
	if err != nil {
		return err
	}
	s.written(end.Uint64())
	return s.waitUntilIdle(ctx)
}

// inFlight is how many calls of NOMIS are under way at once, on both sides.
const inFlight = 8

// readStock reads what a migration reads: the list of pairs twice, and both mirrors of
// each. It returns how many calls that were.
func (s *harness) readStock(ctx context.Context, n *nomis, pairs int) (measurement, int, error) {
	before, began := s.used(), time.Now()
	reader := &stockReader{nomis: n}
	err := reader.readAll(ctx)
	if err == nil && len(reader.pairs) != pairs {
		err = fmt.Errorf("NOMIS lists %d of %d pairs", len(reader.pairs), pairs)
	}
	return measurement{pairs, time.Since(began).Seconds(), s.used().minus(before)}, int(reader.calls.Load()), err
}
