package commands

import (
	"cmp"
	"context"
	"slices"

	"github.com/google/uuid"

	"nonassociations/domain"
)

// Change is what a merge or its undoing did to one non-association.
type Change struct {
	NonAssociationID uuid.UUID
	From, To         domain.Pair // equal when it stayed where it was
	Done             Done
}

// Done says what was done to it.
type Done string

// What is done.
const (
	Renumbered Done = "RENUMBERED" // it is in the other pair now
	Shut       Done = "CLOSED"     // and was closed, as that pair had one not closed
	Removed    Done = "DELETED"    // it was between the two numbers
	Restored   Done = "RESTORED"   // such a deletion was taken back
	Reopened   Done = "REOPENED"   // such a closing was taken back
)

// move brings non-associations of one pair to another. Two streams cannot be
// appended at once: they arrive in the new one first and leave the old one
// second, so that for a moment they are shown twice, and never missing.
type move struct {
	domain.Renumbering
	by       domain.Cause
	from, to domain.Pair
	// choose says what goes. It is asked again after each conflict.
	choose func(from, to stream) []domain.NonAssociation
	undo   func(domain.NonAssociation) domain.NonAssociation // what does not go along; may be nil
}

// move goes on where an attempt that was cut off has stopped.
func (h *Handler) move(ctx context.Context, m move) (changes []Change, err error) {
	err = h.untilWon(ctx, []domain.Pair{m.from, m.to}, func(ctx context.Context) error {
		for {
			arrived, err := h.step(ctx, m)
			changes = m.add(changes, arrived)
			if err != nil || len(arrived) == 0 {
				return err
			}
		}
	})
	return changes, err
}

// step is one append. What arrived is read back before anything leaves: another
// process at the same message appends under the same ids, and the store would
// have taken the one for the other.
func (h *Handler) step(ctx context.Context, m move) (arrived []domain.Event, err error) {
	streams, err := h.open(ctx, m.from, m.to)
	if err != nil {
		return nil, err
	}
	from, to := streams[0], streams[1]
	going := m.choose(from, to)
	if len(going) == 0 {
		return nil, nil
	}
	leave := domain.Leave{Renumbering: m.Renumbering, To: m.to, Revision: from.revision()}
	for _, n := range going {
		leave.IDs = append(leave.IDs, n.ID)
	}
	arrived, err = h.put(ctx, to, m.by, m.arrive(going, from, to))
	if err != nil || len(arrived) > 0 {
		return arrived, err
	}
	// Exactly where the arrival saw it: a fact that came between would be lost.
	_, err = h.put(ctx, from, m.by, leave)
	return nil, err
}

func (m move) arrive(going []domain.NonAssociation, from, to stream) domain.Arrive {
	arrive := domain.Arrive{Renumbering: m.Renumbering, From: m.from, Revision: from.revision()}
	for _, n := range going {
		arrive.Records = append(arrive.Records, m.arriving(n, from, to))
	}
	return arrive
}

// planned tells what the move would do to these streams.
func (h *Handler) planned(m move, from, to stream) ([]Change, error) {
	decision, err := domain.Decide(to.state, m.arrive(m.choose(from, to), from, to), h.clock(), m.by)
	return m.add(nil, decision.Events), err
}

// carried is a non-association of the pair that it comes from as it goes.
func (m move) carried(n domain.NonAssociation) domain.NonAssociation {
	if m.undo != nil {
		n = m.undo(n)
	}
	return m.Of(n)
}

// arriving joins what both pairs have of it, when an earlier attempt was cut
// off: the base is where the one took it from the other.
func (m move) arriving(n domain.NonAssociation, from, to stream) domain.Arriving {
	arriving := domain.Arriving{NonAssociation: m.carried(n)}
	here, both := item(to.state, n.ID)
	if !both {
		return arriving
	}
	if here.CameFrom != nil && here.CameFrom.Pair == m.from {
		if base, there := item(from.at(here.CameFrom.Revision), n.ID); there {
			base = m.carried(base)
			arriving.Base = &base
		}
		return arriving
	}
	if n.CameFrom != nil && n.CameFrom.Pair == m.to {
		if base, there := item(to.at(n.CameFrom.Revision), n.ID); there {
			arriving.Base = &base
		}
	}
	return arriving
}

// add tells of what arrived, once for each non-association.
func (m move) add(changes []Change, events []domain.Event) []Change {
	for _, event := range events {
		done := Renumbered
		if _, closed := event.(domain.Closed); closed {
			done = Shut
		}
		known := slices.ContainsFunc(changes, func(c Change) bool {
			return c.NonAssociationID == event.Concerns() && c.Done == done
		})
		if !known {
			changes = append(changes, Change{event.Concerns(), m.from, m.to, done})
		}
	}
	return changes
}

// inOrder are the pairs as the queue takes them, each once.
func inOrder(pairs []domain.Pair) []*job {
	sorted := slices.Clone(pairs)
	slices.SortFunc(sorted, func(a, b domain.Pair) int { return cmp.Compare(a.Stream(), b.Stream()) })
	var jobs []*job
	for _, pair := range slices.Compact(sorted) {
		jobs = append(jobs, &job{pair: pair})
	}
	return jobs
}
