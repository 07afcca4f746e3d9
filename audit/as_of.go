package audit

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/eventstore"
)

// RecordState is what a record was at a time.
type RecordState string

// The states. The values are on the wire: never change one.
const (
	StateOpen    RecordState = "OPEN"
	StateClosed  RecordState = "CLOSED"
	StatePending RecordState = "PENDING" // not closed, and takes effect later
)

// RecordAsOf is a record as it was at a time, as it was known at a time.
type RecordAsOf struct {
	// Record is under the number that was asked about, also when it has moved on.
	Record

	State    RecordState
	Deleted  *Deletion    // nil: it is not deleted
	MovedTo  *domain.Pair // the pair that a merge moved it to; nil: it has not left
	LastFact recordedFact // the last one that changed a value which answers show
	NOMIS    *HeldAsOf    // what NOMIS held; nil: it was not asked
}

// AsOfPrisoner returns the records of a prisoner number at a time, as they were known at a
// time, the oldest effective date first; deleted ones are among them. A record that left
// the number is there as it was before, until it comes back. streams are those of the
// prisoner's pairs; transfers from and to others are followed. Errors: those of the log,
// and eventstore.ErrNotWhole.
func (r *Reader) AsOfPrisoner(ctx context.Context, streams []string, number domain.PrisonerNumber, at Moments) ([]RecordAsOf, error) {
	theirs, err := ofPrisoner(streams, number)
	if err != nil {
		return nil, err
	}
	return r.asOf(ctx, theirs, ofNumber(number), at)
}

// AsOfPair is AsOfPrisoner for the records of one pair.
func (r *Reader) AsOfPair(ctx context.Context, pair domain.Pair, at Moments) ([]RecordAsOf, error) {
	return r.asOf(ctx, []string{pair.Stream()}, ofPair(pair), at)
}

// ofNumber and ofPair say which pairs a question asks about.
func ofNumber(number domain.PrisonerNumber) func(domain.Pair) bool {
	return func(p domain.Pair) bool { return p.Has(number) }
}

func ofPair(pair domain.Pair) func(domain.Pair) bool {
	return func(p domain.Pair) bool { return p == pair }
}

func (r *Reader) asOf(ctx context.Context, streams []string, asked func(domain.Pair) bool, at Moments) ([]RecordAsOf, error) {
	var facts []recordedFact
	ids := map[uuid.UUID]bool{}
	concerns := func(f recordedFact) bool {
		id := f.Event.About()
		ids[id] = ids[id] || id != uuid.Nil && asked(f.Pair)
		return ids[id]
	}
	err := r.each(ctx, streams, concerns, func(pair *eventstore.Folding, f recordedFact) error {
		facts = append(facts, f)
		return pair.Add(f) // which demands that no fact is missing
	})
	if err != nil {
		return nil, err
	}
	sortFacts(facts)
	return foldAsOf(facts, asked, at, r.options.London), nil
}

// foldAsOf is the definition of "as of". facts are all facts of some pairs in the order of
// the log. Those that were recorded until at.Known are folded, less the acts of staff that
// became true after at.True. The result has the records of the pairs that are asked about.
// What NOMIS held is folded from the facts that were recorded until at.Told.
func foldAsOf(facts []recordedFact, asked func(domain.Pair) bool, at Moments, london *time.Location) []RecordAsOf {
	fold := newPastFold()
	for _, f := range facts {
		if counts(f, at) {
			fold.add(f)
		} else {
			fold.leftOut[f.Event.About()] = true
		}
	}
	all := fold.records(asked)
	for i := range all {
		all[i].State = stateAt(all[i].NonAssociation, at.True.At, london)
	}
	if at.Told != nil {
		addHeld(all, facts, at.Told.At)
	}
	slices.SortStableFunc(all, func(a, b RecordAsOf) int {
		return cmp.Compare(a.NonAssociation.EffectiveDate, b.NonAssociation.EffectiveDate)
	})
	return all
}

// counts reports whether a fact was known, and is no act of staff of a later time. What
// NOMIS, a migration or a merge tells counts whenever it was told, since it tells of dates.
func counts(f recordedFact, at Moments) bool {
	if !recordedBy(f, at.Known.At) {
		return false
	}
	if f.Meta.Source != domain.DPS {
		return true
	}
	switch f.Event.(type) {
	case domain.Amended, domain.Closed, domain.Reopened, domain.Deleted:
		return !f.Meta.OccurredAt.Truncate(recordedTo).After(at.True.At)
	default:
		return true
	}
}

// recordedBy reports whether a fact was recorded until a time.
func recordedBy(f recordedFact, at time.Time) bool {
	return !f.RecordedAt.Truncate(recordedTo).After(at)
}

// stateAt returns what a record is at a time, by its dates alone.
func stateAt(n domain.NonAssociation, at time.Time, london *time.Location) RecordState {
	local := at.In(london)
	switch {
	case n.IsClosed(domain.Today(local)):
		return StateClosed
	case n.EffectiveDate > domain.Local(local):
		return StatePending
	default:
		return StateOpen
	}
}

// sortFacts sorts facts of several streams in the order of the log: see sortByLog.
func sortFacts(facts []recordedFact) {
	entries := make([]Entry, len(facts))
	for i, f := range facts {
		entries[i].Fact = f
	}
	sortByLog(entries)
	for i, e := range entries {
		facts[i] = e.Fact
	}
}
