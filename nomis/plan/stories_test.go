package plan_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/nomis/plan"
)

// Stories that random histories found, each as short as it can be told.

// NOMIS takes a put that opens a second one. It is not sent.
func TestPut_opensNoSecondOneInNOMIS(t *testing.T) {
	s := newStory(t)
	id := s.nomisOpen(1, "2021-07-05", ptr("2022-07-05"))
	s.Staff(domain.Reopen{ID: id, ReopenReason: "Again"})
	s.theirs[2] = theirs(detail(2, "2023-07-05", nil))
	s.takes()
	require.Empty(t, s.steps())
	require.ElementsMatch(t, []plan.ProblemKind{plan.AnotherOpen, plan.BlockedByOpen}, s.problems())

	s.changes(2, func(t *plan.Theirs) { t.Detail.ExpiryDate = ptr("2024-07-05") })
	s.takes()
	require.Equal(t, []plan.Action{plan.Put}, s.steps(), "the other one is closed")
	s.changes(2, func(t *plan.Theirs) { t.Detail.ExpiryDate = nil })
	s.policy.Repair = &plan.Repair{NonAssociationID: id}
	require.Contains(t, s.steps(), plan.Put, "a person asks for it")
}

// NOMIS gave the sequence of a closed record to a new one, which opens while another
// record here is open. It is named, although it has a partner.
func TestProblem_ofAnotherOpenOneUnderTheSequenceOfAClosedRecord(t *testing.T) {
	s := newStory(t)
	closed := s.nomisOpen(1, "2021-07-05", ptr("2022-07-05"))
	s.staffOpen()
	s.theirs[1] = theirs(detail(1, "2023-07-05", nil))
	s.changes(1, func(t *plan.Theirs) {
		t.Detail.ReasonCodes = map[domain.PrisonerNumber]domain.ReasonCode{low: "RIV", high: "RIV"}
	})
	s.takes()
	require.Empty(t, s.steps())
	require.ElementsMatch(t, []plan.ProblemKind{plan.AnotherOpen, plan.BlockedByOpen}, s.problems())
	require.Contains(t, s.plan().Problems, plan.Problem{
		Kind: plan.AnotherOpen, NonAssociationID: closed, TypeSequence: 1, Why: s.plan().Problems[1].Why,
	})
}
