package projections

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/eventstore"
)

// pairRow is a row of read_1.pair.
type pairRow struct {
	state     domain.State
	facts     uint64  // that lead to it
	positions []int64 // of the opening event of each item
	folding   *eventstore.Folding
	items     []*listItem
	begins    bool // with this batch, so that the table cannot have the row
	stored    bool // the table has the row already
}

// prisonerRow is a row of read_1.prisoner.
type prisonerRow struct {
	number  domain.PrisonerNumber
	items   []*listItem
	stored  bool
	kept    bool       // in a building
	changed []*pairRow // of this batch
	size    int        // bytes of the entries, when last asked
}

// append is by how many bytes the entries have grown since it was last asked.
func (p *prisonerRow) append() int {
	size := 0
	for _, e := range p.items {
		size += len(e.text)/2 + itemBytes // the other prisoner has it too
	}
	grown := size - p.size
	p.size = size
	return grown
}

// itemBytes is what an entry takes in the memory of either prisoner, beside
// its text.
const itemBytes = 96

// rows are those that a batch concerns. They hold everything that folding
// needs: from here on nothing reads the tables.
type rows struct {
	pairs     map[domain.Pair]*pairRow
	prisoners map[domain.PrisonerNumber]*prisonerRow
	opened    map[uuid.UUID]recordRow // of those that begin in a pair, or arrive: they are the pair's from now on
	arrived   map[uuid.UUID]struct{}
	changed   map[rowKey]recordRow
	merges    merges
	london    *time.Location
}

// rowsFor makes empty rows for all whom the facts concern.
func rowsFor(facts []*fact, london *time.Location) rows {
	r := rows{
		pairs:     make(map[domain.Pair]*pairRow, len(facts)),
		prisoners: make(map[domain.PrisonerNumber]*prisonerRow, len(facts)),
		opened:    make(map[uuid.UUID]recordRow, len(facts)),
		arrived:   map[uuid.UUID]struct{}{},
		changed:   map[rowKey]recordRow{},
		london:    london,
	}
	for _, f := range facts {
		if !f.OfPair() {
			r.merges.add(f)
			continue
		}
		if r.pairs[f.Pair] != nil {
			continue
		}
		row := &pairRow{state: domain.State{Pair: f.Pair}, begins: f.Revision == 0}
		r.pairs[f.Pair] = row
		for _, number := range f.Pair.Numbers() {
			prisoner := r.prisoners[number]
			if prisoner == nil {
				prisoner = &prisonerRow{number: number}
				r.prisoners[number] = prisoner
			}
			prisoner.changed = append(prisoner.changed, row)
		}
	}
	return r
}

// fold brings the rows to where the facts lead. The rows depend on the facts
// alone, never on how they were cut into batches. Errors: ErrNotWhole.
func (r rows) fold(facts []*fact) error {
	owner, touched := make(map[uuid.UUID]*pairRow, len(facts)), map[rowKey]struct{}{}
	for _, f := range facts {
		if !f.OfPair() {
			continue
		}
		row := r.pairs[f.Pair]
		began, err := row.evolve(f)
		if err != nil {
			return err
		}
		id, arrived := f.Event.Concerns(), arrives(f.Event)
		if arrived {
			r.arrived[id] = struct{}{}
		}
		switch {
		case began || arrived:
			owner[id] = row
		case changesRecordRow(f.Event):
			touched[rowKey{id, f.Pair}] = struct{}{}
		}
	}
	for _, row := range r.pairs {
		row.state, row.facts, row.folding = row.folding.State(), row.folding.Next(), nil
		row.items = row.itemsOf()
	}
	r.recordRows(owner, touched)
	for _, prisoner := range r.prisoners {
		prisoner.renew()
	}
	return nil
}

// evolve folds one fact and keeps a position beside each item. It reports
// whether an item was added.
func (p *pairRow) evolve(f *fact) (began bool, err error) {
	if p.folding == nil {
		p.folding = eventstore.Resume(p.state, p.facts)
	}
	count, at := p.folding.Len(), p.folding.Index(f.Event.Concerns())
	if err := p.folding.Add(*f); err != nil {
		return false, err
	}
	switch grown := p.folding.Len() - count; {
	case grown > 0:
		p.positions = append(p.positions, int64(f.Position.Commit)) //nolint:gosec // positions stay below 2⁶³
		return true, nil
	case grown < 0:
		p.positions = slices.Delete(p.positions, at, at+1)
	}
	return false, nil
}

// arrives reports whether a non-association belongs to another pair from now on.
func arrives(e domain.Event) bool {
	_, is := e.(domain.TransferredIn)
	return is
}

// splitNewAndExisting parts the rows that the tables may have from those that they cannot
// have: a line is as new as its pair, unless it came from another one.
func (r rows) splitNewAndExisting() (stored, fresh rows) {
	stored.merges, r.merges = r.merges, merges{}
	if r.allFresh() {
		stored.changed = r.changed
		r.changed = nil
		return stored, r
	}
	for _, part := range []*rows{&stored, &fresh} {
		part.pairs, part.prisoners = map[domain.Pair]*pairRow{}, map[domain.PrisonerNumber]*prisonerRow{}
		part.opened = map[uuid.UUID]recordRow{}
	}
	for pair, row := range r.pairs {
		if row.stored {
			stored.pairs[pair] = row
		} else {
			fresh.pairs[pair] = row
		}
	}
	for number, row := range r.prisoners {
		if row.stored {
			stored.prisoners[number] = row
		} else {
			fresh.prisoners[number] = row
		}
	}
	for id, l := range r.opened {
		if _, arrived := r.arrived[id]; arrived || r.pairs[l.pair].stored {
			stored.opened[id] = l
		} else {
			fresh.opened[id] = l
		}
	}
	stored.changed = r.changed
	return stored, fresh
}

// allFresh is how it is while a new log is gone through, and saves the parting.
func (r rows) allFresh() bool {
	for _, row := range r.pairs {
		if row.stored {
			return false
		}
	}
	for _, row := range r.prisoners {
		if row.stored {
			return false
		}
	}
	return len(r.arrived) == 0
}

func (r rows) none() bool {
	return len(r.pairs)+len(r.prisoners)+len(r.opened)+len(r.changed) == 0 && r.merges.none()
}

// renew replaces the entries of the pairs that changed; one that begins has
// none yet.
func (p *prisonerRow) renew() {
	for _, row := range p.changed {
		if !row.begins {
			p.items = slices.DeleteFunc(p.items, func(e *listItem) bool { return e.pair == row.state.Pair })
		}
		p.items = append(p.items, row.items...)
	}
	p.changed = nil
	sortItems(p.items)
}
