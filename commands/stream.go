package commands

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/eventstore"
)

// stream is a complete stream of a pair as it was loaded.
type stream struct {
	state  domain.State
	facts  []eventstore.Fact // the index is the revision
	folded *eventstore.Folding
}

// foldStream folds what was read of a pair's stream. Errors: those of the read,
// events that this build cannot read, and ErrNotWhole.
func (h *Handler) foldStream(ctx context.Context, pair domain.Pair, read eventstore.Stream) (stream, error) {
	s := stream{folded: eventstore.NewFolding(pair)}
	err := read.Err
	if err == nil && len(read.Events) == 0 {
		err = eventstore.CheckNew(ctx, h.log, pair.Stream())
	}
	for _, recorded := range read.Events {
		if err != nil {
			break
		}
		err = s.add(h.catalogue, recorded)
	}
	if err != nil {
		return stream{}, fmt.Errorf("load %s: %w", pair.Stream(), err)
	}
	if len(read.Events) > 0 {
		h.seen.add(pair.Stream())
	}
	s.state = s.folded.State()
	return s, nil
}

func (s *stream) add(catalogue domain.Catalogue, recorded eventstore.RecordedEvent) error {
	fact, err := eventstore.Read(catalogue, recorded)
	if err != nil {
		return err
	}
	s.facts = append(s.facts, fact)
	return s.folded.Add(fact)
}

// before returns the state of the pair without the fact of a revision and all later
// ones. It folds from the first fact on each call.
func (s stream) before(revision int) domain.State {
	folding := domain.NewFolding(domain.State{Pair: s.state.Pair})
	for _, fact := range s.facts[:min(revision, len(s.facts))] {
		folding.Add(fact.Fact)
	}
	return folding.State()
}

// at returns the state of the pair including the fact of a revision.
func (s stream) at(revision uint64) domain.State {
	return s.before(int(min(revision, uint64(len(s.facts)))) + 1) //nolint:gosec // a number of facts
}

func (s stream) expected() eventstore.Expected { return s.folded.Expected() }

// now returns the time of a decision on the stream, in the location of the clock. It is
// never before the last fact, even when the clock of this process is behind.
func (s stream) now(clock time.Time) time.Time { return s.folded.Now(clock) }

// ownRange returns the revisions of the first and the last fact of a command, and false
// when the stream has none.
func (s stream) ownRange(command uuid.UUID) (first, last int, there bool) {
	for i, fact := range s.facts {
		if fact.Meta.CommandID != command {
			continue
		}
		if !there {
			first = i
		}
		last, there = i, true
	}
	return first, last, there
}

// loadStream loads the streams of pairs in one round trip, in the order of the pairs. It
// fails when one of them cannot be loaded.
func (h *Handler) loadStream(ctx context.Context, pairs ...domain.Pair) ([]stream, error) {
	names := make([]string, len(pairs))
	for i, pair := range pairs {
		names[i] = pair.Stream()
	}
	loaded := h.log.ReadMany(ctx, names)
	streams := make([]stream, len(pairs))
	for i, pair := range pairs {
		s, err := h.foldStream(ctx, pair, loaded[i])
		if err != nil {
			return nil, err
		}
		streams[i] = s
	}
	return streams, nil
}

// loadWithRetry is loadStream with retries during outages of the store. It returns
// ErrBusy when the request timeout ends first.
func (h *Handler) loadWithRetry(ctx context.Context, pairs ...domain.Pair) ([]stream, error) {
	ctx, cancel := context.WithTimeout(ctx, h.timeout)
	defer cancel()
	for wait := NewBackoff(); ; {
		streams, err := h.loadStream(ctx, pairs...)
		if !eventstore.Passes(err) {
			return streams, busyOnTimeout(ctx, err)
		}
		if wait.Wait(ctx) != nil {
			return nil, busyOnTimeout(ctx, err)
		}
	}
}
