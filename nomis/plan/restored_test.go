package plan_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/nomis/plan"
)

// restoredStory is a record of which NOMIS holds an older form again.
func restoredStory(t *testing.T) *story {
	t.Helper()
	s := newStory(t)
	s.nomisOpen(1, "2021-07-05", nil)
	s.comment(1, "Second")
	s.takes()
	s.comment(1, "Told")
	require.Len(t, s.plan().Steps[0].GivesBack, 1)
	return s
}

func TestRestored_fromDPSWritesOursInPlaceOfAnOlderForm(t *testing.T) {
	s := restoredStory(t)
	s.policy.Restored = &plan.Restored{At: s.Now.Add(time.Hour)}
	require.Equal(t, []plan.Action{plan.Put}, s.steps())
	require.Equal(t, ptr("Second"), s.plan().Steps[0].Detail.Comment)

	s.comment(1, "New")
	require.Equal(t, []plan.Action{plan.Take}, s.steps(), "what ours never was is a change")
	s.comment(1, "Told")
	s.policy.Restored.At = time.Time{}.Add(time.Hour)
	require.Equal(t, []plan.Action{plan.Take}, s.steps(), "NOMIS is known to have held it since")
}

func TestRestored_fromNOMISTakesAndDoesNotCount(t *testing.T) {
	s := restoredStory(t)
	s.policy.Restored = &plan.Restored{At: s.Now.Add(time.Hour), FromNOMIS: true}
	step := s.plan().Steps[0]
	require.Equal(t, plan.Take, step.Action)
	require.Empty(t, step.GivesBack)
	s.policy.Restored.At = time.Time{}.Add(time.Hour)
	require.Len(t, s.plan().Steps[0].GivesBack, 1, "it is counted again")
}

func TestRestored_ofAPersonsRepairIsTheRepair(t *testing.T) {
	s := restoredStory(t)
	id := s.State.Items[0].ID
	s.policy.Restored = &plan.Restored{At: s.Now.Add(time.Hour)}
	s.policy.Repair = &plan.Repair{NonAssociationID: id, FromNOMIS: true}
	require.Equal(t, []plan.Action{plan.Take}, s.steps())
}

// What was deleted here and stands in NOMIS again is removed there.
func TestRestored_fromDPSRemovesWhatWasDeletedHere(t *testing.T) {
	s := restoredStory(t)
	s.Staff(domain.Delete{ID: s.State.Items[0].ID})
	require.Empty(t, s.steps(), "changed after it was deleted")
	s.policy.Restored = &plan.Restored{At: s.Now.Add(time.Hour)}
	require.Equal(t, []plan.Action{plan.Remove}, s.steps())
}
