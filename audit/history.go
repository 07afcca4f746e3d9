package audit

import (
	"cmp"
	"context"
	"slices"

	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/eventstore"
)

// OfNonAssociation returns the facts of one non-association, oldest first. streams are
// those of a pair that it has belonged to; transfers from and to others are followed.
// Without any fact the result is empty. Errors are those of the log.
func (r *Reader) OfNonAssociation(ctx context.Context, streams []string, id uuid.UUID) ([]Entry, error) {
	return r.history(ctx, streams, func(f recordedFact) bool { return f.Event.About() == id })
}

// OfPrisoner returns the facts of the prisoner's non-associations, oldest first, also
// those from before and after a record was under this number, and the merges of the
// number. streams are those of pairs and of prisoner numbers; facts of others among
// them are left out. Errors are those of the log.
func (r *Reader) OfPrisoner(ctx context.Context, streams []string, number domain.PrisonerNumber) ([]Entry, error) {
	theirs, err := ofPrisoner(streams, number)
	if err != nil {
		return nil, err
	}
	return r.history(ctx, theirs, concerningPrisoner(number))
}

// OfSwitchOver returns the facts of the switch-over, oldest first. Errors are those of
// the log.
func (r *Reader) OfSwitchOver(ctx context.Context) ([]Entry, error) {
	var all []Entry
	every := func(recordedFact) bool { return true }
	err := r.each(ctx, []string{domain.SwitchOverStream}, every, func(folding *eventstore.Folding, f recordedFact) error {
		all = append(all, Entry{Fact: f})
		return folding.Add(f) // for the revisions alone
	})
	return all, err
}

// history reads streams whole and keeps the entries of the facts that concern the
// question.
func (r *Reader) history(ctx context.Context, streams []string, concerns func(recordedFact) bool) ([]Entry, error) {
	var all []Entry
	err := r.each(ctx, streams, concerns, func(pair *eventstore.Folding, f recordedFact) error {
		entry, err := step(pair, f)
		if err == nil && concerns(f) {
			all = append(all, entry)
		}
		return err
	})
	sortByLog(all)
	return all, err
}

// sortByLog sorts entries of several streams, oldest first. A store that sends no
// position with a stream sends none at all; the clock of the store is the next best.
func sortByLog(all []Entry) {
	blind := slices.ContainsFunc(all, func(e Entry) bool { return e.Fact.Position == (eventstore.Position{}) })
	slices.SortStableFunc(all, func(a, b Entry) int {
		if blind {
			return a.Fact.RecordedAt.Compare(b.Fact.RecordedAt)
		}
		return cmp.Or(a.Fact.Position.Compare(b.Fact.Position), cmp.Compare(a.Fact.Revision, b.Fact.Revision))
	})
}
