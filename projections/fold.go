package projections

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/eventstore"
)

// pairRow is a row of the table pair: the state that the facts of one stream led to. The
// next fact is folded onto the stored state, so that the stream is not read again.
type pairRow struct {
	state     domain.State
	facts     uint64           // that led to the state
	positions []int64          // of the opening event of each item of the state
	standings domain.Standings // of each item of the state
	mapped    []*mappingRow    // that began in this batch
	folding   *eventstore.Folding
	items     []*listItem
	begins    bool // with this batch: the table cannot have the row
	stored    bool // the table has the row
}

// evolve folds one fact, and keeps the position of the opening event and the standing
// beside each item. It reports whether an item was added, and which mappings changed.
func (p *pairRow) evolve(f *fact) (added bool, changes []domain.MappingChange, err error) {
	if p.folding == nil {
		p.folding = eventstore.Resume(p.state, p.facts)
	}
	count, at := p.folding.Len(), p.folding.Index(f.Event.About())
	var before, after domain.NonAssociation
	if at >= 0 {
		before = p.folding.At(at)
	}
	if err := p.folding.Add(*f); err != nil {
		return false, nil, err
	}
	recorded := domain.Recorded{Revision: f.Revision, At: f.RecordedAt.UTC()}
	// An item disappears when its record is transferred to another pair. The positions
	// must stay beside the items, because they decide the order of a list.
	switch grown := p.folding.Len() - count; {
	case grown > 0:
		p.positions = append(p.positions, int64(f.Position.Commit)) //nolint:gosec // positions stay below 2⁶³
		after = p.folding.At(count)
		return true, p.standings.Add(f.Fact, recorded, count, nil, &after), nil
	case grown < 0:
		p.positions = slices.Delete(p.positions, at, at+1)
		return false, p.standings.Add(f.Fact, recorded, at, &before, nil), nil
	case at < 0: // about no record of the pair
		return false, nil, nil
	}
	after = p.folding.At(at)
	return false, p.standings.Add(f.Fact, recorded, at, &before, &after), nil
}

// prisonerRow is a row of the table prisoner. A fact of a pair changes two of them.
type prisonerRow struct {
	number  domain.PrisonerNumber
	items   []*listItem
	stored  bool       // the table has the row
	kept    bool       // by a bulk load
	changed []*pairRow // in this batch
	size    int        // bytes of the items when grown was last called
}

// itemBytes is what an item takes in the memory of either prisoner, beside its text.
const itemBytes = 96

// grown returns by how many bytes the items have grown since the last call. The other
// prisoner of an item shares its text, so each of the two counts half of it.
func (p *prisonerRow) grown() int {
	size := 0
	for _, item := range p.items {
		size += len(item.text)/2 + itemBytes
	}
	grown := size - p.size
	p.size = size
	return grown
}

// renew replaces the items of the pairs that changed. A pair that begins has no items
// here yet.
func (p *prisonerRow) renew() {
	for _, row := range p.changed {
		if !row.begins {
			p.items = slices.DeleteFunc(p.items, func(item *listItem) bool { return item.pair == row.state.Pair })
		}
		p.items = append(p.items, row.items...)
	}
	p.changed = nil
	sortItems(p.items)
}

// rows are the rows that a batch changes. After load they hold everything that folding
// needs, and nothing reads the tables until they are written.
type rows struct {
	generation Generation
	pairs      map[domain.Pair]*pairRow
	prisoners  map[domain.PrisonerNumber]*prisonerRow
	opened     map[uuid.UUID]recordRow // records that begin in a pair or arrive in it, which owns them from now on
	arrived    map[uuid.UUID]struct{}  // those of opened that came from another pair
	changed    map[rowKey]recordRow    // all other records
	mappings   *mappings
	merges     merges
	index      *factIndex
	london     *time.Location
}

