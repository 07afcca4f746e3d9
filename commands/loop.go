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
	"nonassociations/internal/tracing"
)

const (
	// maxPairsPerRound bounds how many pairs one request locks at once, and with it how
	// much one round trip to the store carries.
	maxPairsPerRound = 128

	// maxConcurrentRounds is how many attempts a group gets while other groups of the
	// same request wait. A pair with constant conflicts must not use up their time.
	maxConcurrentRounds = 4
)

// job is one command on one pair or on the switch-over, with its progress in the loop.
// One goroutine owns it.
type job struct {
	pair       domain.Pair
	command    domain.Command
	complete   func(domain.State) domain.Command // completes the command with the state; nil when it is complete
	by         domain.Cause
	assumedNew bool               // the pair may be decided without a load
	plannedOn  *int64             // the only revision at which it may be appended; nil for any
	switchOver *switchOverJob     // of the switch-over, which has no pair; nil for a pair
	inbound    inbound            // whether NOMIS may make this change
	rule       *domain.SwitchOver // by which inbound is judged; nil for an unbound job
	trace      string             // the trace parent that its facts keep; "" when it is not traced

	step     step
	unknown  bool  // the append was sent, and its outcome is not known
	held     bool  // the job holds the keyed mutex of its pair
	err      error // of this pair alone
	decision domain.Decision
	append   eventstore.Append
	after    domain.State        // as the decision leaves it
	at       time.Time           // of the decision
	revision int64               // of the last fact in after; -1 without facts
	position eventstore.Position // of the last own fact; the zero Position when unknown
}

// stream returns the name of the stream that the job is about.
func (j *job) stream() string {
	if j.switchOver != nil {
		return domain.SwitchOverStream
	}
	return j.pair.Stream()
}

// step is what a job needs next.
type step int

const (
	toLoad   step = iota // load, fold and decide
	toAppend             // send the prepared append, or send it again
	done                 // finished or failed
)

// run executes the jobs and returns a position that covers all of them. It sorts them by
// stream and works in groups. A fault ends its own job only. After all others are
// finished, run returns the first fault in the order of the request. Jobs that need to
// know where prisoners are run twice, the second time with the answer.
func (h *Handler) run(ctx context.Context, jobs []*job) (position eventstore.Position, err error) {
	ctx, cancel := context.WithTimeout(ctx, h.timeout)
	defer cancel()
	ctx, span := tracing.Step(ctx, "command")
	defer func() { tracing.End(span, err) }()
	tracing.Count(span, "pairs", len(jobs))
	for _, j := range jobs {
		j.trace = tracing.Parent(ctx)
	}
	if err := h.judge(ctx, jobs); err != nil {
		return eventstore.Position{}, err
	}
	sorted := slices.Clone(jobs)
	slices.SortFunc(sorted, func(a, b *job) int { return cmp.Compare(a.stream(), b.stream()) })
	h.runSorted(ctx, sorted)
	h.runSorted(ctx, h.askPlaces(ctx, sorted))
	for _, j := range jobs {
		if j.err != nil {
			return eventstore.Position{}, j.err
		}
	}
	return h.cover(ctx, jobs)
}

// runSorted returns when every job is done or has failed. A job that is still pending
// after its group's attempts is tried again after all other groups.
func (h *Handler) runSorted(ctx context.Context, sorted []*job) {
	for wait := NewBackoff(); len(sorted) > 0; {
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
		if err := wait.Wait(ctx); err != nil {
			h.failAll(ctx, sorted, err)
			return
		}
	}
}

// cover returns a position at which every answer of the jobs can be read. For a job
// without a position of its own that is the head of the log: it appended nothing and
// answered from earlier facts, whose positions are not known.
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

// runGroup makes up to rounds attempts at the jobs of a group. It locks their pairs
// first. Each pair is released as soon as its own job is finished.
func (h *Handler) runGroup(ctx context.Context, group []*job, rounds int) {
	defer h.leave(group...)
	if err := h.enter(ctx, group); err != nil {
		h.failAll(ctx, group, err)
		return
	}
	assumed := h.decideOptimistically(group)
	wait := NewBackoff()
	for range rounds {
		h.load(ctx, withStep(group, toLoad))
		h.send(ctx, withStep(group, toAppend))
		if group = pending(group); len(group) == 0 {
			return
		}
		if assumed { // a wrong assumption is no race with a writer, so it needs no delay
			assumed = false
			continue
		}
		if err := wait.Wait(ctx); err != nil {
			h.failAll(ctx, group, err)
			return
		}
	}
}

// enter locks the pair of every job of the group. The jobs are sorted, so two requests
// take their common pairs in the same order and cannot deadlock.
func (h *Handler) enter(ctx context.Context, group []*job) error {
	for i, j := range group {
		stream := j.stream()
		if i > 0 && group[i-1].stream() == stream {
			return fmt.Errorf("two commands on %s in one request", stream)
		}
		if err := h.turns.enter(ctx, stream); err != nil {
			return fmt.Errorf("wait for the turn of %s: %w", stream, err)
		}
		j.held = true
	}
	return nil
}

// leave releases the pairs that the jobs hold.
func (h *Handler) leave(jobs ...*job) {
	for _, j := range jobs {
		if j.held {
			h.turns.leave(j.stream())
			j.held = false
		}
	}
}

// finish ends a job and releases its pair. err is the fault of the pair, or nil.
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

// load reads the facts of the jobs' streams in one round trip and decides. An outage of
// the store leaves a job unchanged for the next round.
func (h *Handler) load(ctx context.Context, jobs []*job) {
	if len(jobs) == 0 {
		return
	}
	streams := make([]string, len(jobs))
	for i, j := range jobs {
		streams[i] = j.stream()
	}
	for i, read := range h.log.ReadMany(ctx, streams) {
		j := jobs[i]
		err := h.decide(ctx, j, read)
		switch {
		case eventstore.Passes(err):
			h.logger.WarnContext(ctx, "load failed, retrying", "stream", streams[i], "error", err)
		case err != nil || j.step == done:
			h.finish(ctx, j, err)
		}
	}
}

// send appends the prepared facts of the jobs. A conflict returns the job to loading.
// After an unknown outcome the job keeps its append, and the next round sends it again.
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
			j.step, j.unknown = toLoad, false
			h.seen.add(j.append.Stream)
		case eventstore.Passes(outcome.Err), j.unknown && refusesRepeats(outcome.Err):
			j.unknown = true
			h.logger.WarnContext(ctx, "append outcome unknown, retrying", "stream", j.append.Stream, "error", outcome.Err)
		default:
			h.finish(ctx, j, fmt.Errorf("append %s: %w", j.append.Stream, outcome.Err))
		}
	}
}

// refusesRepeats reports whether a refusal says nothing of an earlier attempt: a log looks
// at rights and tombstones before it recognises a repeat.
func refusesRepeats(err error) bool {
	return errors.Is(err, eventstore.ErrDenied) || errors.Is(err, eventstore.ErrStreamDeleted)
}
