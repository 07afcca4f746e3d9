package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"nonassociations/domain"
	"nonassociations/internal/dev/estate"
	"nonassociations/web/client"
)

// measureGet reads the lists of a small estate, each about as often. Both sides read
// the same table by primary key; the difference is the price of token, routing and
// headers.
func measureGet(ctx context.Context, s *harness) (row, error) {
	if err := s.serve(ctx, s.inPostgres()); err != nil {
		return row{}, err
	}
	numbers, err := s.loadEstate(ctx)
	if err != nil {
		return row{}, err
	}
	address, err := freeAddress(ctx)
	if err != nil {
		return row{}, err
	}
	handler, err := s.spawn("bare handler", self(), nil, "handler", "--address", address, "--dsn", s.dsn)
	if err != nil {
		return row{}, err
	}
	defer handler.stop() //nolint:errcheck // it only read
	s.bystander = handler
	defer func() { s.bystander = nil }()
	if err := handler.ready(ctx, answers(address, "/non-associations/"+string(numbers[0]), "")); err != nil {
		return row{}, err
	}
	d, err := s.compare(ctx, s.getWorkload(s.address, numbers), s.getWorkload(address, numbers))
	if err != nil {
		return row{}, err
	}
	measured, baseline, ratio := d.rates()
	return row{
		what: fmt.Sprintf("get: GET one list, %d connections", s.Connections), measured: rate(measured),
		beside: "bare net/http + pgx handler, same documents", baseline: rate(baseline),
		ratio: ratio, goal: atLeast(ratio, 0.85), note: s.note("get", d), results: d.results(),
	}, nil
}

// estateOfReads is how many prisoners the row get uses. Its documents fit into the
// shared buffers, so the row measures code and not the disk.
const estateOfReads = 6000

// loadEstate migrates an estate and returns the prisoners with a list. It keeps the
// order of the estate, so that two runs with the same seed read the same lists.
// Requests are sent one by one: the loading is not measured.
func (s *harness) loadEstate(ctx context.Context) ([]domain.PrisonerNumber, error) {
	e, err := estate.New(estate.Options{Seed: 1, Prisoners: estateOfReads})
	if err != nil {
		return nil, err
	}
	c := client.New(client.Options{BaseURL: "http://" + s.address, Token: client.StaticToken(s.token)})
	seen := map[domain.PrisonerNumber]bool{}
	for request := range e.SyncRequests() {
		synced, err := c.Migrate(ctx, client.Correlation{}, request)
		if err != nil {
			return nil, err
		}
		s.written(synced.Position)
		seen[request.PrisonerNumber] = true
		for _, item := range request.NonAssociations {
			seen[item.PrisonerNonAssociation.PrisonerNumber] = true
		}
	}
	numbers := make([]domain.PrisonerNumber, 0, len(seen))
	for _, p := range e.Prisoners {
		if seen[p.Number] {
			numbers = append(numbers, p.Number)
		}
	}
	return numbers, nil
}

// getWorkload reads lists from an address. Both sides get the same bytes, token
// included; only one of them verifies it.
func (s *harness) getWorkload(address string, numbers []domain.PrisonerNumber) workload {
	template := newRequest(http.MethodGet, "/non-associations/"+placeholder, s.token, nil)
	return func(ctx context.Context, d time.Duration) (measurement, error) {
		return s.runWorkers(ctx, s.Connections, d, func(ctx context.Context) (func() (int, error), func(), error) {
			w, err := dial(ctx, address)
			if err != nil {
				return nil, nil, err
			}
			own := template.clone()
			turn := func() (int, error) {
				own.fill(0, string(numbers[rand.IntN(len(numbers))])) //nolint:gosec // a spread, no secret
				got, err := w.do(own.bytes)
				if err == nil && got.status != http.StatusOK {
					err = fmt.Errorf("GET answers %d", got.status)
				}
				return 1, err
			}
			return turn, w.close, nil
		})
	}
}
