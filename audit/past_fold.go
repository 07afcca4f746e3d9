package audit

import (
	"slices"

	"github.com/google/uuid"

	"nonassociations/domain"
)

// pastFold folds chosen facts of several pairs, in the order of the log.
//
// A transfer carries the whole record, and so would bring back what was left out of it.
// Of a record of which a fact was left out, the fold under its earlier number therefore
// stands for what the transfer carries.
type pastFold struct {
	pairs   map[domain.Pair]*domain.Folding
	places  map[place]*placed
	order   []place                   // of places, by the first fact
	owner   map[uuid.UUID]domain.Pair // the pair that a record is of now
	deleted map[uuid.UUID]*Deletion   // the last deletion of each
	leftOut map[uuid.UUID]bool        // records of which a fact was left out
}

// place is a record under one of its pairs.
type place struct {
	pair domain.Pair
	id   uuid.UUID
}

// placed is what is known of a record under one of its pairs.
type placed struct {
	last    recordedFact           // that changed a value which answers show
	movedTo domain.Pair            // where a transfer brought it from here
	left    *domain.NonAssociation // as it was when it left the pair; nil: the pair has it
}

func newPastFold() *pastFold {
	return &pastFold{
		pairs: map[domain.Pair]*domain.Folding{}, places: map[place]*placed{}, owner: map[uuid.UUID]domain.Pair{},
		deleted: map[uuid.UUID]*Deletion{}, leftOut: map[uuid.UUID]bool{},
	}
}

// add folds a fact. Facts that are of no pair change nothing.
func (p *pastFold) add(f recordedFact) {
	if !f.OfPair() {
		return
	}
	facts, here := p.pair(f.Pair), place{f.Pair, f.Event.About()}
	switch e := f.Event.(type) {
	case domain.Opened, domain.Imported:
		p.owner[here.id] = f.Pair
	case domain.Deleted:
		p.deleted[here.id] = &Deletion{At: f.Meta.DecidedAt, By: e.RequestedBy, Reason: e.DeletionReason}
	case domain.TransferredIn:
		f.Event = p.arrival(e)
		p.owner[here.id] = f.Pair
		p.place(place{e.From, here.id}).movedTo = f.Pair
		p.place(here).left = nil
	case domain.TransferredOut:
		if n, is := facts.Find(here.id); is {
			p.place(here).left = &n
		}
	default:
	}
	facts.Add(f.Fact)
	if n, is := facts.Find(here.id); is && n.LastEventID == f.ID {
		p.place(here).last = f
	}
}

// arrival returns a transfer with the record that it changes only the pair of.
func (p *pastFold) arrival(e domain.TransferredIn) domain.TransferredIn {
	if !p.leftOut[e.NonAssociationID] {
		return e
	}
	source := place{e.From, e.NonAssociationID}
	n, is := p.pair(e.From).Find(source.id)
	if left := p.place(source).left; !is && left != nil {
		n, is = *left, true
	}
	if !is {
		return e // it began before the facts that are known here
	}
	// A second arrival that brings nothing new leaves what was changed here meanwhile.
	if before, arrived := p.pair(e.To).Find(n.ID); arrived && before.UpdatedAt.After(n.UpdatedAt) {
		n = before
	} else {
		n = e.Of(n)
	}
	e.NonAssociation = n
	return e
}

// pair returns the fold of a pair.
func (p *pastFold) pair(pair domain.Pair) *domain.Folding {
	if p.pairs[pair] == nil {
		p.pairs[pair] = domain.NewFolding(domain.State{Pair: pair})
	}
	return p.pairs[pair]
}

// place returns what is known of a record under a pair.
func (p *pastFold) place(at place) *placed {
	if p.places[at] == nil {
		p.places[at] = &placed{}
		p.order = append(p.order, at)
	}
	return p.places[at]
}

// records returns the records of the pairs that are asked about. A record that is in one
// of them now is not shown in another one that it left.
func (p *pastFold) records(asked func(domain.Pair) bool) []RecordAsOf {
	shown := slices.DeleteFunc(slices.Clone(p.order), func(at place) bool {
		owner := p.owner[at.id]
		return !asked(at.pair) || owner != at.pair && asked(owner)
	})
	var all []RecordAsOf
	for _, at := range shown {
		known := p.places[at]
		n, is := p.pair(at.pair).Find(at.id)
		if known.left != nil {
			n, is = *known.left, true
		}
		if !is {
			continue
		}
		record := RecordAsOf{Record: Record{at.pair, n}, LastFact: known.last}
		if n.Deleted {
			record.Deleted = p.deleted[n.ID]
		}
		if p.owner[at.id] != at.pair {
			record.MovedTo = &known.movedTo
		}
		all = append(all, record)
	}
	return all
}
