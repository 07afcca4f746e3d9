package turn

import (
	"slices"

	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/nomis/plan"
	"nonassociations/nomis/store"
)

// withFormer returns a repair from DPS with what the record is to be again, when the repair
// is of a record that took an older form over before turns were stopped. Any other repair is
// returned as it is.
func (r *run) withFormer(c *plan.Repair) *plan.Repair {
	if c == nil || c.FromNOMIS {
		return c
	}
	i := slices.IndexFunc(r.living, func(d store.Difference) bool {
		return d.Stays && d.Ours != nil && d.Theirs != nil && d.NonAssociationID == c.NonAssociationID
	})
	n, is := r.result.Ours.Exchanges.State().Item(c.NonAssociationID)
	if i < 0 || !is || n.Deleted {
		return c
	}
	with := *c
	with.Former = r.former(r.living[i], n)
	return &with
}

// former returns the record with what the take changed as it was before, but for what has
// been changed since: that is a later word.
func (r *run) former(d store.Difference, n domain.NonAssociation) *domain.Item {
	was, now := r.last(n.ID, *d.Ours), itemOf(n)
	detail, _ := n.Detail()
	for _, f := range d.Ours.Differences(r.pair, *d.Theirs) {
		if !sameValue(detail.Get(f), d.Theirs.Get(f)) {
			continue
		}
		switch f {
		case domain.DetailAuthorisedBy:
			now.AuthorisedBy = was.AuthorisedBy
		case domain.DetailComment:
			now.Comment = was.Comment
		case domain.DetailEffectiveDate:
			now.EffectiveDate = was.EffectiveDate
		case domain.DetailExpiryDate:
			now.ExpiryDate = was.ExpiryDate
		case domain.DetailTypeCode:
			now.TypeCode = was.TypeCode
		default:
			_, number := f.Name()
			now.ReasonCodes[number] = was.ReasonCodes[number]
		}
	}
	return &now
}

// last returns what a record of this pair was last when it had a form, with its whole texts
// and times of day. Without such facts it is the form itself.
func (r *run) last(id uuid.UUID, form domain.Detail) domain.Item {
	was := domain.Item{
		ID: id, AuthorisedBy: form.AuthorisedBy, Comment: form.Comment, EffectiveDate: midnight(form.EffectiveDate),
		ReasonCodes: form.ReasonCodes, TypeCode: form.TypeCode,
	}
	if form.ExpiryDate != nil {
		expiry := midnight(*form.ExpiryDate)
		was.ExpiryDate = &expiry
	}
	folding := domain.NewFolding(domain.State{Pair: r.pair})
	for _, fact := range r.result.Ours.Facts {
		folding.Add(fact)
		n, is := folding.Find(id)
		if !is || fact.Event.About() != id {
			continue
		}
		if detail, _ := n.Detail(); detail.Equal(form) {
			was = itemOf(n)
		}
	}
	return was
}

// itemOf returns a record as an item of a Sync that names it by its id.
func itemOf(n domain.NonAssociation) domain.Item {
	detail, _ := n.Detail()
	return domain.Item{
		ID: n.ID, AuthorisedBy: n.AuthorisedBy, Comment: n.Comment, EffectiveDate: n.EffectiveDate, ExpiryDate: n.ExpiryDate,
		ReasonCodes: detail.ReasonCodes, TypeCode: detail.TypeCode,
	}
}

// isReverted reports whether nothing is left of a record to be given back as it was.
func (r *run) isReverted() bool {
	return !slices.ContainsFunc(r.result.Plan.Problems, func(p plan.Problem) bool {
		return p.TypeSequence == 0 && p.NonAssociationID == r.why.Repair.NonAssociationID && (p.Kind == plan.AnotherOpen || p.Kind == plan.NoProgress)
	})
}

func midnight(day string) domain.LocalDateTime { return domain.LocalDateTime(day + "T00:00:00") }

func sameValue(a, b *string) bool { return a == b || a != nil && b != nil && *a == *b }
