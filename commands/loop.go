package commands

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"nonassociations/domain"
	"nonassociations/eventstore"
)

// keysAtOnce bounds how many pairs one request holds in the queue, and with it
// how much one round trip to the store carries.
const keysAtOnce = 128

// job is one command on one pair on its way through the loop.
type job struct {
	pair     domain.Pair
	command  domain.Command
	by       domain.Cause
	mayBeNew bool // the pair, so that it is worth a guess

	step     step
	decision domain.Decision
	append   eventstore.Append
	after    domain.State        // as the decision leaves it
	revision int64               // of the last fact in after; -1 when there is none
	position eventstore.Position // of its last fact; the zero Position when nothing was appended
}

// step says what a job needs next.
type step int

const (
	toLoad   step = iota // load, fold, decide
	toAppend             // send this very append, perhaps again
	done
)

// run takes the jobs through the loop, in groups by sorted stream, and answers
// with a position that covers all of them.
func (h *Handler) run(ctx context.Context, jobs []*job) (eventstore.Position, error) {
	ctx, cancel := context.WithTimeout(ctx, h.patience)
	defer cancel()
	sorted := slices.Clone(jobs)
	slices.SortFunc(sorted, func(a, b *job) int { return cmp.Compare(a.pair.Stream(), b.pair.Stream()) })
	for group := range slices.Chunk(sorted, keysAtOnce) {
		if err := h.runGroup(ctx, group); err != nil {
			return eventstore.Position{}, busyWhenLate(ctx, err)
		}
	}
	return h.cover(ctx, jobs)
}

// cover is a position at which every answer of the jobs can be read. A job
// that appended nothing answered from facts of others, which may lie anywhere
// up to the head.
func (h *Handler) cover(ctx context.Context, jobs []*job) (eventstore.Position, error) {
	var last eventstore.Position
	quiet := len(jobs) == 0
	for _, j := range jobs {
		quiet = quiet || len(j.append.Events) == 0
		if last.Before(j.position) {
			last = j.position
		}
	}
	if !quiet {
		return last, nil
	}
	head, err := h.Head(ctx)
	if head.Before(last) {
		head = last
	}
	return head, err
}

func (h *Handler) runGroup(ctx context.Context, group []*job) error {
	leave, err := h.enter(ctx, group)
	if err != nil {
		return err
	}
	defer leave()
	guessed := h.guess(group)
	for wait := newPause(); ; {
		if err := h.load(ctx, having(group, toLoad)); err != nil {
			return err
		}
		if err := h.send(ctx, having(group, toAppend)); err != nil {
			return err
		}
		if len(having(group, done)) == len(group) {
			return nil
		}
		if guessed { // a wrong guess is no race
			guessed = false
			continue
		}
		if err := wait.next(ctx); err != nil {
			return err
		}
	}
}

// enter waits for the turn of every pair of the group, in sorted order so that
// two groups never wait for each other.
func (h *Handler) enter(ctx context.Context, group []*job) (leave func(), err error) {
	var held []string
	leave = func() {
		for _, stream := range held {
			h.queue.leave(stream)
		}
	}
	for _, j := range group {
		stream := j.pair.Stream()
		if slices.Contains(held, stream) {
			leave()
			return nil, fmt.Errorf("two commands on %s in one request", stream)
		}
		if err := h.queue.enter(ctx, stream); err != nil {
			leave()
			return nil, fmt.Errorf("wait for the turn of %s: %w", stream, err)
		}
		held = append(held, stream)
	}
	return leave, nil
}

