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
