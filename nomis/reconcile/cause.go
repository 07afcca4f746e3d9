package reconcile

import (
	"context"
	"time"

	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/nomis/npa"
	"nonassociations/nomis/plan"
	"nonassociations/nomis/store"
	"nonassociations/nomis/turn"
)

// nameCauses names what is thought to have caused the differences whose cause is unknown.
// A NOMIS that does not name its merges leaves the cause unknown. Errors: those of
// Postgres.
func (c *comparer) nameCauses(ctx context.Context, due store.DuePair, s *seen) error {
	for i := range s.findings {
		f := &s.findings[i]
		if f.Cause != turn.Unknown || !isDifference(f.Bucket) {
			continue
		}
		var err error
		switch {
		case s.isTwin(*f):
			f.Cause = turn.LostAnswer
		case f.Bucket == store.OnlyHere:
			f.Cause, err = c.causeOfOnlyHere(ctx, s, *f)
		case f.Bucket == store.OnlyThere:
			f.Cause = c.causeOfOnlyThere(ctx, s)
		}
		if err != nil {
			return err
		}
		if f.Cause == turn.Unknown && due.Version == uuid.Nil && s.hasStep(*f) {
			f.Cause = turn.LostMessage // the sides differ, and nothing rang
		}
	}
	return nil
}

// isTwin reports whether NOMIS created a record twice, because an answer was lost.
func (s *seen) isTwin(f store.Finding) bool {
	for _, step := range s.result.Plan.Steps {
		if step.Action == plan.Remove && step.NonAssociationID == uuid.Nil && step.TypeSequence == f.TypeSequence && f.NonAssociationID == uuid.Nil {
			return true
		}
	}
	return false
}

// hasStep reports whether a step would bring the record of a finding in step.
func (s *seen) hasStep(f store.Finding) bool {
	for _, step := range s.result.Plan.Steps {
		if step.Action != plan.Take {
			if step.NonAssociationID != uuid.Nil && step.NonAssociationID == f.NonAssociationID ||
				f.NonAssociationID == uuid.Nil && step.TypeSequence == f.TypeSequence {
				return true
			}
			continue
		}
		for _, item := range step.Sync.Items {
			if f.NonAssociationID != uuid.Nil && item.ID == f.NonAssociationID ||
				f.NonAssociationID == uuid.Nil && item.TypeSequence == f.TypeSequence {
				return true
			}
		}
	}
	return false
}

// causeOfOnlyHere says why NOMIS lost a record: its booking was deleted since NOMIS was
// known to hold it, or a merge of one of its prisoners was.
func (c *comparer) causeOfOnlyHere(ctx context.Context, s *seen, f store.Finding) (string, error) {
	since, numbers := s.result.Ours.Exchanges.Of(f.NonAssociationID).Delivery().At, s.pair.Numbers()
	said, err := c.store.Between(ctx, numbers[:], since, s.now)
	if err != nil {
		return turn.Unknown, err
	}
	for _, message := range said {
		if message.Kind == store.BookingDeleted {
			return turn.BookingDeleted, nil
		}
	}
	for _, number := range numbers {
		for _, m := range c.mergesOf(ctx, number, since) {
			if m.Removed == number || m.Retained == number && !since.IsZero() {
				return turn.MergeMissed, nil
			}
		}
	}
	return turn.Unknown, nil
}

// causeOfOnlyThere says where a record of NOMIS came from: by a merge into one of its
// prisoners, whose removed number still has a live record here.
func (c *comparer) causeOfOnlyThere(ctx context.Context, s *seen) string {
	for _, number := range s.pair.Numbers() {
		for _, m := range c.mergesOf(ctx, number, time.Time{}) {
			if m.Retained == number && c.hasLive(ctx, m.Removed, s.pair.Other(number)) {
				return turn.MergeMissed
			}
		}
	}
	return turn.Unknown
}

// mergesOf returns the merges of a prisoner that NOMIS names since the day before a time,
// none when it cannot be asked.
func (c *comparer) mergesOf(ctx context.Context, number domain.PrisonerNumber, since time.Time) []npa.Merge {
	if c.merges == nil {
		return nil
	}
	day := "1970-01-01"
	if !since.IsZero() {
		day = since.In(c.clock().Location()).AddDate(0, 0, -1).Format(time.DateOnly)
	}
	named, err := c.merges(ctx, number, day)
	if err != nil {
		return nil
	}
	return named
}

// hasLive reports whether two prisoners are known to have a record here that is not
// deleted.
func (c *comparer) hasLive(ctx context.Context, one, other domain.PrisonerNumber) bool {
	pair, err := domain.NewPair(one, other)
	if err != nil {
		return false
	}
	ours, err := c.record.Plan(ctx, pair)
	if err != nil {
		return false
	}
	for _, n := range ours.Exchanges.State().Items {
		if !n.Deleted {
			return true
		}
	}
	return false
}
