package audit

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/eventstore"
)

// Subject selects the prisoner and the days of a subject access request.
type Subject struct {
	PrisonerNumber domain.PrisonerNumber
	// Removed are numbers that were merged into this one. Records deleted under them
	// stayed there, and are held about the same person.
	Removed []domain.PrisonerNumber
	// FromDate and ToDate (2023-06-07) are days in London, both included; an empty one
	// is no limit. They are compared with the day of the last change of a record.
	FromDate, ToDate string
}

// SubjectAccess is the result of a subject access request.
type SubjectAccess struct {
	Records []SubjectRecord // deleted ones included, in no order
	Ever    bool            // any record ever existed, on whatever day
}

// SubjectRecord is a non-association as it is, or as it was when it was deleted.
type SubjectRecord struct {
	Record

	Number  domain.PrisonerNumber // of the subject in this pair
	Deleted *Deletion             // nil: it is not deleted
}

// Deletion is when and why a record was deleted, and at whose request.
type Deletion struct {
	At     time.Time
	By     string
	Reason string // "" when NOMIS deleted it
}

// SubjectAccess returns what the log holds about a prisoner. streams may hold facts of
// others: those are left out. Errors are those of the log.
func (r *Reader) SubjectAccess(ctx context.Context, streams []string, subject Subject) (SubjectAccess, error) {
	answer, err := r.held(ctx, streams, subject)
	if err != nil {
		return SubjectAccess{}, err
	}
	answer.Records = slices.DeleteFunc(answer.Records, func(record SubjectRecord) bool {
		return !subject.covers(record.NonAssociation.UpdatedAt.In(r.options.London).Format(time.DateOnly))
	})
	return answer, nil
}

// covers reports whether a day lies in the period asked for.
func (s Subject) covers(day string) bool {
	return (s.FromDate == "" || day >= s.FromDate) && (s.ToDate == "" || day <= s.ToDate)
}

// held returns everything that is held about the prisoner, of all days.
func (r *Reader) held(ctx context.Context, streams []string, subject Subject) (SubjectAccess, error) {
	theirs, err := ofPrisoner(streams, subject.numbers()...)
	if err != nil {
		return SubjectAccess{}, err
	}
	last, deletions := map[domain.Pair]*eventstore.Folding{}, map[uuid.UUID]*Deletion{}
	err = r.each(ctx, theirs, concerningPrisoner(subject.numbers()...), func(pair *eventstore.Folding, f recordedFact) error {
		if e, is := f.Event.(domain.Deleted); is { // also a record that was deleted under another number
			deletions[e.NonAssociationID] = &Deletion{At: f.Meta.DecidedAt, By: e.RequestedBy, Reason: e.DeletionReason}
		}
		if _, is := subject.nameIn(f.Pair); is {
			last[f.Pair] = pair
		}
		return pair.Add(f)
	})
	answer := SubjectAccess{Ever: len(last) > 0}
	for pair, facts := range last {
		number, _ := subject.nameIn(pair)
		for _, n := range facts.State().Items {
			if subject.movesOn(pair, n.ID, last) {
				continue
			}
			record := SubjectRecord{Record: Record{pair, n}, Number: number}
			if n.Deleted {
				record.Deleted = deletions[n.ID]
			}
			answer.Records = append(answer.Records, record)
		}
	}
	return answer, err
}

// numbers returns all numbers of the prisoner.
func (s Subject) numbers() []domain.PrisonerNumber {
	return append([]domain.PrisonerNumber{s.PrisonerNumber}, s.Removed...)
}

// nameIn returns the prisoner's number in a pair; false when the pair is of others.
func (s Subject) nameIn(pair domain.Pair) (domain.PrisonerNumber, bool) {
	names := s.numbers()
	if i := slices.IndexFunc(names, pair.Has); i >= 0 {
		return names[i], true
	}
	return "", false
}

// movesOn reports whether a record of one pair has been transferred to another of the
// prisoner's pairs, which shows it.
func (s Subject) movesOn(from domain.Pair, id uuid.UUID, pairs map[domain.Pair]*eventstore.Folding) bool {
	for to, facts := range pairs {
		n, there := facts.Find(id)
		if to != from && there && n.TransferredFrom != nil && n.TransferredFrom.Pair == from {
			return true
		}
	}
	return false
}
