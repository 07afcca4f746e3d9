package merge

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/google/uuid"

	"nonassociations/commands"
	"nonassociations/domain"
	"nonassociations/eventstore"
)

// stream is a pair's stream as it was loaded, whole, with what this process has
// appended to it since.
type stream struct {
	pair    domain.Pair
	facts   []domain.Fact // by revision
	folding *eventstore.Folding
	before  map[uint64]domain.State // by revision, those that were asked for
}

func (s *stream) add(fact eventstore.Fact) error {
	s.facts = append(s.facts, fact.Fact)
	return s.folding.Add(fact)
}

// appended adds facts that this process has appended.
func (s *stream) appended(facts []domain.Fact) error {
	for _, fact := range facts {
		if err := s.add(eventstore.Fact{Fact: fact, Stream: s.pair.Stream(), Pair: s.pair, Revision: s.folding.Next()}); err != nil {
			return err
		}
	}
	return nil
}

func (s *stream) state() domain.State { return s.folding.State() }

// at is the state of the pair at a revision.
func (s *stream) at(revision uint64) domain.State {
	state, known := s.before[revision]
	if !known {
		state = domain.Fold(s.pair, s.facts[:min(revision+1, uint64(len(s.facts)))])
		s.before[revision] = state
	}
	return state
}

// find is a non-association that is here, deleted or not.
func (s *stream) find(id uuid.UUID) (domain.NonAssociation, bool) { return s.folding.Find(id) }

// arrivedFrom is find for one that came from a pair.
func (s *stream) arrivedFrom(pair domain.Pair, id uuid.UUID) (domain.NonAssociation, bool) {
	n, here := s.find(id)
	return n, here && n.TransferredFrom != nil && n.TransferredFrom.Pair == pair
}

func (s *stream) revision() uint64 { return uint64(len(s.facts)) - 1 } // of a stream that exists

func (s *stream) expected() eventstore.Expected { return s.folding.Expected() }

// countOwn counts the facts that a command has left.
func (s *stream) countOwn(command uuid.UUID) int {
	own := 0
	for _, fact := range s.facts {
		if fact.Meta.CommandID == command {
			own++
		}
	}
	return own
}

// removedBy are the non-associations that a command has made leave, or deleted. If
// one is back, a later word brought it.
func (s *stream) removedBy(command uuid.UUID) map[uuid.UUID]bool {
	gone := map[uuid.UUID]bool{}
	for _, fact := range s.facts {
		if fact.Meta.CommandID != command {
			continue
		}
		switch fact.Event.(type) {
		case domain.TransferredOut, domain.Deleted:
			gone[fact.Event.Concerns()] = true
		default:
		}
	}
	return gone
}

// lastChanges are the revisions of the last facts that changed what goes along,
// by non-association.
func (s *stream) lastChanges() map[uuid.UUID]uint64 {
	last := map[uuid.UUID]uint64{}
	for revision, fact := range s.facts {
		switch fact.Event.(type) {
		case domain.Ignored, domain.SequenceLearned, domain.SequenceReleased:
		default:
			last[fact.Event.Concerns()] = uint64(revision)
		}
	}
	return last
}

// load loads the streams of pairs in one round trip, in their order.
func (p *Process) load(ctx context.Context, pairs ...domain.Pair) ([]*stream, error) {
	names := make([]string, len(pairs))
	for i, pair := range pairs {
		names[i] = pair.Stream()
	}
	loaded, streams := p.Log.ReadMany(ctx, names), make([]*stream, len(pairs))
	for i, pair := range pairs {
		s := &stream{pair: pair, folding: eventstore.NewFolding(pair), before: map[uint64]domain.State{}}
		if err := p.each(ctx, names[i], loaded[i], s.add); err != nil {
			return nil, fmt.Errorf("load %s: %w", names[i], err)
		}
		streams[i] = s
	}
	return streams, nil
}

// each hands over the facts of a stream that was read whole.
func (p *Process) each(ctx context.Context, name string, loaded eventstore.Stream, add func(eventstore.Fact) error) error {
	if loaded.Err != nil {
		return loaded.Err
	}
	if len(loaded.Events) == 0 {
		return eventstore.CheckNew(ctx, p.Log, name)
	}
	for _, recorded := range loaded.Events {
		fact, err := eventstore.Read(p.catalogue, recorded)
		if err != nil {
			return err
		}
		if err := add(fact); err != nil {
			return err
		}
	}
	return nil
}

