package main

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/eventstore/postgres"
	"nonassociations/internal/dev/nomisapi"
	"nonassociations/nomis/store"
)

// measureNomisMigrate migrates a stock of pairs from NOMIS, a tenth of it first: memory
// must not grow with the stock. The projection runs meanwhile, as it does in service. The
// baseline reads the same pages and both mirrors of each pair, and does nothing with them.
func measureNomisMigrate(ctx context.Context, s *harness) (row, error) {
	tenth, whole, err := s.migratedStocks(ctx)
	if err != nil {
		return row{}, err
	}
	read, calls, err := s.readStock(ctx, whole)
	if err != nil {
		return row{}, err
	}
	bytes, err := bytesOf(ctx, whole.nomis.where.databaseURL, "nomis")
	if err != nil {
		return row{}, err
	}
	d := comparison{measured: []measurement{whole.migrated.measurement}, baseline: []measurement{read}}
	measured, baseline, ratio := d.rates()
	return row{
		what: fmt.Sprintf("nomis-migrate: a migration of %s pairs from NOMIS, %d calls in flight", thousands(s.Pairs), inFlight), measured: rate(measured),
		beside: besideStock, baseline: rate(baseline), ratio: ratio, results: d.results(),
		numbers: map[string]float64{
			requestsAPair: float64(whole.run.Requests) / float64(s.Pairs), "bytes a pair": float64(bytes) / float64(s.Pairs), peakMB: float64(whole.migrated.peak) / 1024,
		},
		note: fmt.Sprintf("nomis-migrate: %s requests in %d sweeps and the turns (bare: %s); %s; %s; read model at the end %.2f s later",
			thousands(int(whole.run.Requests)), whole.run.Sweeps, thousands(calls), peaks(tenth.migrated, whole.migrated), d.describeCPU("NOMIS"), whole.lag),
	}, nil
}

// besideStock is what migrations and reconciliations are compared with.
var besideStock = fmt.Sprintf("a bare client's reads of the same pages and both mirrors, %d connections", inFlight)

// peaks describes the most memory of two processes with different amounts of work.
func peaks(less, more worked) string {
	return fmt.Sprintf("peak memory of nomis work %d MB at %s pairs, %d MB at %s", less.peak>>10, thousands(less.count), more.peak>>10, thousands(more.count))
}

// stock is what a NOMIS of its own has, and its migration beside an empty log.
type stock struct {
	nomis    *nomis
	pairs    int
	records  int
	run      store.Migration
	migrated worked
	lag      float64 // seconds that the read model needed after the migration
}

// migratedStocks returns a tenth of the stock and the whole of it, migrated. The first row
// that needs them makes them. Their NOMIS ends with the run.
func (s *harness) migratedStocks(ctx context.Context) (tenth, whole *stock, err error) {
	for _, pairs := range []int{max(1, s.Pairs/10), s.Pairs}[len(s.stocks):] {
		made, err := s.migrateStock(ctx, pairs)
		if err != nil {
			return nil, nil, err
		}
		s.stocks = append(s.stocks, made)
	}
	return s.stocks[0], s.stocks[1], nil
}

// migrateStock makes a NOMIS with so many pairs beside an empty log and migrates it.
func (s *harness) migrateStock(ctx context.Context, pairs int) (*stock, error) {
	where, err := s.storedFacts(ctx, "nomis-migrate-"+strconv.Itoa(pairs))
	if err != nil {
		return nil, err
	}
	m := &stock{pairs: pairs}
	if m.nomis, err = s.startNomis(ctx, where, nil, ""); err != nil {
		return nil, err
	}
	s.closers = append(s.closers, func(context.Context) error { return m.nomis.stop() })
	if m.records, err = nomisapi.FillAt(ctx, http.DefaultClient, "http://"+m.nomis.address, s.stockOf(pairs)); err != nil {
		return nil, err
	}
	if err = s.waitUntilIdle(ctx); err != nil {
		return nil, err
	}
	if err = s.migrate(ctx, m); err != nil {
		return nil, err
	}
	if n := m.run.Counts.Created; n != pairs {
		return nil, fmt.Errorf("%d of %d pairs were migrated: %+v", n, pairs, m.run.Counts)
	}
	if err = s.catchUp(ctx, where); err != nil {
		return nil, err
	}
	m.lag, s.lags = s.lags[len(s.lags)-1], nil
	return m, nil
}

// migrate requests a migration of a stock and measures the process that carries it out.
// Its time is that of the run, from the request on.
func (s *harness) migrate(ctx context.Context, m *stock) error {
	kept, err := store.Open(ctx, m.nomis.where.databaseURL)
	if err != nil {
		return err
	}
	defer kept.Close()
	id := uuid.New()
	m.migrated, err = s.work(ctx, m.nomis, work{
		name: fmt.Sprintf("work-migrate-%d", m.pairs),
		request: func() error {
			now := time.Now()
			return kept.StartMigration(ctx, store.Migration{ID: id, Label: string(domain.Local(now)), RequestedBy: user, Started: now, Estimated: m.pairs})
		},
		ended: `SELECT ended_at IS NOT NULL FROM nomis.migration WHERE id = $1`, id: id,
	})
	if err != nil {
		return err
	}
	m.run, err = kept.Migration(ctx, id)
	m.migrated.count, m.migrated.seconds = m.run.Counts.Total, m.run.Ended.Sub(m.run.Started).Seconds()
	return err
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

// readStock reads what a migration or a reconciliation reads: the list of pairs twice, and
// both mirrors of each. It returns how many calls that were.
func (s *harness) readStock(ctx context.Context, of *stock) (measurement, int, error) {
	if err := s.waitUntilIdle(ctx); err != nil {
		return measurement{}, 0, err
	}
	s.bystander = of.nomis.process
	defer func() { s.bystander = nil }()
	before, began := s.used(), time.Now()
	reader := &stockReader{nomis: of.nomis}
	err := reader.readAll(ctx)
	if err == nil && len(reader.pairs) != of.pairs {
		err = fmt.Errorf("NOMIS lists %d of %d pairs", len(reader.pairs), of.pairs)
	}
	return measurement{of.pairs, time.Since(began).Seconds(), s.used().minus(before)}, int(reader.calls.Load()), err
}
