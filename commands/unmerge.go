package commands

import (
	"context"
	"errors"
	"slices"

	"github.com/google/uuid"

	"nonassociations/domain"
)

// ErrNothingMerged says that no fact in the log came of the message.
var ErrNothingMerged = errors.New("no fact in the log came of this message")

// Unmerge takes back what a message did, by new facts: the records return to
// the pairs of the removed number, and closings and deletions that the merge
// made are undone. What else was said of them meanwhile is kept. Repeating it
// changes nothing. A move of another message that was cut off at one of the
// records is completed first. The cause's command id is that of the message.
// With dryRun it only tells. Errors: [ErrNothingMerged], [ErrBusy] and faults of the store.
func (h *Handler) Unmerge(ctx context.Context, by domain.Cause, reason string, dryRun bool) ([]Change, error) {
	traces, halves, err := h.tracesOf(ctx, by.CommandID)
	if err != nil {
		return nil, err
	}
	if !dryRun {
		if err := h.complete(ctx, halves); err != nil {
			return nil, err
		}
	}
	by.CausationID, by.CommandID = by.CommandID, takenBack(by.CommandID)
	var all []Change
	for _, t := range traces {
		by.About = t.Previous
		changes, err := h.takeBack(ctx, by, t, reason, dryRun)
		all = append(all, changes...)
		if err != nil {
			return all, err
		}
	}
	return all, nil
}

func (h *Handler) takeBack(ctx context.Context, by domain.Cause, t trace, reason string, dryRun bool) ([]Change, error) {
	if t.deleted {
		return h.restore(ctx, by, t, reason, dryRun)
	}
	m, there, err := h.wayBack(ctx, by, t)
	if err != nil || !there {
		return nil, err
	}
	m.Reason = reason
	changes := []Change{{t.id, m.from, m.to, Renumbered}}
	streams, err := h.openPatiently(ctx, m.from, m.to)
	if err != nil {
		return nil, err
	}
	if n, is := item(streams[0].state, t.id); is && t.isShut(n) {
		changes = append(changes, Change{t.id, m.from, m.to, Reopened})
	}
	var moved []Change
	if dryRun {
		moved, err = h.planned(m, streams[0], streams[1])
	} else {
		moved, err = h.move(ctx, m)
	}
	if len(moved) == 0 {
		return nil, err
	}
	return append(changes, moved[1:]...), err
}

// wayBack finds where the non-association is now, also when later merges took
// it further, and the move from there to where the removed number is right.
// There is none when an earlier merge was taken back, and it with it: to a
// number that it had before this one.
func (h *Handler) wayBack(ctx context.Context, by domain.Cause, t trace) (move, bool, error) {
	pair, numbers := t.to, []domain.PrisonerNumber{t.Number}
	for pair != t.from {
		streams, err := h.openPatiently(ctx, pair)
		if err != nil {
			return move{}, false, err
		}
		here, number := streams[0], numbers[len(numbers)-1]
		if slices.Contains(here.leftBy(by.CommandID), t.id) { // wherever it is now, a later word has put it there
			return move{}, false, nil
		}
		if _, is := item(here.state, t.id); is {
			return t.back(by, pair, number)
		}
		next, is := departure(here.state, t.id)
		if !is {
			return move{}, false, nil
		}
		if next.Previous == number {
			if here.takenFrom(t.id) && !slices.Contains(numbers, next.Number) {
				return move{}, false, nil
			}
			numbers = append(numbers, next.Number)
		}
		pair = next.To
	}
	return move{}, false, nil // it came back another way
}

// takenFrom tells whether it was an undoing that made it leave last.
func (s stream) takenFrom(id uuid.UUID) bool {
	for _, fact := range slices.Backward(s.facts) {
		e, is := fact.Event.(domain.PrisonerRenumbered)
		if is && e.NonAssociation == nil && e.NonAssociationID == id {
			return fact.Meta.CommandID == takenBack(fact.Meta.CausationID)
		}
	}
	return false
}

func departure(s domain.State, id uuid.UUID) (domain.Departure, bool) {
	for _, d := range s.Left {
		if d.ID == id {
			return d, true
		}
	}
	return domain.Departure{}, false
}

// back is the move from a pair; false when the other of the pair is the removed
// number itself.
func (t trace) back(by domain.Cause, from domain.Pair, number domain.PrisonerNumber) (move, bool, error) {
	m := move{by: by, from: from, undo: t.reopened}
	m.Previous, m.Number = number, t.Previous
	to, err := m.Pair(from)
	if err != nil {
		return move{}, false, nil //nolint:nilerr // nobody is kept apart from themselves
	}
	m.to = to
	m.choose = func(from, to stream) []domain.NonAssociation {
		n, here := item(from.state, t.id)
		_, there := item(to.state, t.id)
		if !here || n.Deleted && !there { // a deleted one stays where it is
			return nil
		}
		return []domain.NonAssociation{n}
	}
	return m, true, nil
}

// restore lets what the merge deleted between the two numbers arrive where it
// was.
func (h *Handler) restore(ctx context.Context, by domain.Cause, t trace, reason string, dryRun bool) (changes []Change, err error) {
	err = h.untilWon(ctx, []domain.Pair{t.from}, func(ctx context.Context) error {
		streams, err := h.open(ctx, t.from)
		if err != nil {
			return err
		}
		here := streams[0]
		n, _ := item(here.state, t.id)
		if !n.Deleted || restoredBy(here, by.CommandID, t.id) {
			return nil
		}
		changes = []Change{{t.id, t.from, t.from, Restored}}
		if dryRun {
			return nil
		}
		before, _ := item(here.at(t.revision-1), t.id) // it was opened, so there is a revision before
		arrive := domain.Arrive{From: t.from, Revision: here.revision(), Records: []domain.Arriving{{NonAssociation: before}}}
		arrive.Previous, arrive.Number, arrive.Reason = t.Number, t.Previous, reason
		_, err = h.put(ctx, here, by, arrive)
		return err
	})
	return changes, err
}

func restoredBy(s stream, command, id uuid.UUID) bool {
	for _, fact := range s.facts {
		if fact.Meta.CommandID == command && fact.Event.Concerns() == id {
			return true
		}
	}
	return false
}
