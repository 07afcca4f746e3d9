package domain

import (
	"slices"
	"time"

	"github.com/google/uuid"
)

// MappingType says how NOMIS and the service came to know each other's record. The
// values are part of answers: never change one.
type MappingType string

// The types of a mapping.
const (
	MappingMigrated MappingType = "MIGRATED"                // told by the migration
	MappingNOMIS    MappingType = "NOMIS_CREATED"           // told by NOMIS
	MappingDPS      MappingType = "NON_ASSOCIATION_CREATED" // staff opened the record
)

// MappingTypeOf returns the type of a mapping by the source of its fact and that of the
// record.
func MappingTypeOf(fact, record Source) MappingType {
	switch {
	case fact == Migration:
		return MappingMigrated
	case record == DPS:
		return MappingDPS
	default:
		return MappingNOMIS
	}
}

// MappingChange is the end of a record's mapping, or with a sequence the beginning of
// one.
type MappingChange struct {
	ID           uuid.UUID // of the record
	TypeSequence int       // 0: the mapping ended
	Type         MappingType
}

// Standings folds where the records of one pair stand with NOMIS, in the order of
// [State].Items. It goes along with a [Folding]. One goroutine owns it.
type Standings []Standing

// Add folds a fact that the [Folding] has folded. before and after are the record that
// the fact is about, nil where the pair did not have it or has it no longer. index is
// its place before the fact. It returns the changes of mappings, also of the record that
// a sequence was taken from.
func (l *Standings) Add(fact Fact, r Recorded, index int, before, after *NonAssociation) []MappingChange {
	switch {
	case before == nil && after == nil:
		return nil
	case after == nil:
		left := (*l)[index]
		*l = slices.Delete(*l, index, index+1)
		return left.unmap(nil)
	case before == nil:
		index = len(*l)
		*l = append(*l, Standing{ID: after.ID})
	}
	s := &(*l)[index]
	s.add(fact, r, before, after)
	s.Deleted = after.Deleted
	var changes []MappingChange
	_, given := sequenceOf(fact.Event)
	if given != 0 || before != nil && before.TypeSequence != after.TypeSequence {
		changes = l.mapTo(index, after.TypeSequence, r.At)
	}
	for i := range changes {
		if changes[i].TypeSequence != 0 {
			changes[i].Type = MappingTypeOf(fact.Meta.Source, after.CreatedSource)
		}
	}
	s.settle(r.At)
	return changes
}

// mapTo maps a record to a sequence, 0 for none, and takes it from whichever record has
// it.
func (l *Standings) mapTo(index, sequence int, at time.Time) (changes []MappingChange) {
	s := &(*l)[index]
	if s.Mapped == sequence {
		return nil
	}
	changes = s.unmap(changes)
	if sequence == 0 {
		return changes
	}
	for i := range *l {
		if other := &(*l)[i]; other.Mapped == sequence {
			changes = other.unmap(changes)
			other.Gone = other.Gone || other.Deleted // NOMIS has another detail there
			other.settle(at)
		}
	}
	s.Mapped, s.Gone = sequence, false
	return append(changes, MappingChange{ID: s.ID, TypeSequence: sequence})
}

// unmap ends the mapping of a record, if it has one.
func (s *Standing) unmap(changes []MappingChange) []MappingChange {
	if s.Mapped == 0 {
		return changes
	}
	s.Mapped = 0
	return append(changes, MappingChange{ID: s.ID})
}
