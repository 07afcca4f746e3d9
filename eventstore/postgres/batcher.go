package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"nonassociations/eventstore"
)

// batcher gathers what concurrent callers ask into one question to the
// database: while one group is under way, the next one gathers. A group runs
// under the store's context, so a caller who leaves takes nobody along.
type batcher[Q, A any] struct {
	// limit makes a test of what still fits into one group.
	limit func() (fits func(Q) bool)
	// execute answers a group, one answer a question, or fails as a whole.
	execute func(ctx context.Context, questions []Q) ([]A, error)

	mu      sync.Mutex
	waiting []*job[Q, A]
	closed  bool
	wake    chan struct{} // holds at most one signal
	workers sync.WaitGroup
}

// job is one question of a call.
type job[Q, A any] struct {
	call    *call
	request Q
	answer  A
	err     error
}

// raceTries is how often a group is asked that loses a race against a writer who
// does not take the lock. No question in it is bad; the next time all sees what
// the other has written.
const raceTries = 3

// call is one caller, with one question or many.
type call struct {
	ctx  context.Context //nolint:containedctx // tells a lane that the caller has left
	open atomic.Int64
	done chan struct{} // closed when no question is open
}

func (c *call) answered() {
	if c.open.Add(-1) == 0 {
		close(c.done)
	}
}

// start lets lanes work until close.
func (g *batcher[Q, A]) start(ctx context.Context, lanes int) {
	g.wake = make(chan struct{}, 1)
	for range lanes {
		g.workers.Go(func() { g.run(ctx) })
	}
}

// do asks and waits for all answers, or until ctx ends: then the outcome is
// unknown. The error is the whole call's; each job has its own.
func (g *batcher[Q, A]) do(ctx context.Context, questions []Q) ([]*job[Q, A], error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c := &call{ctx: ctx, done: make(chan struct{})}
	c.open.Store(int64(len(questions)))
	jobs := make([]*job[Q, A], len(questions))
	for i, question := range questions {
		jobs[i] = &job[Q, A]{call: c, request: question}
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
		return nil, ctx.Err() // the lanes may still write to the jobs
	}
}

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

// signal wakes a lane. The caller holds the lock, so the channel is open.
func (g *batcher[Q, A]) signal() {
	select {
	case g.wake <- struct{}{}:
	default:
	}
}

// close refuses later questions and lets the lanes end when none is waiting.
func (g *batcher[Q, A]) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.closed {
		g.closed = true
		close(g.wake)
	}
}

func (g *batcher[Q, A]) run(ctx context.Context) {
	for open := true; open; {
		_, open = <-g.wake
		for group := g.nextBatch(); len(group) > 0; group = g.nextBatch() {
			g.runBatch(ctx, group)
		}
	}
}

// nextBatch takes the next group: what fits, in the order of arrival.
func (g *batcher[Q, A]) nextBatch() []*job[Q, A] {
	g.mu.Lock()
	defer g.mu.Unlock()
	fits := g.limit()
	var group, rest []*job[Q, A]
	for _, job := range g.waiting {
		switch {
		case job.call.ctx.Err() != nil: // the caller has left, and was told so
		case fits(job.request):
			group = append(group, job)
		default:
			rest = append(rest, job)
		}
	}
	g.waiting = rest
	if len(rest) > 0 && !g.closed {
		g.signal() // another lane may be idle
	}
	return group
}

func (g *batcher[Q, A]) runBatch(ctx context.Context, group []*job[Q, A]) {
	err := g.answer(ctx, group)
	for try := 1; try < raceTries && codeOf(err) == eventstore.ErrConflict; try++ { //nolint:errorlint // a sentinel
		err = g.answer(ctx, group)
	}
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

// runSingly asks one by one: a question is bad, and nobody can say which.
func (g *batcher[Q, A]) runSingly(ctx context.Context, group []*job[Q, A]) {
	for i := range group {
		g.runBatch(ctx, group[i:i+1])
	}
}

func (g *batcher[Q, A]) answer(ctx context.Context, group []*job[Q, A]) error {
	questions := make([]Q, len(group))
	for i, job := range group {
		questions[i] = job.request
	}
	ctx, cancel := context.WithTimeout(ctx, groupTimeout)
	defer cancel()
	answers, err := g.execute(ctx, questions)
	if err != nil {
		return err
	}
	for i, job := range group {
		job.answer = answers[i]
	}
	return nil
}

func (g *batcher[Q, A]) fail(group []*job[Q, A], err error) {
	for _, job := range group {
		job.err = err
	}
}

// failWaiting answers all who wait when there is no connection to be had, lest
// each group waits for a time-out of its own.
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
