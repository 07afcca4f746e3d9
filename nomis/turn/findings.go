package turn

import (
	"slices"

	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/nomis/plan"
	"nonassociations/nomis/store"
)

// What is thought to have caused a difference. The values are stored and part of the
// API: never change one.
const (
	Unknown         = store.CauseUnknown
	LostAnswer      = "LOST_ANSWER"     // a write was carried out, and its answer did not come
	LostMessage     = "LOST_MESSAGE"    // one side changed, and no message said so
	BookingDeleted  = "BOOKING_DELETED" // the rows went with a booking
	MergeMissed     = "MERGE_MISSED"    // NOMIS names a merge that was not followed here
	EditAfterSwitch = store.CauseEditAfterSwitch
	MirrorDamage    = "MIRROR_DAMAGE"
	SeveralOpen     = "SEVERAL_OPEN"
)

// Findings returns what a plan leaves apart: its problems and waits, and what differs
// without either. A plan with steps has the records of these steps too.
func Findings(p plan.Plan, pair domain.Pair) []store.Finding {
	var all []store.Finding
	for _, m := range p.Matches {
		if f, apart := found(p, pair, m); apart {
			all = append(all, f)
		}
	}
	for _, problem := range p.Problems {
		if problem.NonAssociationID == uuid.Nil && problem.TypeSequence == 0 {
			all = append(all, store.Finding{Bucket: store.Unchecked, Problem: string(problem.Kind), Why: problem.Why, Cause: Unknown})
		}
	}
	return all
}

// found returns the finding of one match, and false when it is in step.
func found(p plan.Plan, pair domain.Pair, m plan.Match) (store.Finding, bool) {
	f := store.Finding{Cause: Unknown}
	f.Ours, f.Theirs = sidesOf(m)
	if m.Ours != nil {
		f.NonAssociationID = m.Ours.ID
	}
	if m.Theirs != nil {
		f.TypeSequence = *m.Theirs.Detail.TypeSequence
	}
	switch {
	case m.Accepted:
		f.Bucket, f.Why = store.AcceptedAsIs, "A person left the difference as it is."
		return f, true
	case m.Ours != nil && m.Theirs != nil:
		f.Bucket, f.Fields, f.Why = store.Differs, fieldsOf(pair, *f.Ours, *f.Theirs), "NOMIS holds other values."
	case m.Ours != nil:
		f.Bucket, f.Why = store.OnlyHere, "NOMIS does not hold the record."
	default:
		f.Bucket, f.Why = store.OnlyThere, "Only NOMIS holds the record."
	}
	named := explain(&f, p)
	if m.Theirs != nil && m.Theirs.Disagreement != "" {
		disagrees(&f, m.Theirs)
	}
	return f, named || f.Bucket != store.Differs || len(f.Fields) > 0
}

// explain gives a finding the problem and the wait of its record, and reports whether
// there is one. A wait decides the bucket.
func explain(f *store.Finding, p plan.Plan) (named bool) {
	for _, problem := range p.Problems {
		if !isOf(f, problem.NonAssociationID, problem.TypeSequence) {
			continue
		}
		f.Problem, f.Why, named = string(problem.Kind), problem.Why, true
		switch problem.Kind {
		case plan.AnotherOpen:
			f.Bucket, f.Cause = store.IgnoredHere, SeveralOpen
		case plan.ChangedAfterSwitch:
			f.Cause = EditAfterSwitch
		case plan.ChangedAfterDelete:
			f.Fields = fieldsThere(problem, *f.Theirs)
		case plan.MirrorsDisagree, plan.OnlyHere, plan.DeletedThere, plan.BlockedByOpen, plan.PrisonerUnknown,
			plan.NotHoldable, plan.Refused, plan.NotTaken, plan.NoProgress, plan.NotReached:
		}
		break
	}
	for _, wait := range p.Waits {
		if !isOf(f, wait.NonAssociationID, wait.TypeSequence) {
			continue
		}
		f.Bucket = store.Held
		if !named {
			f.Why = wait.Why
		}
		return true
	}
	return named
}

// disagrees makes a finding one of mirrors that disagree. That comes before all that is
// compared with ours, also where a step will mend it.
func disagrees(f *store.Finding, t *plan.Theirs) {
	f.Bucket, f.Cause, f.Fields = store.MirrorsDisagree, MirrorDamage, nil
	if f.Problem == "" {
		f.Why = t.Disagreement
	}
	for _, d := range t.Disagreements {
		f.Fields = append(f.Fields, store.Field{Field: d.Field, Ours: d.Forwards, Theirs: d.Backwards, OfMirrors: true})
	}
}

// withRefusals adds to findings what NOMIS said when it refused a write of their records,
// and the refusals of records that have no finding.
func withRefusals(found, refused []store.Finding) []store.Finding {
	for _, r := range refused {
		i := slices.IndexFunc(found, r.IsOf)
		if i < 0 {
			found = append(found, r)
			continue
		}
		found[i].Words, found[i].NotBefore = r.Words, r.NotBefore
	}
	return found
}

// isOf reports whether a problem or a wait is of the record of a finding.
func isOf(f *store.Finding, id uuid.UUID, sequence int) bool {
	if f.NonAssociationID != uuid.Nil || id != uuid.Nil {
		return f.NonAssociationID == id
	}
	return sequence != 0 && f.TypeSequence == sequence
}

// fieldsThere lists what NOMIS's staff changed in the detail of a deleted record.
func fieldsThere(problem plan.Problem, theirs domain.Detail) []store.Field {
	var fields []store.Field
	for _, f := range problem.Fields {
		name, of := f.Name()
		fields = append(fields, store.Field{Field: name, PrisonerNumber: of, Ours: problem.Deleted.Get(f), Theirs: theirs.Get(f)})
	}
	return fields
}

// fieldsOf lists the values in which two details differ.
func fieldsOf(pair domain.Pair, ours, theirs domain.Detail) []store.Field {
	var fields []store.Field
	for _, f := range ours.Differences(pair, theirs) {
		name, of := f.Name()
		fields = append(fields, store.Field{Field: name, PrisonerNumber: of, Ours: ours.Get(f), Theirs: theirs.Get(f)})
	}
	return fields
}

// sidesOf returns both sides of a match in canonical form, nil for none.
func sidesOf(m plan.Match) (ours, theirs *domain.Detail) {
	if m.Ours != nil {
		d, _ := m.Ours.Detail()
		ours = &d
	}
	if m.Theirs != nil {
		d := m.Theirs.Detail
		theirs = &d
	}
	return ours, theirs
}
