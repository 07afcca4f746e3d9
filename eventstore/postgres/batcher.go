package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"nonassociations/eventstore"
)

// batcher combines the requests of concurrent callers into one statement: group
// commit for appends, and one query for reads. While one group is executed, the next
// one collects, so a single request is never delayed. A group runs under the store's
// context: a caller that leaves does not cancel the others.
//
// It is our own code: a library such as a dataloader collects for a fixed time, and
// does not retry the requests of a failed group one by one.
type batcher[Q, A any] struct {
	// limit returns a function that reports whether a request still fits into a group.
	limit func() (fits func(Q) bool)
	// execute runs a group. It returns one result per request, or one error for all.
	execute func(ctx context.Context, requests []Q) ([]A, error)

	// mu guards waiting, the jobs that no group has taken yet, and closed.
	mu      sync.Mutex
	waiting []*job[Q, A]
	closed  bool
	// wake holds at most one signal: a worker takes all that fits, however many
	// requests have signalled.
	wake    chan struct{}
	workers sync.WaitGroup
}

// job is one request of a call.
type job[Q, A any] struct {
	call    *call
	request Q
	answer  A
	err     error
}

// raceTries is how often a group is executed that conflicts with a writer which does
// not take the lock. No request of the group is at fault; the next execution sees what
// that writer has written.
const raceTries = 3

// call is one caller with its requests.
type call struct {
	ctx context.Context //nolint:containedctx // shows a worker that the caller has left
	// open is the number of requests without a result; done is closed when it is 0.
	open atomic.Int64
	done chan struct{}
}

// answered counts a result, and wakes the caller with the last one.
func (c *call) answered() {
	if c.open.Add(-1) == 0 {
		close(c.done)
	}
}

// start starts the workers, which run until close.
func (g *batcher[Q, A]) start(ctx context.Context, workers int) {
	g.wake = make(chan struct{}, 1)
	for range workers {
		g.workers.Go(func() { g.run(ctx) })
	}
}

// do submits requests and waits for all results. If the context ends first, their
// outcome is unknown. The error is that of the whole call; each job has its own.
func (g *batcher[Q, A]) do(ctx context.Context, requests []Q) ([]*job[Q, A], error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c := &call{ctx: ctx, done: make(chan struct{})}
	c.open.Store(int64(len(requests)))
	jobs := make([]*job[Q, A], len(requests))
	for i, request := range requests {
		jobs[i] = &job[Q, A]{call: c, request: request}
	}
	if len(jobs) == 0 {
		return nil, nil
	}
	if err := g.submit(jobs); err != nil {
		return nil, err
	}
	select {
	case <-c.done:
		return jobs, nil
	case <-ctx.Done():
		return nil, ctx.Err() // the workers may still write to the jobs
	}
}

// submit queues jobs. It fails once the batcher is closed.
func (g *batcher[Q, A]) submit(jobs []*job[Q, A]) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return fmt.Errorf("%w: closed", eventstore.ErrUnavailable)
	}
	g.waiting = append(g.waiting, jobs...)
	g.signal()
	return nil
}

// signal wakes a worker. The caller holds the lock, so the channel is open.
func (g *batcher[Q, A]) signal() {
	select {
	case g.wake <- struct{}{}:
	default:
	}
}

// close refuses later requests. The workers end when none is waiting.
func (g *batcher[Q, A]) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.closed {
		g.closed = true
		close(g.wake)
	}
}

// run is the loop of a worker.
func (g *batcher[Q, A]) run(ctx context.Context) {
	for open := true; open; {
		_, open = <-g.wake
		for group := g.nextBatch(); len(group) > 0; group = g.nextBatch() {
			g.runBatch(ctx, group)
		}
	}
}

// nextBatch takes the next group: the requests that fit, in the order of arrival.
func (g *batcher[Q, A]) nextBatch() []*job[Q, A] {
	g.mu.Lock()
	defer g.mu.Unlock()
	fits := g.limit()
	var group, rest []*job[Q, A]
	for _, job := range g.waiting {
		switch {
		case job.call.ctx.Err() != nil: // the caller has left with the error of its context
		case fits(job.request):
			group = append(group, job)
		default:
			rest = append(rest, job)
		}
	}
	g.waiting = rest
	if len(rest) > 0 && !g.closed {
		g.signal() // another worker may be idle
	}
	return group
}

// runBatch executes a group and sets the results of its jobs. A group of several that
// Postgres refuses is executed one by one, so that one bad request fails alone.
func (g *batcher[Q, A]) runBatch(ctx context.Context, group []*job[Q, A]) {
	err := g.answer(ctx, group)
	// ErrConflict as the error of a whole group comes only from a writer that bypasses
	// the lock; a conflict of one append is its own outcome.
	for try := 1; try < raceTries && codeOf(err) == eventstore.ErrConflict; try++ { //nolint:errorlint // a sentinel
		err = g.answer(ctx, group)
	}
	// An error with a meaning for the port concerns the server, so it fails the whole
	// group. Any other one is caused by one of the requests.
	switch {
	case err == nil:
	case codeOf(err) != nil || len(group) == 1:
		g.fail(group, err)
		if errors.Is(err, errNoConnection) {
			g.failWaiting(err)
		}
	default:
		g.runSingly(ctx, group)
		return
	}
	for _, job := range group {
		job.call.answered()
	}
}

// runSingly executes the requests one by one, to find the bad one.
func (g *batcher[Q, A]) runSingly(ctx context.Context, group []*job[Q, A]) {
	for i := range group {
		g.runBatch(ctx, group[i:i+1])
	}
}

// answer executes a group within its time limit.
func (g *batcher[Q, A]) answer(ctx context.Context, group []*job[Q, A]) error {
	requests := make([]Q, len(group))
	for i, job := range group {
		requests[i] = job.request
	}
	ctx, cancel := context.WithTimeout(ctx, groupTimeout)
	defer cancel()
	answers, err := g.execute(ctx, requests)
	if err != nil {
		return err
	}
	for i, job := range group {
		job.answer = answers[i]
	}
	return nil
}

// fail gives every job of a group the same error.
func (g *batcher[Q, A]) fail(group []*job[Q, A], err error) {
	for _, job := range group {
		job.err = err
	}
}

// failWaiting fails all waiting requests when no connection can be opened. Otherwise
// each group would wait for the timeout of a connect.
func (g *batcher[Q, A]) failWaiting(err error) {
	g.mu.Lock()
	waiting := g.waiting
	g.waiting = nil
	g.mu.Unlock()
	g.fail(waiting, err)
	for _, job := range waiting {
		job.call.answered()
	}
}
