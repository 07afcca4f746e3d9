package domain

import "slices"

// The roles that decide what staff may write. A token has them without the prefix ROLE_.
const (
	RoleNonAssociations  = "NON_ASSOCIATIONS"
	RoleReopen           = "REOPEN_NON_ASSOCIATIONS"
	RoleDelete           = "DELETE_NON_ASSOCIATIONS"
	RoleGlobalSearch     = "GLOBAL_SEARCH"
	RoleInactiveBookings = "INACTIVE_BOOKINGS"
	RolePOM              = "POM" // prison offender manager
)

// Whereabouts is what the prisoner directory says of where a prisoner is, as far as a
// right depends on it. The zero Whereabouts is a prisoner of whom nothing is known. A
// field that the directory did not send is left at its zero value, which gives no right.
type Whereabouts struct {
	Prison            PrisonID // OUT and TRN too; empty when it is not known
	RestrictedPatient bool     // OUT in a hospital, with a prison that is responsible
	SupportingPrison  PrisonID // the prison that is responsible
}

// Act is something that staff may do to non-associations. Its zero value is no act.
type Act int

// The acts. Search is the search for another prisoner, and the button that leads there.
const (
	ActSearch Act = iota + 1
	ActAdd
	ActUpdate
	ActClose
	ActReopen
	ActDelete
)

// Fits reports whether a record of this state can take the act. It is no right: who may
// do it is said by [Staff.May].
func (a Act) Fits(closed bool) bool {
	switch a {
	case ActUpdate, ActClose:
		return !closed
	case ActReopen:
		return closed
	default:
		return true
	}
}

// role returns the role that an act needs beside NON_ASSOCIATIONS; "" for none.
func (a Act) role() string {
	switch a {
	case ActReopen:
		return RoleReopen
	case ActDelete:
		return RoleDelete
	default:
		return ""
	}
}

// Staff is a member of staff: the roles, and the prisons of the caseloads. Both must be
// known; who does not know the caseloads can judge nothing. The methods are pure and may
// be called concurrently.
type Staff struct {
	Roles     []string
	Caseloads []PrisonID
}

// May reports whether the roles and the places of the two prisoners allow an act. The
// order of the two does not matter. A search is about the first alone.
func (s Staff) May(act Act, p, o Whereabouts) bool {
	if act == ActSearch {
		o = p
	}
	return s.HasRolesFor(act) && s.CanWrite(p, o)
}

// HasRolesFor reports whether an act is allowed by the roles, wherever the prisoners are.
func (s Staff) HasRolesFor(act Act) bool {
	if act < ActSearch || act > ActDelete {
		return false
	}
	return s.has(RoleNonAssociations) && (act.role() == "" || s.has(act.role()))
}

// CanWrite reports whether the places of two prisoners allow to change what is between
// them. It is symmetric.
func (s Staff) CanWrite(p, o Whereabouts) bool {
	if !s.has(RoleNonAssociations) {
		return false
	}
	one, other := s.placeOf(p), s.placeOf(o)
	if one > other {
		one, other = other, one
	}
	switch {
	case other == unknownPlace:
		return false
	case one == inCaseload:
		return true
	case one == inTransit && other == inTransit:
		return s.has(RoleGlobalSearch)
	case one == inTransit && other == outside:
		return s.has(RoleGlobalSearch) && s.has(RoleInactiveBookings)
	case one == outside && other == outside:
		return s.has(RoleInactiveBookings)
	default:
		return false // somebody is in another prison
	}
}

// CanReadPrison reports whether the pages of a prison may be read. It does not say
// whether there is such a prison.
func (s Staff) CanReadPrison(prison PrisonID) bool {
	return prison.HasPages() && (slices.Contains(s.Caseloads, prison) || s.has(RoleGlobalSearch))
}

// CanViewProfile reports whether the profile of a prisoner may be opened, so that a link
// leads there.
func (s Staff) CanViewProfile(p Whereabouts) bool {
	switch s.placeOf(p) {
	case inCaseload:
		return true
	case inTransit:
		return s.has(RoleGlobalSearch)
	case outside:
		return s.has(RoleInactiveBookings)
	default:
		return false
	}
}

// place is where a prisoner is for somebody. The order is that of CanWrite.
type place int

const (
	inCaseload    place = iota // in a prison of the caseloads
	inOtherPrison              // in another one
	inTransit
	outside
	unknownPlace
)

// placeOf returns where a prisoner is for the member of staff.
func (s Staff) placeOf(w Whereabouts) place {
	switch {
	case w.Prison == "":
		return unknownPlace
	case w.Prison == InTransfer:
		return inTransit
	case w.Prison == Outside && w.RestrictedPatient:
		return s.placeOfPatient(w)
	case w.Prison == Outside:
		return outside
	case slices.Contains(s.Caseloads, w.Prison):
		return inCaseload
	default:
		return inOtherPrison
	}
}

// placeOfPatient returns where a restricted patient is: with those who may see inactive
// bookings, and with the offender managers of the prison that is responsible. For
// everybody else it is another prison.
func (s Staff) placeOfPatient(w Whereabouts) place {
	isManaged := s.has(RolePOM) && w.SupportingPrison.IsPrison() && slices.Contains(s.Caseloads, w.SupportingPrison)
	if s.has(RoleInactiveBookings) || isManaged {
		return inCaseload
	}
	return inOtherPrison
}

func (s Staff) has(role string) bool { return slices.Contains(s.Roles, role) }

// HasPages reports whether the id can be that of a prison with pages of its own: three
// capital letters, neither TRN nor OUT.
func (p PrisonID) HasPages() bool {
	if len(p) != 3 || !p.IsPrison() {
		return false
	}
	for i := range len(p) {
		if !isCapital(p[i]) {
			return false
		}
	}
	return true
}
