package domain_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
)

// cells are the places as the contract names them. P is a restricted patient of XAA, and
// Q one of XAB.
var cells = map[string]domain.Whereabouts{
	"C": {Prison: "XAA"},
	"N": {Prison: "XAB"},
	"T": {Prison: domain.InTransfer},
	"O": {Prison: domain.Outside},
	"U": {},
	"P": {Prison: domain.Outside, RestrictedPatient: true, SupportingPrison: "XAA"},
	"Q": {Prison: domain.Outside, RestrictedPatient: true, SupportingPrison: "XAB"},
}

var orderOfCells = []string{"C", "N", "T", "O", "U", "P", "Q"}

// extras are the roles beside NON_ASSOCIATIONS on which a cell depends: G, I and M.
var extras = map[string]string{"G": domain.RoleGlobalSearch, "I": domain.RoleInactiveBookings, "M": domain.RolePOM}

// grid says which cells each set of roles may write, in the order of orderOfCells: of
// each row the places of the second prisoner from the row's own on. It is written out so
// that it can be compared with the contract by eye.
//
//	C: with C N T O U P Q · N: with N T O U P Q · T: with T O U P Q · O: with O U P Q ·
//	U: with U P Q · P: with P Q · Q: with Q
var grid = map[string]string{
	"":    "yyyynyy nnnnnn nnnnn nnnn nnn nn n",
	"G":   "yyyynyy nnnnnn ynnnn nnnn nnn nn n",
	"I":   "yyyynyy nnnnyy nnnyy ynyy nnn yy y",
	"M":   "yyyynyy nnnnyn nnnyn nnyn nnn yy n",
	"GI":  "yyyynyy nnnnyy yynyy ynyy nnn yy y",
	"GM":  "yyyynyy nnnnyn ynnyn nnyn nnn yy n",
	"IM":  "yyyynyy nnnnyy nnnyy ynyy nnn yy y",
	"GIM": "yyyynyy nnnnyy yynyy ynyy nnn yy y",
}

// staffWith is staff of XAA with these extras, and with NON_ASSOCIATIONS.
func staffWith(set string, roles ...string) domain.Staff {
	for _, letter := range set {
		roles = append(roles, extras[string(letter)])
	}
	return domain.Staff{Roles: append(roles, domain.RoleNonAssociations), Caseloads: []domain.PrisonID{"XAA", "XAC"}}
}

// without is the same staff without a role.
func without(s domain.Staff, role string) domain.Staff {
	s.Roles = slices.DeleteFunc(slices.Clone(s.Roles), func(r string) bool { return r == role })
	return s
}

// TestCanWrite_everyCell walks every pair of places for every set of roles.
func TestCanWrite_everyCell(t *testing.T) {
	require.Len(t, grid, 8)
	for set, rows := range grid {
		staff, lines := staffWith(set), strings.Fields(rows)
		require.Len(t, lines, len(orderOfCells), set)
		for i, one := range orderOfCells {
			require.Len(t, lines[i], len(orderOfCells)-i, "%s %s", set, one)
			for k, other := range orderOfCells[i:] {
				name := fmt.Sprintf("%q: %s with %s", set, one, other)
				may := lines[i][k] == 'y'
				require.Equal(t, may, staff.CanWrite(cells[one], cells[other]), name)
				require.Equal(t, may, staff.CanWrite(cells[other], cells[one]), name+", turned round")
				reader := without(staff, domain.RoleNonAssociations)
				require.False(t, reader.CanWrite(cells[one], cells[other]), name+", without the role")
			}
		}
	}
}

// TestMay_everyAct walks the acts over every cell: which further role each needs, and
// that a search is about one prisoner alone.
func TestMay_everyAct(t *testing.T) {
	needs := map[domain.Act]string{
		domain.ActSearch: "", domain.ActAdd: "", domain.ActUpdate: "", domain.ActClose: "",
		domain.ActReopen: domain.RoleReopen, domain.ActDelete: domain.RoleDelete,
	}
	for set := range grid {
		for act, role := range needs {
			full, bare := staffWith(set, domain.RoleReopen, domain.RoleDelete), staffWith(set)
			reader := without(full, domain.RoleNonAssociations)
			require.True(t, full.HasRolesFor(act))
			require.Equal(t, role == "", bare.HasRolesFor(act), act)
			require.False(t, reader.HasRolesFor(act), act)
			if role != "" {
				require.False(t, without(full, role).HasRolesFor(act), "the role of another act is not enough")
			}
			for _, one := range orderOfCells {
				for _, other := range orderOfCells {
					p, o := cells[one], cells[other]
					may := full.CanWrite(p, o)
					if act == domain.ActSearch {
						may = full.CanWrite(p, p)
					}
					require.Equal(t, may, full.May(act, p, o), "%q %d %s %s", set, act, one, other)
					require.Equal(t, may && role == "", bare.May(act, p, o), "%q %d %s %s", set, act, one, other)
					require.False(t, reader.May(act, p, o))
				}
			}
		}
	}
	for _, act := range []domain.Act{0, -1, domain.ActDelete + 1} {
		require.False(t, staffWith("GIM", domain.RoleReopen, domain.RoleDelete).May(act, cells["C"], cells["C"]), "no act")
	}
}

