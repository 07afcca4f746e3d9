package plan_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/nomis/plan"
)

func TestProblem_ofMirrorsThatDisagree(t *testing.T) {
	s := newStory(t)
	id := s.nomisOpen(1, "2021-07-05", nil)
	s.Staff(domain.Amend{ID: id, Comment: ptr("Ours")})
	s.changes(1, func(t *plan.Theirs) { t.Disagreement = "The row of A9109UD is closed, and that of A0135GA is not." })
	require.Equal(t, []plan.ProblemKind{plan.MirrorsDisagree}, s.problems())
	require.Equal(t, s.theirs[1].Disagreement, s.plan().Problems[0].Why)
	require.Empty(t, s.steps(), "nothing is written")

	s.Staff(domain.Close{ID: id, ClosedReason: "Friends"})
	require.Empty(t, s.steps(), "neither row is closed")
	s.changes(1, func(t *plan.Theirs) { t.OneRowClosed = true })
	require.Equal(t, []plan.Action{plan.Put}, s.steps(), "a put writes both rows")
	s.changes(1, func(t *plan.Theirs) { t.RowMissing = true })
	require.Empty(t, s.steps(), "no call mends a missing row")
	require.Equal(t, []plan.ProblemKind{plan.MirrorsDisagree}, s.problems())
}

func TestProblem_ofMirrorsStopsNoTakeAndEveryPost(t *testing.T) {
	s := newStory(t)
	first := s.nomisOpen(1, "2021-07-05", nil)
	s.changes(1, func(t *plan.Theirs) { t.Disagreement, t.Detail.Comment = "The texts differ.", ptr("Changed there") })
	require.Equal(t, []plan.Action{plan.Take}, s.steps())
	s.takes()
	s.Staff(domain.Close{ID: first, ClosedReason: "Friends"})
	s.staffOpen()
	require.ElementsMatch(t, []plan.ProblemKind{plan.MirrorsDisagree, plan.BlockedByOpen}, s.problems())
	require.Empty(t, s.steps())
}

func TestProblem_ofARowThatIsMissingFromADeletedRecord(t *testing.T) {
	s := newStory(t)
	id := s.nomisOpen(1, "2021-07-05", nil)
	s.Staff(domain.Delete{ID: id})
	s.changes(1, func(t *plan.Theirs) {
		t.RowMissing, t.Disagreement = true, "The row of A9109UD is missing."
		t.Detail.ReasonCodes = map[domain.PrisonerNumber]domain.ReasonCode{low: "VIC", high: ""}
	})
	require.Empty(t, s.steps(), "NOMIS deletes no half of a record")
	require.Equal(t, []plan.ProblemKind{plan.MirrorsDisagree}, s.problems())
}

func TestTake_ofAMissingRowKeepsOurCodeOrIsUnknown(t *testing.T) {
	s := newStory(t)
	s.nomisOpen(1, "2021-07-05", ptr("2021-08-05"))
	missing := func(t *plan.Theirs) {
		t.RowMissing, t.Disagreement = true, "The row of A9109UD is missing."
		t.Detail.ReasonCodes = map[domain.PrisonerNumber]domain.ReasonCode{low: "VIC", high: ""}
	}
	s.changes(1, missing)
	require.Empty(t, s.steps())
	s.theirs[2] = theirs(detail(2, "2023-01-01", nil))
	s.changes(2, missing)
	s.takes()
	require.Equal(t, domain.CodePerpetrator, s.State.Items[0].Sides[high].ReasonCode)
	require.Equal(t, domain.CodeUnknown, s.State.Items[1].Sides[high].ReasonCode)
}

func TestProblem_ofAnotherOpenOneInNOMIS(t *testing.T) {
	s := newStory(t)
	counts := s.nomisOpen(1, "2024-07-05", nil)
	s.theirs[2] = theirs(detail(2, "2021-07-05", nil))
	s.takes()
	require.Empty(t, s.steps(), "what was ignored once is not recorded again")
	require.Equal(t, []plan.ProblemKind{plan.AnotherOpen}, s.problems())
	require.Equal(t, 2, s.plan().Problems[0].TypeSequence)
	require.Contains(t, s.plan().Problems[0].Why, counts.String())

	s.changes(1, func(t *plan.Theirs) { t.Detail.ExpiryDate = ptr("2025-01-01") })
	s.takes()
	s.isQuiet()
	require.Len(t, s.State.Items, 2, "the one that counted is closed")
}

func TestProblem_ofAPrisonerWhomNOMISDoesNotKnow(t *testing.T) {
	s := newStory(t)
	s.nomisOpen(1, "2021-07-05", ptr("2021-08-05"))
	s.staffOpen()
	in := s.input()
	in.Theirs, in.Unknown = nil, "NOMIS does not know A9109UD."
	made := plan.Make(in)
	require.Empty(t, made.Steps)
	require.Len(t, made.Problems, 2)
	for _, p := range made.Problems {
		require.Equal(t, plan.PrisonerUnknown, p.Kind)
		require.Equal(t, in.Unknown, p.Why)
	}
}

