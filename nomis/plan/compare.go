package plan

import (
	"slices"

	"nonassociations/domain"
)

// comparison is what a record and its partner come to, field by field.
type comparison struct {
	theirs domain.Detail        // without gaps
	merged domain.Detail        // what both are to be, as far as that is decided
	target domain.Detail        // what NOMIS is to be: merged, with theirs in the held fields
	there  []domain.DetailField // changed in NOMIS since its base
	held   []domain.DetailField // of these, those that a person has yet to decide on
}

// compared merges a record with its partner. A field counts as changed in NOMIS when its
// value is neither its base nor one that the record has had since. Where both sides have
// changed, the later expiry and the stricter type win, and of everything else theirs.
func (p *planner) compared(r *record, t *Theirs) comparison {
	theirs := t.filled(r.detail)
	c := comparison{theirs: theirs, merged: r.detail, target: r.detail}
	fromNOMIS, chosen := p.repairs(r.live(), t)
	restored := !chosen && p.isRestored(r, theirs)
	for _, f := range domain.DetailFields(p.Pair) {
		ours, other := r.detail.Get(f), theirs.Get(f)
		switch {
		case same(ours, other):
		case chosen && fromNOMIS:
			c.there = append(c.there, f)
			c.merged, c.target = c.merged.With(f, other), c.target.With(f, other)
		case chosen, restored, !p.changedThere(r, t, f, other):
		case p.isHeld(r, f, other):
			c.there, c.held = append(c.there, f), append(c.held, f)
			c.target = c.target.With(f, other)
		default:
			c.there = append(c.there, f)
			value := r.decided(f, ours, other)
			c.merged, c.target = c.merged.With(f, value), c.target.With(f, value)
		}
	}
	return c
}

// changedThere reports whether NOMIS changed a field: its value is neither the base nor
// one that the field has had here since. A value that it has had is our own write, whose
// answer was lost. Where the service is the last author, it may also be a write from before
// the base was confirmed, which landed late. A creation by the service has no expiry date, so that none is
// our own write too, until a base is known.
func (p *planner) changedThere(r *record, t *Theirs, f domain.DetailField, theirs *string) bool {
	base, known := r.Base(f)
	switch {
	case known && same(base, theirs):
		return false
	case !known && f == domain.DetailExpiryDate && theirs == nil && r.CreatedSource == domain.DPS:
		return false
	}
	own := r.OwnSince(f)
	if p.isWrittenByService(r, t, f) {
		own = r.OwnWhileHeld(f)
	}
	return !slices.ContainsFunc(own, func(own *string) bool { return same(own, theirs) })
}

// isWrittenByService reports whether the service was the last to write both rows, and the
// field was not held: a value that waits for a person is written back as it is.
func (p *planner) isWrittenByService(r *record, t *Theirs, f domain.DetailField) bool {
	readBack, _ := r.ReadBack()
	return !slices.Contains(readBack.Held, f) && p.isByService(t)
}

// isByService reports whether the service is the author of both rows.
func (p *planner) isByService(t *Theirs) bool {
	return slices.Contains(p.Policy.Authors, t.UpdatedBy) && slices.Contains(p.Policy.Authors, t.OtherUpdatedBy)
}

// decided returns the value of a field that NOMIS changed. It is theirs, unless the field
// was changed here too, or nobody knows whether it was.
func (r *record) decided(f domain.DetailField, ours, theirs *string) *string {
	base, known := r.Base(f)
	switch {
	case known && same(base, ours):
		return theirs
	case f == domain.DetailExpiryDate:
		return later(ours, theirs)
	case f == domain.DetailTypeCode && domain.TypeCode(*ours).StricterThan(domain.TypeCode(*theirs)):
		return ours
	}
	return theirs
}

// isHeld reports whether a value of NOMIS waits for a person: it came while inbound was
// not allowed, now or before.
func (p *planner) isHeld(r *record, f domain.DetailField, theirs *string) bool {
	if !p.Policy.Inbound {
		return true
	}
	return slices.ContainsFunc(p.Policy.Decisions, func(d Decision) bool {
		return d.Kind == Switched && d.about(r, nil) && d.Theirs != nil && same(d.Theirs.Get(f), theirs) &&
			(d.Ours == nil || !same(d.Ours.Get(f), d.Theirs.Get(f)))
	})
}

// same reports whether two optional values are equal.
func same(a, b *string) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

// later returns the expiry date that keeps apart longer. None is the longest.
func later(a, b *string) *string {
	switch {
	case a == nil || b == nil:
		return nil
	case *a > *b:
		return a
	}
	return b
}