func having(group []*job, s step) []*job {
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
func (h *Handler) load(ctx context.Context, jobs []*job) error {
	if len(jobs) == 0 {
		return nil
	}
	streams := make([]string, len(jobs))
	for i, j := range jobs {
		streams[i] = j.pair.Stream()
	}
	for i, stream := range h.log.ReadMany(ctx, streams) {
		if errors.Is(stream.Err, eventstore.ErrUnavailable) {
			h.logger.WarnContext(ctx, "load again", "stream", streams[i], "error", stream.Err)
			continue
		}
		if stream.Err != nil {
			return fmt.Errorf("load %s: %w", streams[i], stream.Err)
		}
		if len(stream.Events) > 0 {
			h.met.add(streams[i])
		}
		if err := h.decide(jobs[i], stream.Events); err != nil {
			return err
		}
	}
	return nil
}

// decide folds what was loaded and asks the rules. What carries the command's
// own id was appended by an attempt whose answer was lost: that was the answer.
func (h *Handler) decide(j *job, recorded []eventstore.Recorded) error {
	state, expected, own := domain.State{Pair: j.pair}, eventstore.NoStream, []domain.Fact(nil)
	for _, r := range recorded {
		fact, err := eventstore.Decode(h.catalogue, r)
		if err != nil {
			return fmt.Errorf("load %s: %w", j.pair.Stream(), err)
		}
		state, expected = domain.Evolve(state, fact), eventstore.Exactly(r.Revision)
		if fact.Meta.CommandID == j.by.CommandID {
			own = append(own, fact)
			j.after, j.revision, j.position = state, int64(expected), r.Position
		}
	}
	if len(own) > 0 {
		j.answerFrom(own)
		return nil
	}
	return j.decideOn(state, expected, h.clock())
}

func (j *job) decideOn(state domain.State, expected eventstore.Expected, now time.Time) error {
	decision, err := domain.Decide(state, j.command, now, j.by)
	if err != nil {
		return err
	}
	by := j.by
	if by.About == "" {
		by.About = namedFirst(state, decision)
	}
	facts := decision.Facts(state, j.command, now, by)
	j.decision, j.step = decision, done
	j.after, j.revision = state, int64(expected)
	j.append = eventstore.Append{Stream: j.pair.Stream(), Expected: expected}
	for _, fact := range facts {
		j.append.Events = append(j.append.Events, eventstore.Encode(fact))
		j.after, j.revision = domain.Evolve(j.after, fact), j.revision+1
		j.step = toAppend
	}
	return nil
}

// namedFirst is whom a command by id is about: the prisoner whom its opening
// fact named first.
func namedFirst(state domain.State, decision domain.Decision) domain.PrisonerNumber {
	if i := state.Find(decision.Outcomes[0].NonAssociationID); i >= 0 {
		return state.Items[i].NamedFirst
	}
	return ""
}

// answerFrom answers from the facts that the command left in the stream. The
// decision is still there when this process made it.
func (j *job) answerFrom(own []domain.Fact) {
	j.step = done
	if j.decision.Outcomes != nil {
		return
	}
	for _, fact := range own {
		j.decision.Events = append(j.decision.Events, fact.Event)
		j.decision.Outcomes = append(j.decision.Outcomes, domain.Outcome{NonAssociationID: fact.Event.Concerns()})
	}
}

// send appends. A conflict goes back to loading; an unknown outcome stays, so
// that the next round sends the same append again.
func (h *Handler) send(ctx context.Context, jobs []*job) error {
	if len(jobs) == 0 {
		return nil
	}
	appends := make([]eventstore.Append, len(jobs))
	for i, j := range jobs {
		appends[i] = j.append
	}
	for i, outcome := range h.log.AppendMany(ctx, appends) {
		j := jobs[i]
		switch {
		case outcome.Err == nil:
			j.position, j.step = outcome.Position, done
			h.met.add(j.append.Stream)
		case errors.Is(outcome.Err, eventstore.ErrConflict):
			j.step = toLoad
			h.met.add(j.append.Stream)
		case errors.Is(outcome.Err, eventstore.ErrUnavailable):
			h.logger.WarnContext(ctx, "append again", "stream", j.append.Stream, "error", outcome.Err)
		default:
			return fmt.Errorf("append %s: %w", j.append.Stream, outcome.Err)
		}
	}
	return nil
}
