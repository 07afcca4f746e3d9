package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"nonassociations/domain"
	"nonassociations/internal/dev/estate"
	"nonassociations/internal/dev/prisonersearch"
)

// everybody is a directory that has every prisoner, all in one prison.
type everybody struct{}

// Find implements [prisonersearch.Estate].
func (everybody) Find(number domain.PrisonerNumber) (estate.Prisoner, bool) {
	return estate.Prisoner{Number: number, FirstName: "Bra", LastName: "Snokdle", PrisonID: "XAA", PrisonName: "Example A (HMP)"}, true
}

// People implements [prisonersearch.Estate]. Nobody searches here.
func (everybody) People() []estate.Prisoner { return nil }

// measureNomisWrite measures how long NOMIS does not have what staff wrote: from the
// acknowledgement until both of its rows are committed. Between the two are the
// publisher, the queue of our own domain events and the turn. Writes come one after the
// other, every second one a change of an earlier record. The baseline makes the same
// calls of NOMIS's API and knows beforehand what to write.
func measureNomisWrite(ctx context.Context, s *harness) (_ row, err error) {
	w, stop, err := s.newNomisWriter(ctx)
	defer func() { err = errors.Join(err, stop()) }()
	if err != nil {
		return row{}, err
	}
	var served, bare []float64
	for range s.Rounds {
		if err = s.waitUntilIdle(ctx); err != nil {
			return row{}, err
		}
		if served, err = repeat(served, s.Looks/s.Rounds, func() (float64, error) { return w.staff.next(ctx, w.told.has) }); err != nil {
			return row{}, err
		}
		if bare, err = repeat(bare, s.Looks/s.Rounds, func() (float64, error) { return w.bare.next(ctx, w.told.has) }); err != nil {
			return row{}, err
		}
	}
	ratio := quantile(served, 0.99) / quantile(bare, 0.99)
	return row{
		what: "nomis-write: staff's POST or PATCH acknowledged until NOMIS has it, p50 / p99", measured: times(served),
		beside: "both mirrors read and the same POST or PUT made bare, until NOMIS has it, p50 / p99", baseline: times(bare),
		ratio: ratio, results: latencies(served, bare),
		note: fmt.Sprintf("nomis-write: the ratio is that of the p99, over %d writes; POST %s, PATCH %s; the bare calls with both mirrors read back %s",
			len(served), times(w.staff.opened), times(w.staff.amended), times(w.whole)),
	}, nil
}

// nomisWriter has both ways to write to NOMIS, and what tells when NOMIS has it.
type nomisWriter struct {
	staff, bare alternating
	told        *nomisTold
	whole       []float64 // seconds of the bare calls with the reads behind them
}

// newNomisWriter starts the stand-in for NOMIS, a publisher, a listener and the queues
// between them. stop ends them, also after an error.
func (s *harness) newNomisWriter(ctx context.Context) (w *nomisWriter, stop func() error, err error) {
	var stops []func() error
	stop = func() error {
		var all []error
		for i := range stops {
			all = append(all, stops[len(stops)-1-i]())
		}
		return errors.Join(all...)
	}
	people, err := prisonersearch.Serve(ctx, everybody{})
	if err != nil {
		return nil, stop, err
	}
	s.directory = people.URL()
	stops = append(stops, people.Stop, func() error { s.directory = ""; return s.stopService() })
	sink, err := s.newSNSSink(ctx)
	if err != nil {
		return nil, stop, err
	}
	where, err := s.storedFacts(ctx, "nomis-write")
	if err != nil {
		return nil, stop, err
	}
	ours, changes, merges := sink.Queue("domain-events"), sink.Queue("nomis-events"), sink.Queue("prisoner-events")
	if err := sink.Subscribe(sink.arn, "domain-events", false, ""); err != nil {
		return nil, stop, err
	}
	n, err := s.startNomis(ctx, where, sink, changes)
	if err != nil {
		return nil, stop, err
	}
	stops = append(stops, n.stop)
	publisher, err := s.spawn("publisher", s.Binary, s.publisherRow(sink, where), "publish")
	if err != nil {
		return nil, stop, err
	}
	stops = append(stops, publisher.stop)
	environment := append(append(s.environment(where, ""), sink.environment()...), n.environment()...)
	environment = append(environment, "DOMAIN_EVENTS_QUEUE_URL="+ours, "NOMIS_EVENTS_QUEUE_URL="+changes, "PRISONER_EVENTS_QUEUE_URL="+merges)
	listening, err := s.spawn("listener", s.Binary, environment, "nomis", "listen")
	if err != nil {
		return nil, stop, err
	}
	stops = append(stops, listening.stop)
	w = &nomisWriter{staff: alternating{by: "staff"}, bare: alternating{by: "the bare client"}}
	if w.told, err = newNomisTold(ctx, where.databaseURL); err != nil {
		return nil, stop, err
	}
	stops = append(stops, w.told.close)
	w.staff.do = s.byStaff()
	calls, err := s.newBareCalls(ctx, n)
	if err != nil {
		return nil, stop, err
	}
	stops = append(stops, calls.close)
	w.bare.do = calls.write
	w.bare.behind = func(began time.Time, of record) error {
		err := calls.readBoth(of)
		w.whole = append(w.whole, time.Since(began).Seconds())
		return err
	}
	return w, stop, nil
}