// loadWithRetry is load that outlives outages of the store for a while.
func (p *Process) loadWithRetry(ctx context.Context, pairs ...domain.Pair) (streams []*stream, err error) {
	err = p.retryOnConflict(ctx, func(ctx context.Context) error {
		streams, err = p.load(ctx, pairs...)
		return err
	})
	return streams, err
}

// decideAndAppend decides a command on a stream and appends what it comes to, at exactly the
// stream's revision. The command is made for the first count of what it is
// about; where that is too large for an append, put halves the count until it
// fits and answers how many it took. Errors: ErrConflict, then load and decide
// again.
func (p *Process) decideAndAppend(
	ctx context.Context, s *stream, by domain.Cause, count int, command func(count int) domain.Command,
) (events []domain.Event, err error) {
	for ; ; count = (count + 1) / 2 {
		now := s.folding.Now(p.Clock())
		asked, state := command(count), s.state()
		decision, err := domain.Decide(state, asked, now, by)
		if err != nil || len(decision.Events) == 0 {
			return nil, err
		}
		// The facts that the same command left there before count on.
		facts := decision.FactsFrom(s.countOwn(by.CommandID), state, asked, now, by)
		err = p.append(ctx, s.pair.Stream(), s.expected(), facts)
		if errors.Is(err, eventstore.ErrTooLarge) && count > 1 {
			continue
		}
		if err != nil {
			return nil, err
		}
		return decision.Events, s.appended(facts)
	}
}

// append sends facts, in turn with other writers of this process. An unknown
// outcome sends the same append again.
func (p *Process) append(ctx context.Context, stream string, expected eventstore.Expected, facts []domain.Fact) error {
	write := eventstore.Append{Stream: stream, Expected: expected}
	for _, fact := range facts {
		write.Events = append(write.Events, eventstore.Encode(fact))
	}
	if err := write.Check(); err != nil {
		return fmt.Errorf("append %s: %w", stream, err)
	}
	return p.Handler.Exclusively(ctx, stream, func(ctx context.Context) error {
		return p.appendUntilKnown(ctx, write)
	})
}

func (p *Process) appendUntilKnown(ctx context.Context, write eventstore.Append) error {
	for wait := firstWait; ; wait = min(2*wait, maxWait) {
		appended, err := p.Log.Append(ctx, write)
		if err == nil {
			return write.Landed(appended)
		}
		if !eventstore.Passes(err) {
			return fmt.Errorf("append %s: %w", write.Stream, err)
		}
		p.Logger.WarnContext(ctx, "append again", "stream", write.Stream, "error", err)
		if ended := waitWithJitter(ctx, wait); ended != nil {
			return fmt.Errorf("append %s: %w", write.Stream, ended)
		}
	}
}

const (
	firstWait = 4 * time.Millisecond
	maxWait   = 400 * time.Millisecond
)

// retryOnConflict does one step of a process again after each conflict and outage,
// until the patience is over: then it is ErrBusy.
func (p *Process) retryOnConflict(ctx context.Context, step func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, p.Timeout)
	defer cancel()
	for wait := firstWait; ; wait = min(2*wait, maxWait) {
		err := step(ctx)
		again := errors.Is(err, eventstore.ErrConflict) || eventstore.Passes(err)
		if again && waitWithJitter(ctx, wait) == nil {
			continue
		}
		if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return fmt.Errorf("%w: %w", commands.ErrBusy, err)
		}
		return err
	}
}

// waitWithJitter waits at most as long as given, with jitter so that two that met once do
// not meet again.
func waitWithJitter(ctx context.Context, limit time.Duration) error {
	timer := time.NewTimer(time.Duration(rand.Int64N(int64(limit)))) //nolint:gosec // jitter is no secret
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// idsOf are the ids of non-associations.
func idsOf(records []domain.NonAssociation) []uuid.UUID {
	ids := make([]uuid.UUID, 0, len(records))
	for _, n := range records {
		ids = append(ids, n.ID)
	}
	return slices.Clip(ids)
}

// item finds a non-association in a state.
func item(s domain.State, id uuid.UUID) (domain.NonAssociation, bool) {
	if i := s.Find(id); i >= 0 {
		return s.Items[i], true
	}
	return domain.NonAssociation{}, false
}
