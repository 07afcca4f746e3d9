package audit

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/eventstore"
)

// Subject is what a person asks for who wants to know what is held about them.
type Subject struct {
	PrisonerNumber domain.PrisonerNumber
	// Removed are numbers that were merged into this one. What was deleted under
	// them stayed there, and is held about the same person.
	Removed []domain.PrisonerNumber
	// FromDate and ToDate (2023-06-07) are days in London, both included; an
	// empty one is no limit. They are held against whenUpdated.
	FromDate, ToDate string
	View             View
}

// SubjectAccess is what is held about a prisoner, deleted ones too, newest
// first; the counts are of those that are not deleted. Names are for the caller
// to fill in.
type SubjectAccess struct {
	Content PrisonerList[SubjectItem] `json:"content"`
	held    bool                      // anything at all, at any time
}

// SubjectItem is a non-association as it is, or as it was when it was deleted.
type SubjectItem struct {
	PrisonerView

	Deleted *Deletion `json:"deleted"`
}

// Deletion says when and why one was deleted, and who asked for it; the reason
// is null when NOMIS deleted it.
type Deletion struct {
	At     string  `json:"at"` // London, without offset
	By     string  `json:"by"`
	Reason *string `json:"reason"`
}

// DirectoryAnswer is what the prisoner directory says of a number.
type DirectoryAnswer int

// The kinds of knowledge.
const (
	Unanswered DirectoryAnswer = iota // the directory is away
	Known
	Denied
)

// Status is the HTTP status of the answer: 209 when nobody knows the number,
// 204 when there is nothing in these days, else 200.
func (s SubjectAccess) Status(directory DirectoryAnswer) int {
	switch {
	case directory == Denied && !s.held:
		return 209
	case len(s.Content.NonAssociations) == 0:
		return 204
	default:
		return 200
	}
}

// SubjectAccess gathers what the log holds about a prisoner. Streams of others
// may be among those given: what they say is left out. Errors are those of the
// log.
func (r *Reader) SubjectAccess(ctx context.Context, streams []string, subject Subject) (SubjectAccess, error) {
	held, ever, err := r.held(ctx, streams, subject)
	if err != nil {
		return SubjectAccess{}, err
	}
	answer := SubjectAccess{held: ever}
	answer.Content.PrisonerNumber, answer.Content.NonAssociations = subject.PrisonerNumber, []SubjectItem{}
	for _, item := range held {
		if subject.covers(item) {
			answer.add(item)
		}
	}
	slices.SortFunc(answer.Content.NonAssociations, func(a, b SubjectItem) int { return newestFirst(a.PrisonerView, b.PrisonerView) })
	return answer, nil
}

func (s Subject) covers(item SubjectItem) bool {
	day := item.WhenUpdated[:len("2023-06-07")]
	return (s.FromDate == "" || day >= s.FromDate) && (s.ToDate == "" || day <= s.ToDate)
}

func (s *SubjectAccess) add(item SubjectItem) {
	c := &s.Content
	c.NonAssociations = append(c.NonAssociations, item)
	switch {
	case item.Deleted != nil:
	case item.IsClosed:
		c.ClosedCount++
	default:
		c.OpenCount++
	}
}

// held is everything that is held of the prisoner, and whether there ever was
// anything.
func (r *Reader) held(ctx context.Context, streams []string, subject Subject) (items []SubjectItem, ever bool, err error) {
	theirs, err := ofPrisoner(streams, subject.numbers()...)
	if err != nil {
		return nil, false, err
	}
	last, deletions := map[domain.Pair]*eventstore.Folding{}, map[uuid.UUID]*Deletion{}
	err = r.each(ctx, theirs, concerningPrisoner(subject.numbers()...), func(pair *eventstore.Folding, f recordedFact) error {
		if e, is := f.Event.(domain.Deleted); is { // also one that was deleted under another number
			deletions[e.NonAssociationID] = &Deletion{
				At: subject.View.local(f.Meta.DecidedAt), By: e.RequestedBy, Reason: orNull(e.DeletionReason),
			}
		}
		if _, is := subject.nameIn(f.Pair); is {
			last[f.Pair] = pair
		}
		return pair.Add(f)
	})
	for pair, facts := range last {
		name, _ := subject.nameIn(pair)
		for _, n := range facts.State().Items {
			if subject.movesOn(pair, n.ID, last) {
				continue
			}
			item := SubjectItem{PrisonerView: subject.View.PrisonerView(pair, name, n)}
			if n.Deleted {
				item.Deleted = deletions[n.ID]
			}
			items = append(items, item)
		}
	}
	return items, len(last) > 0, err
}

// numbers are all names of the prisoner.
func (s Subject) numbers() []domain.PrisonerNumber {
	return append([]domain.PrisonerNumber{s.PrisonerNumber}, s.Removed...)
}

// nameIn is the prisoner's name in a pair; false when the pair is of others.
func (s Subject) nameIn(pair domain.Pair) (domain.PrisonerNumber, bool) {
	names := s.numbers()
	if i := slices.IndexFunc(names, pair.Has); i >= 0 {
		return names[i], true
	}
	return "", false
}

// movesOn reports whether a record of one pair has arrived in another of the
// prisoner's already, and is shown there.
func (s Subject) movesOn(from domain.Pair, id uuid.UUID, pairs map[domain.Pair]*eventstore.Folding) bool {
	for to, facts := range pairs {
		n, there := facts.Find(id)
		if to != from && there && n.TransferredFrom != nil && n.TransferredFrom.Pair == from {
			return true
		}
	}
	return false
}
