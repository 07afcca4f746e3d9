package plan_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/nomis/plan"
)

// Staff change a type and change it back before any write. NOMIS's staff later write the
// value in between: that is their change, and no write of ours.
func TestConfirm_ofWhatCameBackBeforeItWasWritten(t *testing.T) {
	s, id := newDelivered(t)
	s.cameBack(id)
	s.changes(1, func(t *plan.Theirs) { t.UpdatedBy, t.Detail.TypeCode = "STAFF", domain.TypeCell })
	s.takes()
	require.Equal(t, domain.TypeCell, s.ours(id).TypeCode)
	s.isQuiet()
}

// The write of what was in between lands after all, when the record is long confirmed. The
// service is its author in NOMIS: what staff wrote here last stays, and NOMIS is put right.
func TestConfirm_ofWhatCameBackKnowsTheLateWrite(t *testing.T) {
	s, id := newDelivered(t)
	s.Staff(domain.Close{ID: id, ClosedReason: "Friends"})
	closed := s.ours(id).ExpiryDate
	s.Staff(domain.Reopen{ID: id, ReopenReason: "Not so"})
	s.confirms(id)

	s.changes(1, func(t *plan.Theirs) { t.Detail.ExpiryDate, t.Open = closed, false })
	require.Equal(t, []plan.Action{plan.Put}, s.steps(), "as the service's own")
	s.changes(1, func(t *plan.Theirs) { t.UpdatedBy = "STAFF" })
	require.Equal(t, []plan.Action{plan.Take}, s.steps(), "as a change by NOMIS's staff")
}

// Staff of one prisoner's prison changed the code of the higher number's row alone. The other
// row still names the service.
func TestConfirm_ofWhatCameBackLooksAtBothRows(t *testing.T) {
	s, id := newDelivered(t)
	s.cameBack(id)
	s.changes(1, func(t *plan.Theirs) { t.OtherUpdatedBy, t.Detail.TypeCode = "STAFF", domain.TypeCell })
	require.Equal(t, []plan.Action{plan.Take}, s.steps())
}

// What NOMIS's staff wrote while inbound was not allowed waits for a person, also when the
// service has written it back beside another field and is the author of the row by that.
func TestConfirm_ofWhatCameBackKeepsWhatIsHeld(t *testing.T) {
	s, id := newDelivered(t)
	s.cameBack(id)
	s.policy.Inbound = false
	s.changes(1, func(t *plan.Theirs) {
		t.UpdatedBy, t.OtherUpdatedBy, t.Detail.TypeCode = "STAFF", "STAFF", domain.TypeCell
	})
	s.Staff(domain.Amend{ID: id, Comment: ptr("Changed since")})
	require.Equal(t, []plan.Action{plan.Put}, s.steps())
	step := s.plan().Steps[0]
	require.Equal(t, []domain.DetailField{domain.DetailTypeCode}, step.Held)
	s.decide(domain.Deliver{ID: id, TypeSequence: 1, Revision: s.revision(), Detail: step.Detail, Held: step.Held})
	s.theirs[1] = theirs(step.Detail)

	require.Empty(t, s.steps())
	require.Equal(t, []plan.ProblemKind{plan.ChangedAfterSwitch}, s.problems())
	s.Staff(domain.Delete{ID: id})
	require.Empty(t, s.steps(), "a deletion here removes nothing that waits")
	require.Equal(t, []plan.ProblemKind{plan.ChangedAfterDelete}, s.problems())
}

// newDelivered begins with a record of staff that NOMIS is known to hold.
func newDelivered(t *testing.T) (*story, uuid.UUID) {
	t.Helper()
	s := newStory(t)
	id := s.staffOpen()
	s.delivered(id, 1)
	return s, id
}

// cameBack lets staff change the type and change it back before any write, and confirms it.
func (s *story) cameBack(id uuid.UUID) {
	s.t.Helper()
	s.Staff(domain.Amend{ID: id, Restriction: ptr(domain.Cell)})
	s.Staff(domain.Amend{ID: id, Restriction: ptr(domain.Wing)})
	s.confirms(id)
}

// confirms carries the one step out, which confirms the record.
func (s *story) confirms(id uuid.UUID) {
	s.t.Helper()
	require.Equal(s.t, []plan.Action{plan.Confirm}, s.steps())
	step := s.plan().Steps[0]
	require.Equal(s.t, "The record was changed and is again what NOMIS holds as sequence 1.", step.Why)
	s.decide(domain.Deliver{ID: id, TypeSequence: 1, Revision: s.revision(), Detail: step.Detail})
	s.isQuiet()
}