func TestAct_fitsTheStateOfTheRecord(t *testing.T) {
	for act, want := range map[domain.Act][2]bool{ // open, closed
		domain.ActUpdate: {true, false}, domain.ActClose: {true, false}, domain.ActReopen: {false, true}, domain.ActDelete: {true, true},
	} {
		require.Equal(t, want, [2]bool{act.Fits(false), act.Fits(true)}, act)
	}
}

func TestCanViewProfile_everyPlace(t *testing.T) {
	for set, want := range map[string]string{ // in the order of orderOfCells
		"": "ynnnnnn", "G": "ynynnnn", "I": "ynnynyy", "M": "ynnnnyn",
		"GI": "ynyynyy", "GM": "ynynnyn", "IM": "ynnynyy", "GIM": "ynyynyy",
	} {
		for i, cell := range orderOfCells {
			staff := without(staffWith(set), domain.RoleNonAssociations)
			require.Equal(t, want[i] == 'y', staff.CanViewProfile(cells[cell]), "%q %s", set, cell)
		}
	}
}

func TestCanReadPrison_needsACaseloadOrGlobalSearch(t *testing.T) {
	for prison, want := range map[domain.PrisonID][2]bool{ // without and with GLOBAL_SEARCH
		"XAA": {true, true}, "XAC": {true, true}, "XAB": {false, true}, "ZZZ": {false, true},
		"OUT": {false, false}, "TRN": {false, false}, "": {false, false}, "xaa": {false, false}, "XA": {false, false},
		"XAAA": {false, false}, "X1A": {false, false}, "XÄ": {false, false},
	} {
		bare, global := staffWith("IM"), staffWith("G")
		for _, odd := range []domain.PrisonID{"OUT", "TRN", "xaa", "XA", ""} { // a caseload of these is none
			bare.Caseloads, global.Caseloads = append(bare.Caseloads, odd), append(global.Caseloads, odd)
		}
		require.Equal(t, want, [2]bool{bare.CanReadPrison(prison), global.CanReadPrison(prison)}, prison)
	}
}

// TestUnknownField_widensNoRight walks every cell: with a field left out nobody may write
// what they may not write with it.
func TestUnknownField_widensNoRight(t *testing.T) {
	for set := range grid {
		staff := staffWith(set)
		for _, one := range orderOfCells {
			for _, other := range orderOfCells {
				for field, leaveOut := range map[string]func(*domain.Whereabouts){
					"prisonId":           func(w *domain.Whereabouts) { w.Prison = "" },
					"restrictedPatient":  func(w *domain.Whereabouts) { w.RestrictedPatient = false },
					"supportingPrisonId": func(w *domain.Whereabouts) { w.SupportingPrison = "" },
				} {
					p := cells[one]
					leaveOut(&p)
					if staff.CanWrite(p, cells[other]) {
						require.True(t, staff.CanWrite(cells[one], cells[other]), "%q: %s with %s without %s", set, one, other, field)
					}
				}
			}
		}
	}
	odd := staffWith("M")
	odd.Caseloads = append(odd.Caseloads, "", domain.Outside, domain.InTransfer)
	patient := domain.Whereabouts{Prison: domain.Outside, RestrictedPatient: true}
	require.False(t, odd.CanWrite(cells["U"], cells["C"]), "no caseload makes an unknown place one's own")
	require.False(t, odd.CanWrite(cells["O"], cells["O"]))
	require.False(t, odd.CanWrite(cells["T"], cells["T"]))
	require.False(t, odd.CanWrite(patient, patient), "nobody is responsible")
}
