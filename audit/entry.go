package audit

import (
	"nonassociations/domain"
	"nonassociations/eventstore"
)

// Entry is one fact with the record before and after it.
type Entry struct {
	// Fact lacks the command that its metadata may hold: that leaves by no answer.
	Fact   eventstore.Fact
	Before *Record // nil: the record did not exist, or was deleted
	After  *Record
}

// Record is a non-association with the pair that it belongs to.
type Record struct {
	Pair           domain.Pair
	NonAssociation domain.NonAssociation
}

// Position returns the public position of the fact; nil where the store sends none
// with a stream.
func (e Entry) Position() *uint64 {
	if e.Fact.Position == (eventstore.Position{}) {
		return nil
	}
	position := e.Fact.Position.Uint64()
	return &position
}

// PrisonerNumbers returns the two numbers that the fact is about, the smaller first;
// none for a fact of the switch-over.
func (e Entry) PrisonerNumbers() []domain.PrisonerNumber { return numbersOf(e.Fact) }

// step adds one fact to its pair and returns it with the record before and after.
// The record before a transfer is the one under the old number, which the new pair
// does not hold.
func step(facts *eventstore.Folding, f recordedFact) (Entry, error) {
	entry := Entry{Fact: f, Before: find(facts, f)}
	if err := facts.Add(f); err != nil {
		return Entry{}, err
	}
	entry.After = find(facts, f)
	if e, is := f.Event.(domain.TransferredIn); is && entry.Before == nil && !e.NonAssociation.Deleted {
		back := domain.Renumbering{Previous: e.Number, Number: e.Previous}
		entry.Before = &Record{e.From, back.Of(e.NonAssociation)}
	}
	return entry, nil
}

// find returns nil for a record that does not exist or is deleted.
func find(facts *eventstore.Folding, f recordedFact) *Record {
	n, there := facts.Find(f.Event.About())
	if !there || n.Deleted {
		return nil
	}
	return &Record{f.Pair, n}
}