func TestProblem_ofARowThatCannotBeHeld(t *testing.T) {
	s := newStory(t)
	s.nomisOpen(1, "2021-07-05", nil)
	for _, sequence := range []int{1, 2} {
		s.theirs[sequence] = theirs(detail(sequence, "2021-07-05", nil))
		s.changes(sequence, func(t *plan.Theirs) { t.Detail.TypeCode, t.NotHoldable = "X", "The type X is unknown." })
	}
	require.Equal(t, []plan.ProblemKind{plan.NotHoldable, plan.NotHoldable}, s.problems())
	require.Empty(t, s.steps())
}

func TestProblem_ofAWriteThatNOMISRefused(t *testing.T) {
	s := newStory(t)
	id := s.staffOpen()
	ours := s.ours(id)
	s.policy.Decisions = []plan.Decision{{Kind: plan.Refusal, NonAssociationID: id, Ours: &ours, Words: "Comment is too long"}}
	require.Equal(t, []plan.ProblemKind{plan.Refused}, s.problems())
	require.Contains(t, s.plan().Problems[0].Why, "Comment is too long")
	require.Empty(t, s.steps(), "not again until a side changes or a person asks")

	s.policy.Repair = &plan.Repair{NonAssociationID: id}
	require.Equal(t, []plan.Action{plan.Post}, s.steps())
	s.policy.Repair = nil
	s.Staff(domain.Amend{ID: id, Comment: ptr("Short")})
	require.Equal(t, []plan.Action{plan.Post}, s.steps())
}

func TestProblem_ofAPutThatNOMISRefused(t *testing.T) {
	s := newStory(t)
	id := s.nomisOpen(1, "2021-07-05", nil)
	s.Staff(domain.Amend{ID: id, Comment: ptr("Ours")})
	ours, theirs := s.ours(id), s.theirs[1].Detail
	s.policy.Decisions = []plan.Decision{{Kind: plan.Refusal, NonAssociationID: id, Ours: &ours, Theirs: &theirs}}
	require.Equal(t, []plan.ProblemKind{plan.Refused}, s.problems())
	require.Empty(t, s.steps())
	s.changes(1, func(t *plan.Theirs) { t.Detail.TypeCode = domain.TypeCell })
	s.takes()
	require.Equal(t, []plan.Action{plan.Put}, s.steps(), "theirs has changed")
}

func TestProblem_ofAPutThatNOMISDidNotTake(t *testing.T) {
	s := newStory(t)
	id := s.nomisOpen(1, "2021-07-05", nil)
	s.Staff(domain.Amend{ID: id, Comment: ptr("Ours")})
	s.decide(domain.Deliver{ID: id, TypeSequence: 1, Revision: s.revision(), Detail: s.theirs[1].Detail})
	require.Equal(t, []plan.ProblemKind{plan.NotTaken}, s.problems())
	require.Equal(t, []domain.DetailField{domain.DetailComment}, s.plan().Problems[0].Fields)
	require.Empty(t, s.steps())
	s.Staff(domain.Amend{ID: id, Comment: ptr("Ours again")})
	require.Equal(t, []plan.Action{plan.Put}, s.steps())
}

// A person asks for the turn: it is sent once more, and what is read back since counts.
func TestProblem_ofAPutThatNOMISDidNotTakeEndsWhenAPersonAsks(t *testing.T) {
	s := newStory(t)
	id := s.nomisOpen(1, "2021-07-05", nil)
	s.Staff(domain.Amend{ID: id, Comment: ptr("Ours")})
	s.decide(domain.Deliver{ID: id, TypeSequence: 1, Revision: s.revision(), Detail: s.theirs[1].Detail})
	asked := int64(s.revision())
	s.policy.AskedAt = &asked
	require.Equal(t, []plan.Action{plan.Put}, s.steps())
	require.Empty(t, s.problems())
	s.decide(domain.Deliver{ID: id, TypeSequence: 1, Revision: s.revision(), Detail: s.theirs[1].Detail})
	require.Equal(t, []plan.ProblemKind{plan.NotTaken}, s.problems())
	require.Empty(t, s.steps())
}

func TestWait_ofAnEffectiveDayToCome(t *testing.T) {
	s := newStory(t)
	s.nomisOpen(1, "2027-01-01", nil)
	s.isQuiet()
	id := s.State.Items[0].ID
	s.Staff(domain.Amend{ID: id, Comment: ptr("Ours")})
	require.Empty(t, s.steps())
	require.Empty(t, s.problems())
	require.Equal(t, time.Date(2027, 1, 1, 0, 0, 0, 0, s.Now.Location()), s.plan().Waits[0].Until)
	s.At(time.Date(2027, 1, 1, 0, 0, 0, 0, s.Now.Location()))
	require.Equal(t, []plan.Action{plan.Put}, s.steps())
}

func TestWait_whenNOMISSaysThatTheDayIsToCome(t *testing.T) {
	s := newStory(t)
	id := s.staffOpen()
	ours := s.ours(id)
	s.policy.Decisions = []plan.Decision{{Kind: plan.Future, NonAssociationID: id, Ours: &ours, Until: s.Now.Add(time.Minute)}}
	require.Empty(t, s.steps())
	require.Len(t, s.plan().Waits, 1)
	require.Zero(t, s.plan().Waits[0].Until)
	s.At(s.Now.Add(time.Minute))
	require.Equal(t, []plan.Action{plan.Post}, s.steps())
}
