package plan_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/nomis/plan"
)

// Staff change a type and change it back before any write. NOMIS's staff later write the
// value in between: that is their change, and no write of ours.
func TestConfirm_ofWhatCameBackBeforeItWasWritten(t *testing.T) {
	s := newStory(t)
	id := s.staffOpen()
	s.delivered(id, 1)
	was := s.ours(id).TypeCode
	s.Staff(domain.Amend{ID: id, Restriction: ptr(domain.Cell)})
	s.Staff(domain.Amend{ID: id, Restriction: ptr(domain.Wing)})
	require.Equal(t, was, s.ours(id).TypeCode)

	require.Equal(t, []plan.Action{plan.Confirm}, s.steps())
	step := s.plan().Steps[0]
	require.Equal(t, "The record was changed and is again what NOMIS holds as sequence 1.", step.Why)
	s.decide(domain.Deliver{ID: id, TypeSequence: 1, Revision: s.revision(), Detail: step.Detail})
	s.isQuiet()

	s.changes(1, func(t *plan.Theirs) { t.UpdatedBy, t.Detail.TypeCode = "STAFF", domain.TypeCell })
	s.takes()
	require.Equal(t, domain.TypeCell, s.ours(id).TypeCode)
	s.isQuiet()
}

// The write of what was in between lands after all, when the record is long confirmed. The
// service is its author in NOMIS: what staff wrote here last stays, and NOMIS is put right.
func TestConfirm_ofWhatCameBackKnowsTheLateWrite(t *testing.T) {
	s := newStory(t)
	id := s.staffOpen()
	s.delivered(id, 1)
	s.Staff(domain.Close{ID: id, ClosedReason: "Friends"})
	closed := s.ours(id).ExpiryDate
	s.Staff(domain.Reopen{ID: id, ReopenReason: "Not so"})
	step := s.plan().Steps[0]
	require.Equal(t, plan.Confirm, step.Action)
	s.decide(domain.Deliver{ID: id, TypeSequence: 1, Revision: s.revision(), Detail: step.Detail})

	s.changes(1, func(t *plan.Theirs) { t.Detail.ExpiryDate, t.Open = closed, false })
	require.Equal(t, []plan.Action{plan.Put}, s.steps(), "as the service's own")
	s.changes(1, func(t *plan.Theirs) { t.UpdatedBy = "STAFF" })
	require.Equal(t, []plan.Action{plan.Take}, s.steps(), "as a change by NOMIS's staff")
}
