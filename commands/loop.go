package commands

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"nonassociations/domain"
	"nonassociations/eventstore"
)

const (
	// maxPairsPerRound bounds how many pairs one request holds in the queue, and with it
	// how much one round trip to the store carries.
	maxPairsPerRound = 128

	// maxConcurrentRounds is how often a group is gone through while others wait behind it:
	// a pair that does not get on must not take their time.
	maxConcurrentRounds = 4
)

// job is one command on one pair on its way through the loop.
type job struct {
	pair       domain.Pair
	command    domain.Command
	complete   func(domain.State) domain.Command // the command as this state completes it; nil: as it is
	by         domain.Cause
	assumedNew bool // the pair, so that it is worth a guess

	step     step
	held     bool  // the turn of the pair
	err      error // a fault of this pair alone
	decision domain.Decision
	append   eventstore.Append
	after    domain.State        // as the decision leaves it
	at       time.Time           // when it was decided
	revision int64               // of the last fact in after; -1 when there is none
	position eventstore.Position // of its last fact; the zero Position when it is not known
}

// step says what a job needs next.
type step int

const (
	toLoad   step = iota // load, fold, decide
	toAppend             // send this very append, perhaps again
	done                 // or failed
)

// run takes the jobs through the loop, in groups by sorted stream, and answers
// with a position that covers all of them. A fault stays with its pair: the
// others go on, and then the first fault in the order of the request is told.
func (h *Handler) run(ctx context.Context, jobs []*job) (eventstore.Position, error) {
	ctx, cancel := context.WithTimeout(ctx, h.timeout)
	defer cancel()
	sorted := slices.Clone(jobs)
	slices.SortFunc(sorted, func(a, b *job) int { return cmp.Compare(a.pair.Stream(), b.pair.Stream()) })
	h.runSorted(ctx, sorted)
	for _, j := range jobs {
		if j.err != nil {
			return eventstore.Position{}, j.err
		}
	}
	return h.cover(ctx, jobs)
}

// runSorted returns when every job is done or has failed. One that does not get
// on while others wait stands back until they had their turn.
func (h *Handler) runSorted(ctx context.Context, sorted []*job) {
	for wait := newBackoff(); len(sorted) > 0; {
		rounds := math.MaxInt
		if len(sorted) > maxPairsPerRound {
			rounds = maxConcurrentRounds
		}
		for group := range slices.Chunk(sorted, maxPairsPerRound) {
			h.runGroup(ctx, group, rounds)
		}
		if sorted = pending(sorted); len(sorted) == 0 {
			return
		}
		if err := wait.wait(ctx); err != nil {
			h.failAll(ctx, sorted, err)
			return
		}
	}
}

// cover is a position at which every answer of the jobs can be read. A job
// whose last fact has no position, or that appended nothing and answered from
// facts of others, may be read anywhere up to the head.
func (h *Handler) cover(ctx context.Context, jobs []*job) (eventstore.Position, error) {
	var last eventstore.Position
	unknown := len(jobs) == 0
	for _, j := range jobs {
		unknown = unknown || j.position == eventstore.Position{}
		if last.Before(j.position) {
			last = j.position
		}
	}
	if !unknown {
		return last, nil
	}
	head, err := h.Head(ctx)
	if head.Before(last) {
		head = last
	}
	return head, err
}

// runGroup goes through the loop at most so many times. Each pair gives up its
// turn as soon as it needs it no more.
func (h *Handler) runGroup(ctx context.Context, group []*job, rounds int) {
	defer h.leave(group...)
	if err := h.enter(ctx, group); err != nil {
		h.failAll(ctx, group, err)
		return
	}
	guessed := h.decideOptimistically(group)
	wait := newBackoff()
	for range rounds {
		h.load(ctx, withStep(group, toLoad))
		h.send(ctx, withStep(group, toAppend))
		if group = pending(group); len(group) == 0 {
			return
		}
		if guessed { // a wrong guess is no race
			guessed = false
			continue
		}
		if err := wait.wait(ctx); err != nil {
			h.failAll(ctx, group, err)
			return
		}
	}
}

// enter waits for the turn of every pair of the group, in sorted order so that
// two groups never wait for each other.
func (h *Handler) enter(ctx context.Context, group []*job) error {
	for i, j := range group {
		stream := j.pair.Stream()
		if i > 0 && group[i-1].pair == j.pair {
			return fmt.Errorf("two commands on %s in one request", stream)
		}
		if err := h.turns.enter(ctx, stream); err != nil {
			return fmt.Errorf("wait for the turn of %s: %w", stream, err)
		}
		j.held = true
	}
	return nil
}

// leave gives up the turns that the jobs hold.
func (h *Handler) leave(jobs ...*job) {
	for _, j := range jobs {
		if j.held {
			h.turns.leave(j.pair.Stream())
			j.held = false
		}
	}
}

// finish ends a job, with the fault of its pair if there is one.
func (h *Handler) finish(ctx context.Context, j *job, err error) {
	if errors.Is(err, context.DeadlineExceeded) {
		err = busyOnTimeout(ctx, err)
	}
	j.step, j.err = done, err
	h.leave(j)
}

func (h *Handler) failAll(ctx context.Context, jobs []*job, err error) {
	for _, j := range pending(jobs) {
		h.finish(ctx, j, err)
	}
}

func pending(group []*job) []*job {
	return slices.DeleteFunc(slices.Clone(group), func(j *job) bool { return j.step == done })
}

func withStep(group []*job, s step) []*job {
	var jobs []*job
	for _, j := range group {
		if j.step == s {
			jobs = append(jobs, j)
		}
	}
	return jobs
}

// load reads the facts of the jobs' pairs and decides. A store that is away
// leaves a job where it is, for the next round.
func (h *Handler) load(ctx context.Context, jobs []*job) {
	if len(jobs) == 0 {
		return
	}
	streams := make([]string, len(jobs))
	for i, j := range jobs {
		streams[i] = j.pair.Stream()
	}
	for i, read := range h.log.ReadMany(ctx, streams) {
		j := jobs[i]
		s, err := h.foldStream(ctx, j.pair, read)
		if err == nil {
			err = j.decide(s, h.clock())
		}
		switch {
		case eventstore.Passes(err):
			h.logger.WarnContext(ctx, "load again", "stream", streams[i], "error", err)
		case err != nil || j.step == done:
			h.finish(ctx, j, err)
		}
	}
}

// send appends. A conflict goes back to loading; an unknown outcome stays, so
// that the next round sends the same append again.
func (h *Handler) send(ctx context.Context, jobs []*job) {
	if len(jobs) == 0 {
		return
	}
	appends := make([]eventstore.Append, len(jobs))
	for i, j := range jobs {
		appends[i] = j.append
	}
	for i, outcome := range h.log.AppendMany(ctx, appends) {
		j := jobs[i]
		switch {
		case outcome.Err == nil:
			h.seen.add(j.append.Stream)
			j.position = outcome.Position
			h.finish(ctx, j, j.append.Landed(outcome.Appended))
		case errors.Is(outcome.Err, eventstore.ErrConflict):
			j.step = toLoad
			h.seen.add(j.append.Stream)
		case eventstore.Passes(outcome.Err):
			h.logger.WarnContext(ctx, "append again", "stream", j.append.Stream, "error", outcome.Err)
		default:
			h.finish(ctx, j, fmt.Errorf("append %s: %w", j.append.Stream, outcome.Err))
		}
	}
}
