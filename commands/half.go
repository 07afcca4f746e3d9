package commands

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"nonassociations/domain"
)

// half is a move that was cut off: the non-association has arrived and not left
// yet, so that two pairs have it. Whoever moves it next completes that first:
// else one of the two would be left behind where nobody looks for it.
type half struct {
	domain.Renumbering
	by       domain.Cause
	id       uuid.UUID
	from, to domain.Pair
}

// halvesAfter are the halves after one more fact, in the order of the log.
func halvesAfter(halves []half, fact domain.Fact) []half {
	e, is := fact.Event.(domain.PrisonerRenumbered)
	if !is || e.From == e.To {
		return halves
	}
	if e.NonAssociation == nil {
		return slices.DeleteFunc(halves, func(h half) bool {
			return h.id == e.NonAssociationID && (h.from == e.From || h.to == e.From)
		})
	}
	halves = slices.DeleteFunc(halves, func(h half) bool { // it goes on there, or back
		return h.id == e.NonAssociationID && (h.to == e.To && h.from == e.From || h.to == e.From && h.from == e.To)
	})
	return append(halves, half{e.Renumbering, fact.Meta.Cause, e.NonAssociationID, e.From, e.To})
}

// complete does the second half, in the name of the message that did the first.
func (h *Handler) complete(ctx context.Context, halves []half) error {
	for _, cut := range halves {
		h.logger.InfoContext(ctx, "completing a move that was cut off", "message", cut.by.CommandID, "nonAssociation", cut.id)
		_, err := h.move(ctx, move{Renumbering: cut.Renumbering, by: cut.by, from: cut.from, to: cut.to, choose: cut.chosen})
		if err != nil {
			return err
		}
	}
	return nil
}

func (h half) chosen(from, to stream) []domain.NonAssociation {
	n, here := item(from.state, h.id)
	there, arrived := item(to.state, h.id)
	if !here || !arrived || there.CameFrom == nil || there.CameFrom.Pair != from.state.Pair {
		return nil
	}
	return []domain.NonAssociation{n}
}

// halvesAt are the halves of other commands that have arrived in these streams,
// or go back from them to where they came from.
func (h *Handler) halvesAt(ctx context.Context, streams []stream, command uuid.UUID) ([]half, error) {
	var halves []half
	for _, to := range streams {
		for _, n := range to.state.Items {
			if n.CameFrom == nil || n.CameFrom.Pair == to.state.Pair {
				continue
			}
			at, cut := to.arrival(n.ID)
			from, err := h.openPatiently(ctx, n.CameFrom.Pair)
			if err != nil {
				return nil, err
			}
			there, both := item(from[0].state, n.ID)
			if both && there.CameFrom != nil && there.CameFrom.Pair == to.state.Pair && there.CameFrom.Revision >= at {
				_, cut = from[0].arrival(n.ID) // an undoing was cut off on its way back
			}
			if both && cut.by.CommandID != command {
				halves = append(halves, cut)
			}
		}
	}
	return halves, nil
}

// arrival is the last one of a non-association, and its revision.
func (s stream) arrival(id uuid.UUID) (at uint64, cut half) {
	for i, fact := range s.facts {
		e, is := fact.Event.(domain.PrisonerRenumbered)
		if is && e.NonAssociation != nil && e.NonAssociationID == id {
			at, cut = uint64(i), half{e.Renumbering, fact.Meta.Cause, id, e.From, e.To}
		}
	}
	return at, cut
}
