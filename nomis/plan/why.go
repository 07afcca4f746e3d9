package plan

import (
	"fmt"
	"strings"

	"github.com/google/uuid"

	"nonassociations/domain"
)

// Each function here returns one sentence for people, with the values that decided a
// step or a problem. The texts of a record are not values: a sentence names them only.

func whyLearn(r *record, t *Theirs) string {
	if r.TypeSequence == 0 {
		return fmt.Sprintf("NOMIS knows the record as sequence %d.", t.sequence())
	}
	return fmt.Sprintf("NOMIS knows the record as sequence %d and no longer as %d.", t.sequence(), r.TypeSequence)
}

// whyReleaseReused says why a live record has a sequence no longer.
func whyReleaseReused(r *record) string {
	return fmt.Sprintf("NOMIS gave sequence %d to another detail, and does not hold the record (effective %s).", r.TypeSequence, r.detail.EffectiveDate)
}

func whyRelease(p *planner, r *record) string {
	if c := p.Policy.Repair; c != nil && c.FromNOMIS && c.NonAssociationID == uuid.Nil && p.has(c.TypeSequence) && c.TypeSequence == r.TypeSequence {
		return fmt.Sprintf("A person chose NOMIS, so sequence %d is no longer the deleted record.", r.TypeSequence)
	}
	if r.TypeSequence == 0 {
		return fmt.Sprintf("The record is deleted, and NOMIS holds nothing that it was (effective %s).", r.detail.EffectiveDate)
	}
	return fmt.Sprintf("The record is deleted, and NOMIS no longer holds it as sequence %d.", r.TypeSequence)
}

func whyDelete(r *record) string {
	return fmt.Sprintf("NOMIS's staff deleted sequence %d, and the record was not changed here since.", r.TypeSequence)
}

func whyRemove(r *record, t *Theirs) string {
	return fmt.Sprintf("The record is deleted here, and sequence %d of NOMIS is as it was (effective %s).", t.sequence(), r.detail.EffectiveDate)
}

func whyTwin(r *record, t *Theirs) string {
	return fmt.Sprintf("Sequence %d equals sequence %d: it was created twice, because an answer of NOMIS was lost.", t.sequence(), r.TypeSequence)
}

func whyConfirm(p *planner, r *record, t *Theirs, c comparison) string {
	switch {
	case !r.HasBase():
		return fmt.Sprintf("NOMIS holds the record as sequence %d, which was not known yet.", t.sequence())
	case !p.isUnknown(r, c):
		return fmt.Sprintf("The record was changed and is again what NOMIS holds as sequence %d.", t.sequence())
	}
	return fmt.Sprintf("Both hold the same as sequence %d, which was not known yet.", t.sequence())
}

func whyPut(p *planner, c comparison) string {
	return "NOMIS holds other values than the record: " + list(p, c.target, c.theirs) + "."
}

func whyPost(r *record) string {
	return fmt.Sprintf("Staff opened the record (effective %s), and NOMIS does not hold it.", r.detail.EffectiveDate)
}

func whyFuture(d domain.Detail) string {
	return fmt.Sprintf("NOMIS takes no effective date in the future, and this one is %s.", d.EffectiveDate)
}

func whyRefused(d Decision) string {
	return "NOMIS refused the record as it is: " + d.Words
}

func whyNotTaken(p *planner, r *record, c comparison) string {
	return fmt.Sprintf("NOMIS accepted sequence %d and holds other values all the same: %s.", r.TypeSequence, list(p, c.target, c.theirs))
}

func whyBlocked(t *Theirs) string {
	return fmt.Sprintf("NOMIS creates no record while sequence %d has no expiry date.", t.sequence())
}

func whyBlockedReopening(t, other *Theirs) string {
	return fmt.Sprintf("Sequence %d is not given an open end in NOMIS while sequence %d has one.", t.sequence(), other.sequence())
}

func whyOnlyHere(r *record) string {
	if r.TypeSequence == 0 {
		return fmt.Sprintf("NOMIS does not hold the record (effective %s), and it is not known why.", r.detail.EffectiveDate)
	}
	return fmt.Sprintf("NOMIS no longer holds sequence %d, and no message says that it was deleted.", r.TypeSequence)
}

func whyDeletedThere(r *record) string {
	return fmt.Sprintf("NOMIS's staff deleted sequence %d, but the record was changed here.", r.TypeSequence)
}

func whyDeletedAfterSwitch(r *record) string {
	return fmt.Sprintf("NOMIS's staff deleted sequence %d while changes of NOMIS are not allowed.", r.TypeSequence)
}

func whyChangedAfterDelete(t *Theirs, c comparison) string {
	return fmt.Sprintf("The record is deleted here, and NOMIS changed sequence %d: %s.", t.sequence(), names(c.there))
}

func whyHeld(p *planner, r *record, c comparison) string {
	held := r.detail
	for _, f := range c.held {
		held = held.With(f, c.theirs.Get(f))
	}
	return "NOMIS changed the record while its changes are not allowed: " + list(p, r.detail, held) + "."
}

func whyNewAfterSwitch(t *Theirs) string {
	return fmt.Sprintf("NOMIS holds sequence %d (effective %s), which came while its changes are not allowed.", t.sequence(), t.Detail.EffectiveDate)
}

func whyAnotherOpen(t *Theirs, o domain.Outcome) string {
	return fmt.Sprintf("Sequence %d is open in NOMIS (effective %s), and another record counts: %s.", t.sequence(), t.Detail.EffectiveDate, o.NonAssociationID)
}

// list names the fields in which two details differ, with the values of those that are
// codes or days.
func list(p *planner, ours, theirs domain.Detail) string {
	var parts []string
	for _, f := range ours.Differences(p.Pair, theirs) {
		name, of := f.Name()
		switch f {
		case domain.DetailComment, domain.DetailAuthorisedBy:
			parts = append(parts, name)
		default:
			if of != "" {
				name += " of " + string(of)
			}
			parts = append(parts, fmt.Sprintf("%s here %s, there %s", name, orNone(ours.Get(f)), orNone(theirs.Get(f))))
		}
	}
	return strings.Join(parts, "; ")
}

// names lists fields.
func names(fields []domain.DetailField) string {
	parts := make([]string, len(fields))
	for i, f := range fields {
		parts[i], _ = f.Name()
	}
	return strings.Join(parts, ", ")
}

func orNone(value *string) string {
	if value == nil {
		return "none"
	}
	return *value
}
