package screens

import (
	"nonassociations/domain"
	"nonassociations/web/screens/govuk"
)

// noCaseloads is what a user reads while the caseloads are not known.
const noCaseloads = "Your caseloads are not known now. Nothing can be changed."

// staffOf returns the user as the rules of permission see one.
func (v *visit) staffOf() domain.Staff {
	return domain.Staff{Roles: v.session.Roles, Caseloads: v.session.Caseloads.IDs()}
}

// whereabouts returns where a prisoner is, as far as a right depends on it.
func (p person) whereabouts() domain.Whereabouts {
	return domain.Whereabouts{
		Prison: p.prison(), RestrictedPatient: p.RestrictedPatient, SupportingPrison: domain.PrisonID(p.SupportingPrisonID),
	}
}

// offers reports whether a page offers an act on two prisoners. While places or caseloads
// are not known no write is offered.
func (v *visit) offers(act domain.Act, everybody people, p, o person) bool {
	return !everybody.away && v.session.Caseloads.Known && v.staffOf().May(act, p.whereabouts(), o.whereabouts())
}

// require refuses the page of an act that a user may not do: not found, as every page that
// is not permitted. A right that the roles allow cannot be judged while places or caseloads
// are not known, which is a 503.
func (v *visit) require(act domain.Act, everybody people, p, o person) error {
	staff := v.staffOf()
	switch {
	case !staff.HasRolesFor(act):
		return notFound()
	case !v.session.Caseloads.Known:
		return unavailable(nil, noCaseloads)
	case everybody.away:
		return locationsAway(nil)
	case !staff.May(act, p.whereabouts(), o.whereabouts()):
		return notFound()
	}
	return nil
}

// caseloadWarnings says that nothing can be changed while the caseloads are not known.
func (v *visit) caseloadWarnings() []govuk.Warning {
	if v.session.Caseloads.Known {
		return nil
	}
	return []govuk.Warning{{Text: noCaseloads}}
}
