package audit

import (
	"time"

	"github.com/google/uuid"

	"nonassociations/domain"
)

// HeldAsOf is what NOMIS held of a record at a time, as far as the log knew then: its base
// and its sequence.
type HeldAsOf struct {
	// Pair is the one under whose numbers NOMIS held it. A record that had not been
	// transferred yet was held under its earlier one.
	Pair domain.Pair
	// Values are those of the fields that the log knew; a nil value is none. TypeSequence is
	// 0 when it was not known. Without both NOMIS held nothing.
	Values       map[domain.DetailField]*string
	TypeSequence int
	Since        time.Time // when the log knew it first; zero: no fact of this pair says so
}

// Nothing reports whether the log knew of nothing that NOMIS held.
func (h HeldAsOf) Nothing() bool { return h.TypeSequence == 0 && len(h.Values) == 0 }

// addHeld adds to records what NOMIS held of each at a time. facts are in the order of the
// log.
func addHeld(records []RecordAsOf, facts []recordedFact, at time.Time) {
	fold := toldFold{pairs: map[domain.Pair]*toldPair{}, owner: map[uuid.UUID]domain.Pair{}, left: map[place]HeldAsOf{}}
	for _, f := range facts {
		if f.OfPair() && recordedBy(f, at) {
			fold.add(f)
		}
	}
	for i, r := range records {
		held := fold.of(place{r.Pair, r.NonAssociation.ID})
		records[i].NOMIS = &held
	}
}

// toldFold folds where the records of several pairs stand with NOMIS.
type toldFold struct {
	pairs map[domain.Pair]*toldPair
	owner map[uuid.UUID]domain.Pair // the pair that a record is of now
	left  map[place]HeldAsOf        // as it was when the record left the pair
}

type toldPair struct {
	facts     *domain.Folding
	standings domain.Standings
}

// add folds a fact of a pair. Facts of a pair may be missing before it.
func (t *toldFold) add(f recordedFact) {
	pair, here := t.pair(f.Pair), place{f.Pair, f.Event.About()}
	index, before := pair.find(here.id)
	switch f.Event.(type) {
	case domain.TransferredIn:
		delete(t.left, here)
	case domain.TransferredOut:
		if before != nil {
			t.left[here] = pair.held(f.Pair, index)
		}
	default:
	}
	pair.facts.Add(f.Fact)
	_, after := pair.find(here.id)
	pair.standings.Add(f.Fact, domain.Recorded{Revision: f.Revision, At: f.RecordedAt}, index, before, after)
	if before == nil && after != nil {
		t.owner[here.id] = f.Pair
	}
}

// of returns what NOMIS held of a record: in the pair that is asked about, and before it
// came there in the pair that it was of.
func (t *toldFold) of(at place) HeldAsOf {
	if left, is := t.left[at]; is {
		return left
	}
	if index, is := t.pair(at.pair).find(at.id); is != nil {
		return t.pair(at.pair).held(at.pair, index)
	}
	owner := t.owner[at.id]
	if index, is := t.pair(owner).find(at.id); is != nil {
		return t.pair(owner).held(owner, index)
	}
	return HeldAsOf{Pair: at.pair}
}

func (t *toldFold) pair(pair domain.Pair) *toldPair {
	if t.pairs[pair] == nil {
		t.pairs[pair] = &toldPair{facts: domain.NewFolding(domain.State{Pair: pair})}
	}
	return t.pairs[pair]
}

// find returns the index of a record and a copy of it; nil where the pair does not have it.
func (p *toldPair) find(id uuid.UUID) (int, *domain.NonAssociation) {
	n, is := p.facts.Find(id)
	if !is {
		return -1, nil
	}
	return p.facts.Index(id), &n
}

// held returns what NOMIS holds of the record at an index.
func (p *toldPair) held(pair domain.Pair, index int) HeldAsOf {
	s := p.standings[index]
	held := HeldAsOf{Pair: pair, TypeSequence: s.Mapped, Values: baseOf(s, p.facts.At(index), pair), Since: s.Delivery.At}
	if s.Mapped == 0 && (s.Gone || len(held.Values) == 0) {
		return HeldAsOf{Pair: pair}
	}
	return held
}
