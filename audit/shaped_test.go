package audit_test

import (
	"context"

	"github.com/google/uuid"

	"nonassociations/audit"
	"nonassociations/domain"
	"nonassociations/web/shape"
)

// shapedReader reads as audit.Reader does and returns what the API makes of it: the
// stories of these tests are about answers.
type shapedReader struct{ *audit.Reader }

func (r shapedReader) OfNonAssociation(ctx context.Context, streams []string, id uuid.UUID) (shape.History, error) {
	entries, err := r.Reader.OfNonAssociation(ctx, streams, id)
	return historyOf(entries), err
}

func (r shapedReader) OfPrisoner(ctx context.Context, streams []string, number domain.PrisonerNumber) (shape.History, error) {
	entries, err := r.Reader.OfPrisoner(ctx, streams, number)
	return historyOf(entries), err
}

type shapedSubject struct {
	shape.SubjectAccess

	held audit.SubjectAccess
}

// SubjectAccess shows what is held on the day of the story.
func (b *testLog) subjectAccess(ctx context.Context, r *audit.Reader, streams []string, subject audit.Subject) (shapedSubject, error) {
	view := shape.View{Today: domain.Today(b.now), London: london}
	held, err := r.SubjectAccess(ctx, streams, subject)
	var items []shape.SubjectItem
	for _, record := range held.Records {
		item := shape.SubjectItem{PrisonerView: view.PrisonerView(record.Pair, record.Number, record.NonAssociation)}
		if d := record.Deleted; d != nil {
			item.Deleted = view.Deletion(d.At, d.By, d.Reason)
		}
		items = append(items, item)
	}
	return shapedSubject{shape.NewSubjectAccess(subject.PrisonerNumber, items), held}, err
}

func historyOf(entries []audit.Entry) shape.History {
	history := shape.History{Entries: []shape.Entry{}}
	for _, e := range entries {
		history.Entries = append(history.Entries, entryOf(e))
	}
	return history
}

func entryOf(e audit.Entry) shape.Entry {
	return shape.NewEntry(london, shape.RecordedFact{
		Fact: e.Fact.Fact, Type: e.Fact.Type, RecordedAt: e.Fact.RecordedAt, Revision: e.Fact.Revision, Position: e.Position(),
	}, (*shape.Record)(e.Before), (*shape.Record)(e.After))
}

func lineOf(e audit.Entry) shape.FeedLine {
	return shape.FeedLine{Entry: entryOf(e), PrisonerNumbers: e.PrisonerNumbers()}
}
