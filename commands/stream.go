package commands

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/eventstore"
)

// stream is a pair's stream as it was loaded, whole.
type stream struct {
	state domain.State
	facts []domain.Fact // by revision
}

// at is the state of the pair at a revision.
func (s stream) at(revision uint64) domain.State {
	return domain.Fold(s.state.Pair, s.facts[:min(revision+1, uint64(len(s.facts)))])
}

func (s stream) revision() uint64 { return uint64(len(s.facts)) - 1 } // of a stream that exists

func (s stream) expected() eventstore.Expected {
	if len(s.facts) == 0 {
		return eventstore.NoStream
	}
	return eventstore.Exactly(s.revision())
}

// own counts the facts that a command has left.
func (s stream) own(command uuid.UUID) int {
	own := 0
	for _, fact := range s.facts {
		if fact.Meta.CommandID == command {
			own++
		}
	}
	return own
}

// leftBy lists the non-associations that a command has made leave.
func (s stream) leftBy(command uuid.UUID) []uuid.UUID {
	var left []uuid.UUID
	for _, fact := range s.facts {
		e, is := fact.Event.(domain.PrisonerRenumbered)
		if is && e.NonAssociation == nil && fact.Meta.CommandID == command {
			left = append(left, e.NonAssociationID)
		}
	}
	return left
}

// item finds a non-association in a state.
func item(s domain.State, id uuid.UUID) (domain.NonAssociation, bool) {
	if i := s.Find(id); i >= 0 {
		return s.Items[i], true
	}
	return domain.NonAssociation{}, false
}

// open loads the streams of pairs, in their order.
func (h *Handler) open(ctx context.Context, pairs ...domain.Pair) ([]stream, error) {
	names := make([]string, len(pairs))
	for i, pair := range pairs {
		names[i] = pair.Stream()
	}
	loaded := h.log.ReadMany(ctx, names)
	streams := make([]stream, len(pairs))
	for i, pair := range pairs {
		if err := loaded[i].Err; err != nil {
			return nil, fmt.Errorf("load %s: %w", names[i], err)
		}
		s := stream{state: domain.State{Pair: pair}}
		for _, recorded := range loaded[i].Events {
			fact, err := eventstore.Decode(h.catalogue, recorded)
			if err != nil {
				return nil, fmt.Errorf("load %s: %w", names[i], err)
			}
			s.facts, s.state = append(s.facts, fact), domain.Evolve(s.state, fact)
		}
		streams[i] = s
	}
	return streams, nil
}

// openPatiently is open that outlives outages of the store until its time is
// over.
func (h *Handler) openPatiently(ctx context.Context, pairs ...domain.Pair) ([]stream, error) {
	ctx, cancel := context.WithTimeout(ctx, h.patience)
	defer cancel()
	for wait := newPause(); ; {
		streams, err := h.open(ctx, pairs...)
		if !errors.Is(err, eventstore.ErrUnavailable) {
			return streams, busyWhenLate(ctx, err)
		}
		if wait.next(ctx) != nil {
			return nil, busyWhenLate(ctx, err)
		}
	}
}

// put decides a command on a stream as it was loaded and appends what it comes
// to, at exactly that revision; an unknown outcome sends the same append again.
// It is for commands of several appends: the facts that the same command left
// there before count on. Errors: ErrConflict, then load and decide again.
func (h *Handler) put(ctx context.Context, s stream, by domain.Cause, command domain.Command) ([]domain.Event, error) {
	now := h.clock()
	decision, err := domain.Decide(s.state, command, now, by)
	if err != nil || len(decision.Events) == 0 {
		return nil, err
	}
	write := eventstore.Append{Stream: s.state.Pair.Stream(), Expected: s.expected()}
	for _, fact := range decision.FactsFrom(s.own(by.CommandID), s.state, command, now, by) {
		write.Events = append(write.Events, eventstore.Encode(fact))
	}
	for wait := newPause(); ; {
		_, err := h.log.Append(ctx, write)
		if err == nil {
			return decision.Events, nil
		}
		if !errors.Is(err, eventstore.ErrUnavailable) {
			return nil, fmt.Errorf("append %s: %w", write.Stream, err)
		}
		h.logger.WarnContext(ctx, "append again", "stream", write.Stream, "error", err)
		if err := wait.next(ctx); err != nil {
			return nil, fmt.Errorf("append %s: %w", write.Stream, err)
		}
	}
}

// untilWon does what loads, decides and appends to streams again after each
// conflict and outage, in turn with other writers of this process.
func (h *Handler) untilWon(ctx context.Context, pairs []domain.Pair, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, h.patience)
	defer cancel()
	leave, err := h.enter(ctx, inOrder(pairs))
	if err != nil {
		return busyWhenLate(ctx, err)
	}
	defer leave()
	for wait := newPause(); ; {
		err := do(ctx)
		if !errors.Is(err, eventstore.ErrConflict) && !errors.Is(err, eventstore.ErrUnavailable) {
			return busyWhenLate(ctx, err)
		}
		if wait.next(ctx) != nil {
			return busyWhenLate(ctx, err)
		}
	}
}
