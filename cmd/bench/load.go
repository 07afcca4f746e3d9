package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// worker prepares one of several concurrent loops. turn does one step and returns the
// number of its operations. done releases the connection. Each loop has its own turn,
// which need not be safe for concurrent use.
type worker func(ctx context.Context) (turn func() (int, error), done func(), err error)

// runWorkers runs n workers until d is over, each for one turn at least, and returns what
// they did. The clock stops
// with the last turn, so that a turn that began in time counts with its whole duration.
// Connections are opened before the clock starts. The first error ends all loops and is
// returned: a round with errors is no measurement.
func (s *harness) runWorkers(ctx context.Context, n int, d time.Duration, prepare worker) (measurement, error) {
	group, ctx := errgroup.WithContext(ctx)
	var count atomic.Int64
	turns := []func() (int, error){}
	for range n {
		turn, done, err := prepare(ctx)
		if err != nil {
			return measurement{}, err
		}
		defer done()
		turns = append(turns, turn)
	}
	before, began := s.used(), time.Now()
	for _, turn := range turns {
		group.Go(func() error {
			for once := true; once || time.Since(began) < d; once = false {
				did, err := turn()
				if err != nil {
					return err
				}
				count.Add(int64(did))
				if ctx.Err() != nil {
					return ctx.Err()
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return measurement{}, err
	}
	took := time.Since(began).Seconds()
	return measurement{int(count.Load()), took, s.used().minus(before)}, nil
}

// postWorker returns a worker that posts new pairs, one request a turn. fill writes the
// numbers of unused pairs into the worker's own copy of the template.
func (s *harness) postWorker(template request, pairs int, fill func(request)) worker {
	return func(ctx context.Context) (func() (int, error), func(), error) {
		w, err := dial(ctx, s.address)
		if err != nil {
			return nil, nil, err
		}
		own := template.clone()
		turn := func() (int, error) {
			fill(own)
			return pairs, s.post(w, own)
		}
		return turn, w.close, nil
	}
}

// post sends a request until it is accepted. 503 is retried at once, as a client under
// load would, and the lost time counts. Any other status and the twentieth 503 are
// errors.
func (s *harness) post(w *httpConn, r request) error {
	for range 20 {
		got, err := w.do(r.bytes)
		if err != nil {
			return err
		}
		switch got.status {
		case http.StatusOK, http.StatusCreated:
			s.written(got.position)
			return nil
		case http.StatusServiceUnavailable:
			s.busy.Add(1)
		default:
			return fmt.Errorf("the service answers %d", got.status)
		}
	}
	return errors.New("the service is busy for too long")
}

// written stores the highest acknowledged position, for waitUntilIdle. It is a
// lock-free maximum: responses arrive on many connections in any order.
func (s *harness) written(position uint64) {
	for {
		old := s.position.Load()
		if position <= old || s.position.CompareAndSwap(old, position) {
			return
		}
	}
}