// compare adds what one record of ours asks for.
func (p *planner) compare(i int) {
	r := &p.records[i]
	if r.theirs == none {
		p.compareAlone(r)
		return
	}
	t := &p.Theirs[r.theirs]
	m := Match{Theirs: t}
	if !r.Deleted {
		m.Ours = &r.NonAssociation
	}
	if _, m.Accepted = p.decision(Accepted, r.live(), t); m.Accepted {
		p.plan.Matches = append(p.plan.Matches, m)
		return
	}
	if r.TypeSequence != t.sequence() {
		p.step(rankLearn, r, Step{Action: Learn, TypeSequence: t.sequence(), Why: whyLearn(r, t)})
	}
	c := p.compared(r, t)
	if r.Deleted {
		p.plan.Matches = append(p.plan.Matches, m)
		p.compareDeleted(r, t, c)
		return
	}
	m.Differs = r.detail.Differences(p.Pair, c.theirs)
	p.plan.Matches = append(p.plan.Matches, m)
	p.compareLive(r, t, c)
}

// live returns the record, or nil for a deleted one: what NOMIS still holds of that is a
// difference of NOMIS alone.
func (r *record) live() *record {
	if r.Deleted {
		return nil
	}
	return r
}

// compareLive adds what a live record and its partner ask for.
func (p *planner) compareLive(r *record, t *Theirs, c comparison) {
	switch {
	case t.NotHoldable != "":
		p.problem(r, t, NotHoldable, nil, t.NotHoldable)
		return
	case len(c.held) > 0:
		p.problem(r, t, ChangedAfterSwitch, c.held, whyHeld(p, r, c))
	}
	fromNOMIS, chosen := p.repairs(r, t)
	switch {
	case !c.target.Equal(c.theirs), chosen && !fromNOMIS && t.Disagreement != "" && p.mends(r, t, chosen):
		p.put(r, t, c)
	case t.Disagreement != "":
		p.problem(r, t, MirrorsDisagree, nil, t.Disagreement)
	case p.isNews(r, c):
		p.step(rankConfirm, r, Step{
			Action: Confirm, TypeSequence: t.sequence(), Detail: numbered(c.theirs, t), Held: c.held, Why: whyConfirm(p, r, t, c),
		})
	}
}

// isNews reports whether it is to be recorded that NOMIS holds what it holds: it is not known
// yet, or a field came back to it. What is still to be taken over is confirmed by that.
func (p *planner) isNews(r *record, c comparison) bool {
	return c.merged.Equal(r.detail) && (p.isUnknown(r, c) || slices.ContainsFunc(domain.DetailFields(p.Pair), func(f domain.DetailField) bool {
		return !slices.Contains(c.held, f) && r.cameBack(f)
	}))
}

// isUnknown reports whether NOMIS is not yet known to hold what it holds, in a field that is
// not held.
func (p *planner) isUnknown(r *record, c comparison) bool {
	return slices.ContainsFunc(domain.DetailFields(p.Pair), func(f domain.DetailField) bool {
		base, known := r.Base(f)
		return !slices.Contains(c.held, f) && (!known || !same(base, c.theirs.Get(f)))
	})
}

// cameBack reports whether a field had other values here since its base. Until what it came
// back to is confirmed, they would pass for our own writes on the day on which NOMIS's staff
// write them.
func (r *record) cameBack(f domain.DetailField) bool {
	base, known := r.Base(f)
	return known && same(base, r.detail.Get(f)) && len(r.OwnSince(f)) > 1
}

// compareDeleted adds what a deleted record that NOMIS still holds asks for.
func (p *planner) compareDeleted(r *record, t *Theirs, c comparison) {
	refused, isRefused := p.decision(Refusal, nil, t)
	switch {
	case len(c.there) > 0:
		p.problem(nil, t, ChangedAfterDelete, c.there, whyChangedAfterDelete(t, c))
		p.plan.Problems[len(p.plan.Problems)-1].Deleted = &r.detail
	case t.RowMissing:
		p.problem(nil, t, MirrorsDisagree, nil, t.Disagreement)
	case p.unequal() != "":
		p.problem(nil, t, MirrorsDisagree, nil, p.unequal())
	case isRefused:
		p.problem(nil, t, Refused, nil, whyRefused(refused))
	case p.Policy.Outbound:
		p.step(rankRemove, r, Step{Action: Remove, TypeSequence: t.sequence(), Why: whyRemove(r, t)})
	}
}

// numbered returns the detail with the sequence of NOMIS.
func numbered(d domain.Detail, t *Theirs) domain.Detail {
	d.TypeSequence = t.Detail.TypeSequence
	return d
}
