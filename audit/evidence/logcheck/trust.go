package logcheck

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"nonassociations/audit/evidence"
	"nonassociations/eventstore"
)

const (
	// overlap is how many leaves before the trusted size are compared too: by them the place
	// in the log is found.
	overlap = 16
	// pagesBeyond is how many pages are read beyond half of them, for the others.
	pagesBeyond = 4
)

// trust begins behind the tree of the kept head of size From. When none of the last trusted
// facts is in the log, everything is checked.
func (c *check) trust(ctx context.Context) error {
	h := headOf(c.heads, c.From)
	if h == nil {
		return fmt.Errorf("%w: %d", ErrFrom, c.From)
	}
	tree, err := c.Kept.Tree(ctx, c.From)
	if err != nil {
		return fmt.Errorf("read the trusted tree: %w", err)
	}
	first := max(c.From-overlap, 0)
	rows, err := c.Kept.Leaves(ctx, first, int(c.From-first))
	if err != nil {
		return fmt.Errorf("read the last trusted leaves: %w", err)
	}
	found, err := c.findLeaves(ctx, rows)
	if err != nil {
		return err
	}
	if len(found) == 0 {
		c.From = 0
		return nil
	}
	c.begin, c.first = placeOf(found), first
	for len(c.tree.heads) > 0 && c.tree.heads[0].Size < c.From {
		c.tree.heads = c.tree.heads[1:]
	}
	c.tree.tree = tree
	c.tree.reach()
	return nil
}

// findLeaves looks for the facts of leaves from the end of the log backwards. They come in
// the order of the log.
func (c *check) findLeaves(ctx context.Context, rows []LeafRow) ([]run, error) {
	wanted := map[uuid.UUID]int64{}
	for _, row := range rows {
		if leaf, err := evidence.ParseLeaf(row.Text); err == nil {
			wanted[leaf.EventID] = row.Index
		}
	}
	var found []run
	seen, beyond := int64(0), 0
	for from := eventstore.End; len(wanted) > 0 && beyond <= pagesBeyond; {
		events, err := c.Log.ReadAll(ctx, eventstore.Backwards, from, pageEvents)
		if err != nil {
			return nil, fmt.Errorf("look for the last trusted facts: %w", err)
		}
		for _, event := range events {
			seen--
			if index, is := wanted[event.ID]; is {
				delete(wanted, event.ID)
				found = append(found, run{index, seen, 1, event.Position})
			}
		}
		if len(events) < pageEvents {
			break
		}
		if from = events[len(events)-1].Position; len(found) > len(wanted) {
			beyond++
		}
	}
	return found, nil
}

// placeOf returns the place of the first fact that was not moved.
func placeOf(found []run) eventstore.Position {
	moves, _ := moved(found)
	away := map[int64]bool{}
	for _, r := range moves {
		away[r.leaf] = true
	}
	place := eventstore.End
	for _, r := range found {
		if !away[r.leaf] && r.at.Before(place) {
			place = r.at
		}
	}
	return place
}
