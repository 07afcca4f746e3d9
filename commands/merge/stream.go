package merge

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"nonassociations/commands"
	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/internal/tracing"
)

// stream is a complete stream of a pair as it was loaded, with the facts that this
// process has appended since.
type stream struct {
	pair    domain.Pair
	facts   []domain.Fact // the index is the revision
	folding *eventstore.Folding
	before  map[uint64]domain.State // by revision; a cache of at
	nomis   *domain.Exchanges       // of all facts; nil until asked for
}

// add folds the next fact. Errors are those of [eventstore.Folding.Add].
func (s *stream) add(fact eventstore.Fact) error {
	s.nomis = nil
	s.facts = append(s.facts, fact.Fact)
	return s.folding.Add(fact)
}

// appended folds facts that this process has appended, so that the stream need not be
// loaded again.
func (s *stream) appended(facts []domain.Fact) error {
	for _, fact := range facts {
		if err := s.add(eventstore.Fact{Fact: fact, Stream: s.pair.Stream(), Pair: s.pair, Revision: s.folding.Next()}); err != nil {
			return err
		}
	}
	return nil
}

// state returns the state of the pair after all facts.
func (s *stream) state() domain.State { return s.folding.State() }

// at returns the state of the pair at a revision. It folds from the first fact, and
// keeps the result because a transfer asks for the same revision for each record.
func (s *stream) at(revision uint64) domain.State {
	state, known := s.before[revision]
	if !known {
		state = domain.Fold(s.pair, s.facts[:min(revision+1, uint64(len(s.facts)))])
		s.before[revision] = state
	}
	return state
}

// knowledge returns what the log says of a record and NOMIS.
func (s *stream) knowledge(id uuid.UUID) domain.NOMISKnowledge {
	if s.nomis == nil {
		s.nomis = domain.NewExchanges(s.pair)
		for revision, fact := range s.facts {
			s.nomis.Add(uint64(revision), time.Time{}, fact) // a transfer carries no time
		}
	}
	return s.nomis.Of(id).Knowledge(s.pair)
}

// find returns a record of the pair, deleted or not.
func (s *stream) find(id uuid.UUID) (domain.NonAssociation, bool) { return s.folding.Find(id) }

// arrivedFrom returns a record of the pair if its last transfer came from the given
// pair.
func (s *stream) arrivedFrom(pair domain.Pair, id uuid.UUID) (domain.NonAssociation, bool) {
	n, here := s.find(id)
	return n, here && n.TransferredFrom != nil && n.TransferredFrom.Pair == pair
}

func (s *stream) revision() uint64 { return uint64(len(s.facts)) - 1 } // the stream must have a fact

// expected returns the revision at which the next facts must be appended.
func (s *stream) expected() eventstore.Expected { return s.folding.Expected() }

// countOwn returns how many facts of the stream a command has appended.
func (s *stream) countOwn(command uuid.UUID) int {
	own := 0
	for _, fact := range s.facts {
		if fact.Meta.CommandID == command {
			own++
		}
	}
	return own
}

// removedBy returns the records that a command has transferred out or deleted. A record
// of these that is in the pair again was brought back by a later command.
func (s *stream) removedBy(command uuid.UUID) map[uuid.UUID]bool {
	gone := map[uuid.UUID]bool{}
	for _, fact := range s.facts {
		if fact.Meta.CommandID != command {
			continue
		}
		switch fact.Event.(type) {
		case domain.TransferredOut, domain.Deleted:
			gone[fact.Event.About()] = true
		default:
		}
	}
	return gone
}

// lastChanges returns the revision of the last fact about each record. Facts that a
// transfer does not carry, as those about NOMIS's sequences, do not count.
func (s *stream) lastChanges() map[uuid.UUID]uint64 {
	last := map[uuid.UUID]uint64{}
	for revision, fact := range s.facts {
		switch fact.Event.(type) {
		case domain.Ignored, domain.SequenceLearned, domain.SequenceReleased, domain.Delivered:
		default:
			last[fact.Event.About()] = uint64(revision)
		}
	}
	return last
}

// load loads the streams of pairs in one round trip, in the order of the pairs.
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

// each decodes the events of a stream and calls add for each fact. Errors: those of the
// read and of add, events that this build cannot read, and [eventstore.ErrNotWhole].
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

// loadWithRetry is load with retries during outages of the store.
func (p *Process) loadWithRetry(ctx context.Context, pairs ...domain.Pair) (streams []*stream, err error) {
	err = p.retryOnConflict(ctx, func(ctx context.Context) error {
		streams, err = p.load(ctx, pairs...)
		return err
	})
	return streams, err
}

// decideAndAppend decides a command on a stream and appends its facts at exactly the
// revision of the stream. command builds the command for the first count records. When
// these do not fit into one append, decideAndAppend halves count until they do. It
// returns the events that were appended, none when there was nothing to do. After
// [eventstore.ErrConflict] the caller must load the stream again.
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
		// Event ids count on from earlier facts of the same command.
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

// append appends facts at an expected revision. It holds the stream's mutex, so that
// writers of this process do not conflict.
func (p *Process) append(ctx context.Context, stream string, expected eventstore.Expected, facts []domain.Fact) error {
	write, trace := eventstore.Append{Stream: stream, Expected: expected}, tracing.Parent(ctx)
	for _, fact := range facts {
		fact.Meta.TraceParent = trace
		write.Events = append(write.Events, eventstore.Encode(fact))
	}
	if err := write.Check(); err != nil {
		return fmt.Errorf("append %s: %w", stream, err)
	}
	return p.Handler.Exclusively(ctx, stream, func(ctx context.Context) error {
		return p.appendUntilKnown(ctx, write)
	})
}

// appendUntilKnown sends an append until its outcome is known. An unknown outcome sends
// the same append again, and the store recognises the event ids if the first one
// succeeded.
func (p *Process) appendUntilKnown(ctx context.Context, write eventstore.Append) error {
	for wait := commands.NewBackoff(); ; {
		appended, err := p.Log.Append(ctx, write)
		if err == nil {
			return write.Landed(appended)
		}
		if !eventstore.Passes(err) {
			return fmt.Errorf("append %s: %w", write.Stream, err)
		}
		p.Logger.WarnContext(ctx, "append outcome unknown, retrying", "stream", write.Stream, "error", err)
		if ended := wait.Wait(ctx); ended != nil {
			return fmt.Errorf("append %s: %w", write.Stream, ended)
		}
	}
}

// retryOnConflict calls step again after a conflict or an outage, with exponential
// backoff. It returns [commands.ErrBusy] when the timeout ends first, and every other
// error of step at once.
func (p *Process) retryOnConflict(ctx context.Context, step func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, p.Timeout)
	defer cancel()
	for wait := commands.NewBackoff(); ; {
		err := step(ctx)
		again := errors.Is(err, eventstore.ErrConflict) || eventstore.Passes(err)
		if again && wait.Wait(ctx) == nil {
			continue
		}
		if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return fmt.Errorf("%w: %w", commands.ErrBusy, err)
		}
		return err
	}
}

// idsOf returns the ids of records, in their order.
func idsOf(records []domain.NonAssociation) []uuid.UUID {
	ids := make([]uuid.UUID, 0, len(records))
	for _, n := range records {
		ids = append(ids, n.ID)
	}
	return slices.Clip(ids)
}
