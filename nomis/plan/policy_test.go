package plan_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/nomis/plan"
)

func TestAccepted_isLeftAloneWhileBothSidesAreWhatTheyWere(t *testing.T) {
	s := newStory(t)
	id := s.nomisOpen(1, "2021-07-05", nil)
	s.comment(1, "Theirs")
	ours, theirs := s.ours(id), s.theirs[1].Detail
	s.policy.Decisions = []plan.Decision{{Kind: plan.Accepted, NonAssociationID: id, Ours: &ours, Theirs: &theirs}}
	require.Empty(t, s.steps())
	require.Empty(t, s.problems())
	require.True(t, s.plan().Matches[0].Accepted)
	s.comment(1, "Theirs again")
	require.Equal(t, []plan.Action{plan.Take}, s.steps())
	s.comment(1, "Theirs")
	s.Staff(domain.Amend{ID: id, Comment: ptr("Ours")})
	require.Equal(t, []plan.Action{plan.Take}, s.steps())
}

func TestAccepted_ofOneThatOnlyOneSideHas(t *testing.T) {
	s := newStory(t)
	id := s.nomisOpen(1, "2021-07-05", ptr("2021-08-05"))
	delete(s.theirs, 1)
	s.theirs[2] = theirs(detail(2, "2023-01-01", nil))
	ours, theirs := s.ours(id), s.theirs[2].Detail
	s.policy.Decisions = []plan.Decision{
		{Kind: plan.Accepted, NonAssociationID: id, Ours: &ours}, {Kind: plan.Accepted, TypeSequence: 2, Theirs: &theirs},
	}
	require.Empty(t, s.steps())
	require.Empty(t, s.problems())
	s.comment(2, "Changed")
	require.Equal(t, []plan.Action{plan.Take}, s.steps())
}

func TestInbound_offTakesNothingAndSaysWhat(t *testing.T) {
	s := newStory(t)
	id := s.nomisOpen(1, "2021-07-05", nil)
	s.policy.Inbound = false
	s.isQuiet()
	s.comment(1, "Theirs")
	s.theirs[2] = theirs(detail(2, "2020-01-01", ptr("2020-02-01")))
	require.Empty(t, s.steps())
	problems := s.plan().Problems
	require.Equal(t, []plan.ProblemKind{plan.ChangedAfterSwitch, plan.ChangedAfterSwitch}, s.problems())
	require.Equal(t, id, problems[0].NonAssociationID)
	require.Equal(t, []domain.DetailField{domain.DetailComment}, problems[0].Fields)
	require.Equal(t, 2, problems[1].TypeSequence)

	s.Staff(domain.Amend{ID: id, Restriction: ptr(domain.Cell)})
	require.Equal(t, []plan.Action{plan.Put}, s.steps(), "our later changes are written")
	step := s.plan().Steps[0]
	require.Equal(t, domain.TypeCell, step.Detail.TypeCode)
	require.Equal(t, ptr("Theirs"), step.Detail.Comment, "with NOMIS's held value beside them")
	require.Equal(t, []domain.DetailField{domain.DetailComment}, step.Held)
	s.theirs[1] = theirs(step.Detail)
	s.decide(domain.Deliver{ID: id, TypeSequence: 1, Revision: s.revision(), Detail: step.Detail, Held: step.Held})
	require.Empty(t, s.steps())
	require.Len(t, s.problems(), 2, "only what is to be decided stays apart")
}

func TestSwitched_staysWithAPersonWhenInboundIsAllowedAgain(t *testing.T) {
	s := newStory(t)
	id := s.nomisOpen(1, "2021-07-05", nil)
	ours := s.ours(id)
	s.comment(1, "Theirs")
	held := s.theirs[1].Detail
	s.theirs[2] = theirs(detail(2, "2020-01-01", ptr("2020-02-01")))
	alone := s.theirs[2].Detail
	s.policy.Decisions = []plan.Decision{
		{Kind: plan.Switched, NonAssociationID: id, Ours: &ours, Theirs: &held}, {Kind: plan.Switched, TypeSequence: 2, Theirs: &alone},
	}
	require.Empty(t, s.steps())
	require.Equal(t, []plan.ProblemKind{plan.ChangedAfterSwitch, plan.ChangedAfterSwitch}, s.problems())

	s.changes(1, func(t *plan.Theirs) { t.Detail.TypeCode = domain.TypeTotal })
	s.takes()
	require.Equal(t, domain.TypeTotal, s.State.Items[0].TypeCode, "what NOMIS changes later is judged by itself")
	require.Equal(t, ptr("Told"), s.State.Items[0].Comment)
	s.comment(2, "Changed later")
	require.Equal(t, []plan.Action{plan.Take}, s.steps())
}

func TestRepair_fromHereWritesOursWhateverChanged(t *testing.T) {
	s := newStory(t)
	id := s.nomisOpen(1, "2021-07-05", nil)
	s.comment(1, "Theirs")
	s.policy.Repair = &plan.Repair{NonAssociationID: id}
	require.Equal(t, []plan.Action{plan.Put}, s.steps())
	require.Equal(t, ptr("Told"), s.plan().Steps[0].Detail.Comment)

	s.changes(1, func(t *plan.Theirs) { t.Disagreement = "The texts differ." })
	require.Equal(t, []plan.Action{plan.Put}, s.steps(), "also of mirrors that disagree")

	delete(s.theirs, 1)
	require.Equal(t, []plan.Action{plan.Post}, s.steps(), "also one that NOMIS had")

	s.nomisOpen(1, "2021-07-05", nil)
	s.theirs[2] = theirs(detail(2, "2020-01-01", ptr("2020-02-01")))
	s.policy.Repair = &plan.Repair{TypeSequence: 2}
	require.Equal(t, []plan.Action{plan.Remove}, s.steps())
	require.Equal(t, 2, s.plan().Steps[0].TypeSequence)
}

func TestRepair_fromNOMISTakesTheirsOver(t *testing.T) {
	s := newStory(t)
	id := s.nomisOpen(1, "2021-07-05", nil)
	s.Staff(domain.Amend{ID: id, Comment: ptr("Ours")})
	s.policy.Repair = &plan.Repair{NonAssociationID: id, FromNOMIS: true}
	require.Equal(t, []plan.Action{plan.Take}, s.steps())
	s.takes()
	require.Equal(t, ptr("Told"), s.State.Items[0].Comment)

	delete(s.theirs, 1)
	require.Equal(t, []plan.Action{plan.Delete}, s.steps())

	s.theirs[2] = theirs(detail(2, "2020-01-01", ptr("2020-02-01")))
	alone := s.theirs[2].Detail
	s.policy = plan.Policy{Inbound: true, Outbound: true, Decisions: []plan.Decision{{Kind: plan.Switched, TypeSequence: 2, Theirs: &alone}}}
	require.Empty(t, s.steps())
	s.policy.Repair = &plan.Repair{TypeSequence: 2, FromNOMIS: true}
	require.Equal(t, []plan.Action{plan.Take}, s.steps())
}

// A person may take over what came while inbound is not allowed.
func TestRepair_fromNOMISNeedsNoInbound(t *testing.T) {
	s := newStory(t)
	id := s.nomisOpen(1, "2021-07-05", nil)
	s.comment(1, "Theirs")
	s.policy.Inbound = false
	s.policy.Repair = &plan.Repair{NonAssociationID: id, FromNOMIS: true}
	require.Equal(t, []plan.Action{plan.Take}, s.steps())
	s.takes()
	require.Equal(t, ptr("Theirs"), s.State.Items[0].Comment)
}
