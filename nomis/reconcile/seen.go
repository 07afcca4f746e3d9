package reconcile

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/nomis/plan"
	"nonassociations/nomis/store"
	"nonassociations/nomis/turn"
)

// seen is what a comparison found of a pair.
type seen struct {
	pair     domain.Pair
	result   turn.Result
	now      time.Time
	findings []store.Finding
	pending  []store.Finding // of findings: NOMIS is about to be told
}

func newSeen(pair domain.Pair, result turn.Result, now time.Time) *seen {
	return &seen{pair: pair, result: result, now: now, findings: turn.Findings(result.Plan, pair)}
}

// findPending finds the differences that NOMIS is about to be told of: the record has been
// apart from what NOMIS is known to hold for less than a time, and no failed turn has put
// the pair off.
func (s *seen) findPending(due store.DuePair, most time.Duration) {
	if due.Tries > 0 && s.now.Before(due.NotBefore) {
		return
	}
	for _, f := range s.findings {
		since := s.apartSince(f)
		if isDifference(f.Bucket) && !since.IsZero() && s.now.Before(since.Add(most)) {
			s.pending = append(s.pending, f)
		}
	}
}

// apartSince returns since when the record of a finding has been other than what NOMIS is
// known to hold. It is zero for one that is not, and for one that is only in NOMIS.
func (s *seen) apartSince(f store.Finding) time.Time {
	if f.NonAssociationID != uuid.Nil {
		return s.result.Ours.Exchanges.Of(f.NonAssociationID).ApartSince()
	}
	for _, n := range s.result.Ours.Exchanges.State().Items { // a deletion that NOMIS is to be told of
		if n.Deleted && n.TypeSequence != 0 && n.TypeSequence == f.TypeSequence {
			return s.result.Ours.Exchanges.Of(n.ID).ApartSince()
		}
	}
	for _, step := range s.result.Plan.Steps { // of one whose sequence was never known
		if step.Action == plan.Learn && step.TypeSequence == f.TypeSequence {
			return s.result.Ours.Exchanges.Of(step.NonAssociationID).ApartSince()
		}
	}
	return time.Time{}
}

// isDifference reports whether a bucket is of those that a step or a person has to end.
func isDifference(b store.Bucket) bool {
	switch b {
	case store.Differs, store.OnlyHere, store.OnlyThere:
		return true
	case store.Same, store.Unchecked, store.MirrorsDisagree, store.Held, store.IgnoredHere, store.AcceptedAsIs:
	}
	return false
}

// count puts each non-association in one bucket. The totals come from both sides as they
// were read, and not from the matches.
func (s *seen) count() store.Counts {
	counts := store.Counts{Pairs: 1, Total: s.total()}
	for _, m := range s.result.Plan.Matches {
		of := columnOf(m)
		switch bucket, pending := s.bucketOf(m); {
		case pending:
			counts.PutUnchecked(of, pendingLately)
		default:
			counts.Put(bucket, of)
		}
	}
	return counts
}

// allUnchecked counts all of the pair as unchecked.
func (s *seen) allUnchecked(cause string) store.Counts {
	counts := store.Counts{Pairs: 1, Total: s.total()}
	if counts.Total.Union == 0 { // never taken for empty
		counts.Total = store.Column{Theirs: 1, Union: 1}
	}
	counts.PutUnchecked(counts.Total, cause)
	return counts
}

// total counts what was read of both sides.
func (s *seen) total() store.Column {
	total := store.Column{Theirs: len(s.result.Theirs)}
	for _, n := range s.result.Ours.Exchanges.State().Items {
		if !n.Deleted {
			total.Ours++
		}
	}
	total.Union = total.Ours + total.Theirs
	for _, m := range s.result.Plan.Matches {
		if m.Ours != nil && m.Theirs != nil {
			total.Union--
		}
	}
	return total
}

// bucketOf returns the bucket of a match, and whether it is pending.
func (s *seen) bucketOf(m plan.Match) (_ store.Bucket, pending bool) {
	var key store.Finding
	if m.Ours != nil {
		key.NonAssociationID = m.Ours.ID
	} else {
		key.TypeSequence = *m.Theirs.Detail.TypeSequence
	}
	i := slices.IndexFunc(s.findings, key.IsOf)
	if i < 0 {
		return store.Same, false
	}
	return s.findings[i].Bucket, slices.ContainsFunc(s.pending, key.IsOf)
}

func columnOf(m plan.Match) store.Column {
	column := store.Column{Union: 1}
	if m.Ours != nil {
		column.Ours = 1
	}
	if m.Theirs != nil {
		column.Theirs = 1
	}
	return column
}
