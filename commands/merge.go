package commands

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"nonassociations/domain"
)

// Pairs is a [Router] that also knows the pairs of a prisoner.
type Pairs interface {
	// PairsOf lists every pair of the prisoner that has facts.
	PairsOf(ctx context.Context, number domain.PrisonerNumber) ([]domain.Pair, error)
	// WaitFor returns when PairsOf knows everything up to a position, or an error
	// after at most 2 s.
	WaitFor(ctx context.Context, position uint64) error
}

// Merge says that two numbers are one prisoner, or that a booking of one is the
// other's: then Span bounds when what goes along was created.
type Merge struct {
	domain.Renumbering
	Span domain.Span
}

// Merge brings the non-associations of the previous number to the other one;
// those between the two are deleted. The cause's command id is that of the
// message: a message that has been worked on before, or was taken back, changes
// nothing, and one that was cut off is completed. Errors: [ErrBusy] and faults
// of the store; then repeat.
func (h *Handler) Merge(ctx context.Context, by domain.Cause, m Merge, router Pairs) (all []Change, err error) {
	// Until nothing is left: another message may have emptied a pair meanwhile
	// and brought what was there to one that was not in the list.
	for {
		pairs, err := h.pairsOf(ctx, m.Previous, router)
		if err != nil || len(pairs) == 0 {
			return all, err
		}
		due, gone, err := h.isDue(ctx, by, m, pairs)
		if err != nil || !due {
			return all, err
		}
		if err := h.completeAt(ctx, by, pairs); err != nil {
			return all, err
		}
		for _, pair := range pairs {
			changes, err := h.mergePair(ctx, by, m, pair, gone)
			all = append(all, changes...)
			if err != nil {
				return all, err
			}
		}
	}
}

// completeAt completes what other messages have brought to these pairs and not
// taken from where it was.
func (h *Handler) completeAt(ctx context.Context, by domain.Cause, pairs []domain.Pair) error {
	for chunk := range slices.Chunk(pairs, keysAtOnce) {
		streams, err := h.openPatiently(ctx, chunk...)
		if err != nil {
			return err
		}
		halves, err := h.halvesAt(ctx, streams, by.CommandID)
		if err != nil {
			return err
		}
		if err := h.complete(ctx, halves); err != nil {
			return err
		}
	}
	return nil
}

// pairsOf asks the router when it has reached the head, so that no pair is
// left out that exists now.
func (h *Handler) pairsOf(ctx context.Context, number domain.PrisonerNumber, router Pairs) ([]domain.Pair, error) {
	head, err := h.Head(ctx)
	if err != nil {
		return nil, err
	}
	if err := router.WaitFor(ctx, head.Outside()); err != nil {
		return nil, fmt.Errorf("%w: find the pairs of a prisoner: %w", ErrBusy, err)
	}
	pairs, err := router.PairsOf(ctx, number)
	if err != nil {
		return nil, fmt.Errorf("%w: find the pairs of a prisoner: %w", ErrBusy, err)
	}
	return pairs, nil
}

// isDue tells whether there is something to do that the message has not done
// already, and what it has made leave: if that is back, a later word brought it.
// What was recorded under the previous number after it was done is somebody's
// later word too, and stays as given.
func (h *Handler) isDue(ctx context.Context, by domain.Cause, m Merge, pairs []domain.Pair) (bool, []uuid.UUID, error) {
	var begun time.Time
	var gone []uuid.UUID
	var waiting []domain.NonAssociation
	for chunk := range slices.Chunk(pairs, keysAtOnce/2) {
		streams, err := h.openPatiently(ctx, m.both(chunk)...)
		if err != nil {
			return false, nil, err
		}
		for i, s := range streams {
			if s.own(takenBack(by.CommandID)) > 0 {
				return false, nil, nil
			}
			begun = earliest(begun, s, by.CommandID)
			if i < len(chunk) {
				gone = append(gone, s.leftBy(by.CommandID)...)
				waiting = append(waiting, m.chosen(s, m.arrivals(s, streams[len(chunk):]), nil, h.clock().Location())...)
			}
		}
	}
	return slices.ContainsFunc(waiting, func(n domain.NonAssociation) bool {
		return !slices.Contains(gone, n.ID) && (begun.IsZero() || !n.OpenedAt.After(begun))
	}), gone, nil
}

// both are the pairs, and behind them those that they go to.
func (m Merge) both(pairs []domain.Pair) []domain.Pair {
	all := slices.Clone(pairs)
	for _, pair := range pairs {
		if to, err := m.Pair(pair); err == nil {
			all = append(all, to)
		}
	}
	return all
}

// arrivals is the stream that the pair's non-associations go to.
func (m Merge) arrivals(from stream, targets []stream) stream {
	to, err := m.Pair(from.state.Pair)
	i := slices.IndexFunc(targets, func(s stream) bool { return s.state.Pair == to })
	if err != nil || i < 0 {
		return stream{}
	}
	return targets[i]
}

func earliest(begun time.Time, s stream, command uuid.UUID) time.Time {
	for _, fact := range s.facts {
		if fact.Meta.CommandID == command && (begun.IsZero() || fact.Meta.DecidedAt.Before(begun)) {
			begun = fact.Meta.DecidedAt
		}
	}
	return begun
}

func (h *Handler) mergePair(ctx context.Context, by domain.Cause, m Merge, pair domain.Pair, gone []uuid.UUID) ([]Change, error) {
	london := h.clock().Location()
	to, err := m.Pair(pair)
	if err != nil { // the two are one: nobody is kept apart from themselves
		return h.dissolve(ctx, by, m, pair, london)
	}
	return h.move(ctx, move{
		Renumbering: m.Renumbering, by: by, from: pair, to: to,
		choose: func(from, to stream) []domain.NonAssociation { return m.chosen(from, to, gone, london) },
	})
}

// chosen are those that go along: what lives and was created in the span, and
// whatever an attempt that was cut off has already brought there; but not what
// has gone before.
func (m Merge) chosen(from, to stream, gone []uuid.UUID, london *time.Location) []domain.NonAssociation {
	var chosen []domain.NonAssociation
	for _, n := range from.state.Items {
		if slices.Contains(gone, n.ID) {
			continue
		}
		there, arrived := item(to.state, n.ID)
		arrived = arrived && there.CameFrom != nil && there.CameFrom.Pair == from.state.Pair
		if arrived || !n.Deleted && m.Span.Covers(n, london) {
			chosen = append(chosen, n)
		}
	}
	return chosen
}

func (h *Handler) dissolve(ctx context.Context, by domain.Cause, m Merge, pair domain.Pair, london *time.Location) (changes []Change, err error) {
	err = h.untilWon(ctx, []domain.Pair{pair}, func(ctx context.Context) error {
		streams, err := h.open(ctx, pair)
		if err != nil {
			return err
		}
		command := domain.Dissolve{Renumbering: m.Renumbering}
		for _, n := range m.chosen(streams[0], stream{}, nil, london) {
			command.IDs = append(command.IDs, n.ID)
		}
		events, err := h.put(ctx, streams[0], by, command)
		for _, event := range events {
			changes = append(changes, Change{event.Concerns(), pair, pair, Removed})
		}
		return err
	})
	return changes, err
}

// takenBack is the command that undoes what a message did: always the same, so
// that it is known whether it has been.
func takenBack(message uuid.UUID) uuid.UUID { return uuid.NewSHA1(message, []byte("unmerge")) }