// rowsFor returns empty rows for every pair and prisoner of the facts.
func rowsFor(facts []*fact, g Generation, london *time.Location) rows {
	r := rows{
		generation: g,
		pairs:      make(map[domain.Pair]*pairRow, len(facts)),
		prisoners:  make(map[domain.PrisonerNumber]*prisonerRow, len(facts)),
		opened:     make(map[uuid.UUID]recordRow, len(facts)),
		arrived:    map[uuid.UUID]struct{}{},
		changed:    map[rowKey]recordRow{},
		mappings:   &mappings{},
		index:      &factIndex{},
		london:     london,
	}
	for _, f := range facts {
		r.index.add(f, london)
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

// fold applies the facts to the rows. The result depends on the facts alone, never on
// how they were cut into batches. Errors: eventstore.ErrNotWhole for a stream that
// lacks a revision.
func (r rows) fold(facts []*fact) error {
	// owner holds the records whose rows belong to a pair from this batch on, touched the
	// records that a fact may have changed without moving them.
	owner, touched := make(map[uuid.UUID]*pairRow, len(facts)), map[rowKey]struct{}{}
	for _, f := range facts {
		if !f.OfPair() {
			continue
		}
		row := r.pairs[f.Pair]
		added, changes, err := row.evolve(f)
		if err != nil {
			return err
		}
		id, arrived := f.Event.About(), arrives(f.Event)
		if arrived {
			r.arrived[id] = struct{}{}
		}
		switch {
		case added || arrived:
			owner[id] = row
		case changesRecordRow(f.Event):
			touched[rowKey{id, f.Pair}] = struct{}{}
		}
		for _, change := range changes {
			r.mappings.add(row, f, change)
			if change.ID != id { // it lost its sequence to the other one
				touched[rowKey{change.ID, f.Pair}] = struct{}{}
			}
		}
	}
	// Items and rows are made once a batch, after the last fact: a state in between is
	// never seen.
	for _, row := range r.pairs {
		row.state, row.facts, row.folding = row.folding.State(), row.folding.Next(), nil
		row.items = itemsOf(row)
	}
	r.recordRows(owner, touched)
	for _, prisoner := range r.prisoners {
		prisoner.renew()
	}
	return nil
}

// arrives reports whether an event moves a non-association into the pair.
func arrives(e domain.Event) bool {
	_, is := e.(domain.TransferredIn)
	return is
}

// splitNewAndExisting separates the rows that the tables may have from those that they
// cannot have. A record is as new as its pair, unless it came from another pair.
func (r rows) splitNewAndExisting() (existing, created rows) {
	existing.generation, created.generation = r.generation, r.generation
	existing.merges, r.merges = r.merges, merges{}
	existing.mappings, r.mappings = r.mappings.split()
	created.mappings, created.index = r.mappings, r.index
	// Changed records and merges may be rows that exist: they go with existing.
	if r.allNew() {
		existing.changed = r.changed
		r.changed = nil
		return existing, r
	}
	for _, part := range []*rows{&existing, &created} {
		part.pairs, part.prisoners = map[domain.Pair]*pairRow{}, map[domain.PrisonerNumber]*prisonerRow{}
		part.opened = map[uuid.UUID]recordRow{}
	}
	for pair, row := range r.pairs {
		if row.stored {
			existing.pairs[pair] = row
		} else {
			created.pairs[pair] = row
		}
	}
	for number, row := range r.prisoners {
		if row.stored {
			existing.prisoners[number] = row
		} else {
			created.prisoners[number] = row
		}
	}
	for id, record := range r.opened {
		if _, arrived := r.arrived[id]; arrived || r.pairs[record.pair].stored {
			existing.opened[id] = record
		} else {
			created.opened[id] = record
		}
	}
	existing.changed = r.changed
	return existing, created
}

// allNew reports whether the tables can have none of the rows. That is the usual case
// while a new log is read from its beginning, and saves splitting them.
func (r rows) allNew() bool {
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

// none reports whether there is nothing to write.
func (r rows) none() bool {
	return len(r.pairs)+len(r.prisoners)+len(r.opened)+len(r.changed) == 0 && r.merges.none() && r.mappings.none() && r.index.none()
}
