package plan_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/nomis/plan"
)

// A person says that what looks like a twin is a record of its own.
func TestRepair_ofATwinFromNOMISCreatesIt(t *testing.T) {
	s := newStory(t)
	id := s.staffOpen()
	open := s.ours(id)
	s.delivered(id, 1)
	s.Staff(domain.Close{ID: id, ClosedReason: "Friends"})
	s.delivered(id, 1)
	s.theirs[2] = theirs(numbered(open, 2))
	require.Equal(t, []plan.Action{plan.Remove}, s.steps())
	s.policy.Repair = &plan.Repair{TypeSequence: 2, FromNOMIS: true}
	require.Equal(t, domain.Created, s.takes().Outcomes[0].Kind)
	s.isQuiet()
	s.policy.Repair = nil
	s.isQuiet()
}

// The record is deleted here, and a person says that NOMIS's stays. The sequence is that
// of the deleted one no longer, in one turn.
func TestRepair_ofADeletedRecordFromNOMISCreatesAnother(t *testing.T) {
	for name, told := range map[string]int{"mapped": 1, "of no known sequence": 0} {
		s := newStory(t)
		item := itemOf(detail(1, "2021-07-05", nil))
		item.TypeSequence = told
		id := s.Sync(item).Outcomes[0].NonAssociationID
		s.theirs[1] = theirs(detail(1, "2021-07-05", nil))
		s.Staff(domain.Delete{ID: id})
		s.policy.Repair = &plan.Repair{TypeSequence: 1, FromNOMIS: true}
		s.policy.Inbound = false
		require.Equal(t, []plan.Action{plan.Release, plan.Take}, s.steps(), name)
		require.Contains(t, s.plan().Steps[1].Why, "1 new here", name)
		s.decide(domain.ReleaseSequence{ID: id, TypeSequence: told, Unmapped: told == 0})
		require.Equal(t, domain.Created, s.takes().Outcomes[0].Kind, name)
		s.policy.Repair = nil
		s.isQuiet()
	}
}

// The creation was sent twice, and NOMIS lost a row of the second. The record was closed
// since. What is left of the twin is for a person, and opens nothing.
func TestRemove_ofATwinThatLacksARowIsLeftToAPerson(t *testing.T) {
	s := newStory(t)
	id := s.staffOpen()
	s.delivered(id, 1)
	s.theirs[2] = theirs(numbered(s.ours(id), 2))
	s.changes(2, func(t *plan.Theirs) {
		t.OtherUpdatedBy, t.RowMissing, t.Disagreement = "", true, "NOMIS lacks the row of A9109UD of sequence 2."
		t.Detail.ReasonCodes = map[domain.PrisonerNumber]domain.ReasonCode{low: t.Detail.ReasonCodes[low], high: ""}
	})
	s.Staff(domain.Close{ID: id, ClosedReason: "Friends"})
	s.delivered(id, 1)
	require.Empty(t, s.steps())
	require.Equal(t, []plan.ProblemKind{plan.MirrorsDisagree}, s.problems())
}
