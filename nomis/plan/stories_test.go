package plan_test

import (
	"testing"
	"time"

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

// NOMIS deletes no detail while its mirrors differ in number, and creates none while
// their last sequences differ.
func TestProblem_ofMirrorsThatDoNotListTheSame(t *testing.T) {
	s := newStory(t)
	deleted := s.nomisOpen(1, "2021-07-05", ptr("2022-07-05"))
	s.nomisOpen(2, "2023-07-05", ptr("2024-07-05"))
	s.changes(2, func(t *plan.Theirs) {
		t.RowMissing, t.Disagreement = true, "The row of A9109UD is missing."
		t.Detail.ReasonCodes = map[domain.PrisonerNumber]domain.ReasonCode{low: "VIC", high: ""}
	})
	s.Staff(domain.Delete{ID: deleted})
	s.staffOpen()
	require.Empty(t, s.steps())
	require.Equal(t, []plan.ProblemKind{plan.MirrorsDisagree, plan.MirrorsDisagree, plan.MirrorsDisagree}, s.problems())

	s.theirs[3] = theirs(detail(3, "2024-07-05", ptr("2025-07-05")))
	s.takes()
	require.Equal(t, []plan.Action{plan.Post}, s.steps(), "the next sequence is the same in both")
}

// What NOMIS refused to delete is not sent again.
func TestProblem_ofARemovalThatNOMISRefused(t *testing.T) {
	s := newStory(t)
	id := s.nomisOpen(1, "2021-07-05", nil)
	s.Staff(domain.Delete{ID: id})
	theirs := s.theirs[1].Detail
	s.policy.Decisions = []plan.Decision{{Kind: plan.Refusal, TypeSequence: 1, Theirs: &theirs, Words: "Locked for ever"}}
	require.Empty(t, s.steps())
	require.Equal(t, []plan.ProblemKind{plan.Refused}, s.problems())
}

// A record of staff that took over what NOMIS's staff opened, and then another one of
// theirs, was never created in NOMIS. What it was in between is no twin of it.
func TestRemove_ofATwinOfNothingThatNOMISStaffOpened(t *testing.T) {
	s := newStory(t)
	s.staffOpen()
	for sequence, effective := range map[int]string{2: "2026-07-16", 3: "2026-07-18"} {
		s.theirs[sequence] = theirs(detail(sequence, effective, nil))
		s.changes(sequence, func(t *plan.Theirs) { t.UpdatedBy = "STAFF" })
	}
	s.decide(domain.LearnSequence{ID: s.State.Items[0].ID, TypeSequence: 3})
	s.takes()
	require.Equal(t, "2026-07-18", s.ours(s.State.Items[0].ID).EffectiveDate)
	s.At(s.Now.AddDate(0, 0, 1))
	s.takes()
	require.Equal(t, "2026-07-16", s.ours(s.State.Items[0].ID).EffectiveDate, "the other one has begun")
	require.NotContains(t, s.steps(), plan.Remove)
	require.Equal(t, []plan.ProblemKind{plan.AnotherOpen}, s.problems())
}

// NOMIS's midnight may come more than a quarter of an hour after ours. A wait that has
// passed does not hide the one that followed it.
func TestWait_thatHasPassedHidesNoLaterOne(t *testing.T) {
	s := newStory(t)
	id := s.staffOpen()
	ours := s.ours(id)
	for _, until := range []time.Duration{-time.Minute, time.Minute} {
		s.policy.Decisions = append(s.policy.Decisions, plan.Decision{
			Kind: plan.Future, NonAssociationID: id, Ours: &ours, Until: s.Now.Add(until),
		})
	}
	require.Empty(t, s.steps())
	require.Len(t, s.plan().Waits, 1)
}

// NOMIS's staff wrote an equal one and then changed the first. The two have one author,
// who is not the service.
func TestRemove_ofATwinByNOMISStaffIsNotDone(t *testing.T) {
	s := newStory(t)
	id := s.staffOpen()
	s.delivered(id, 1)
	s.theirs[2] = theirs(numbered(s.ours(id), 2))
	for _, sequence := range []int{1, 2} {
		s.changes(sequence, func(t *plan.Theirs) { t.UpdatedBy = "STAFF" })
	}
	s.changes(1, func(t *plan.Theirs) { t.Detail.ExpiryDate = ptr("2026-07-10") })
	require.NotContains(t, s.steps(), plan.Remove)
	s.takes()
	require.Empty(t, s.steps())
	require.Len(t, s.State.Items, 2, "the pair stays apart")
}
