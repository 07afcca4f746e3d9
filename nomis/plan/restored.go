package plan

import (
	"slices"

	"github.com/google/uuid"

	"nonassociations/domain"
)

// GivenBack is a record that a take would give a form that it had before, as after NOMIS
// was restored from a backup.
type GivenBack struct {
	NonAssociationID uuid.UUID
	Before, After    domain.Detail // the take
}

// hadForm reports whether the record was once what it would become.
func (r *record) hadForm(d domain.Detail) bool {
	return slices.ContainsFunc(r.Forms(), d.Equal)
}

// isUnknownSince reports whether a person decided which side is right, and NOMIS is not
// known to have held the record since.
func (p *planner) isUnknownSince(r *record) bool {
	return p.Policy.Restored != nil && r.Delivery().At.Before(p.Policy.Restored.At)
}

// isRestored reports whether what NOMIS holds of a record is no change: it is a form that
// the record had before, and a person said that NOMIS was restored to it.
func (p *planner) isRestored(r *record, theirs domain.Detail) bool {
	return p.isUnknownSince(r) && !p.Policy.Restored.FromNOMIS && r.hadForm(theirs)
}

// countsAsGivenBack reports whether a new form of a record is one that it had before, and
// no person said that NOMIS is right about it.
func (p *planner) countsAsGivenBack(r *record, d domain.Detail) bool {
	return r.hadForm(d) && (!p.isUnknownSince(r) || !p.Policy.Restored.FromNOMIS)
}
