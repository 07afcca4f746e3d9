package plan_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/nomis/plan"
)

func TestPlan_ofTheSameIsQuiet(t *testing.T) {
	s := newStory(t)
	s.isQuiet()
	s.nomisOpen(1, "2021-07-05", ptr("2022-07-05"))
	s.nomisOpen(2, "2023-07-05", nil)
	s.isQuiet()
	s.Staff(domain.Close{ID: s.State.Items[1].ID, ClosedReason: "Friends"})
	require.NotEmpty(t, s.steps())
}

func TestLearn_ofARecordThatNOMISKnowsByAnotherSequence(t *testing.T) {
	s := newStory(t)
	id := s.nomisOpen(1, "2021-07-05", nil)
	s.theirs = map[int]plan.Theirs{3: theirs(detail(3, "2021-07-05", nil))}
	require.Equal(t, []plan.Action{plan.Learn}, s.steps())
	step := s.plan().Steps[0]
	require.Equal(t, id, step.NonAssociationID)
	require.Equal(t, 3, step.TypeSequence)
	require.Contains(t, step.Why, "sequence 3")
	s.decide(domain.LearnSequence{ID: id, TypeSequence: 3})
	s.isQuiet()
}

func TestRelease_ofADeletedRecordThatIsGone(t *testing.T) {
	s := newStory(t)
	id := s.nomisOpen(1, "2021-07-05", nil)
	s.Staff(domain.Delete{ID: id})
	delete(s.theirs, 1)
	require.Equal(t, []plan.Action{plan.Release}, s.steps())
	s.decide(domain.ReleaseSequence{ID: id, TypeSequence: 1})
	s.isQuiet()
}

func TestRelease_whenTheSequenceIsAnotherRecordByNow(t *testing.T) {
	s := newStory(t)
	id := s.nomisOpen(1, "2021-07-05", nil)
	s.Staff(domain.Delete{ID: id})
	s.theirs[1] = theirs(detail(1, "2024-01-01", nil))
	require.Equal(t, []plan.Action{plan.Release, plan.Take}, s.steps())
	s.decide(domain.ReleaseSequence{ID: id, TypeSequence: 1})
	require.Equal(t, domain.Created, s.takes().Outcomes[0].Kind, "a live record is never lost to a reused number")
	s.isQuiet()
}

// A record that was told without a sequence was deleted before NOMIS showed it. That NOMIS
// does not hold it ends the wait, and deletes nothing: what appears later is a new record.
func TestRelease_ofADeletedRecordThatNeverHadASequence(t *testing.T) {
	s := newStory(t)
	told := itemOf(detail(1, "2021-07-05", nil))
	told.TypeSequence = 0
	id := s.Sync(told).Outcomes[0].NonAssociationID
	s.Staff(domain.Delete{ID: id})
	unknown := s.input()
	unknown.Unknown = "NOMIS does not know A0135GA."
	require.Empty(t, plan.Make(unknown).Steps, "what cannot be read is not gone")
	require.Equal(t, []plan.Action{plan.Release}, s.steps())
	require.Equal(t, id, s.plan().Steps[0].NonAssociationID)
	s.decide(domain.ReleaseSequence{ID: id, Unmapped: true})
	s.isQuiet()

	s.theirs[1] = theirs(detail(1, "2021-07-05", nil))
	require.Equal(t, domain.Created, s.takes().Outcomes[0].Kind)
	require.Equal(t, []bool{true, false}, []bool{s.State.Items[0].Deleted, s.State.Items[1].Deleted})
	s.isQuiet()
}

// While NOMIS holds it, it is removed there and not released.
func TestRemove_ofADeletedRecordThatWasToldWithoutASequence(t *testing.T) {
	s := newStory(t)
	told := itemOf(detail(1, "2021-07-05", nil))
	told.TypeSequence = 0
	s.Staff(domain.Delete{ID: s.Sync(told).Outcomes[0].NonAssociationID})
	s.theirs[1] = theirs(detail(1, "2021-07-05", nil))
	require.Equal(t, []plan.Action{plan.Learn, plan.Remove}, s.steps())
}

func TestDelete_needsEvidenceWhoseTimeHasCome(t *testing.T) {
	s := newStory(t)
	id := s.nomisOpen(1, "2021-07-05", nil)
	delete(s.theirs, 1)
	require.Equal(t, []plan.ProblemKind{plan.OnlyHere}, s.problems(), "absence is never a fact")
	require.Empty(t, s.steps())

	s.policy.Deletions[1] = s.Now.Add(time.Minute)
	require.Empty(t, s.steps())
	require.Empty(t, s.problems())
	require.Equal(t, []plan.Wait{{NonAssociationID: id, Until: s.Now.Add(time.Minute), Why: s.plan().Waits[0].Why}}, s.plan().Waits)

	s.policy.Deletions[1] = s.Now
	require.Equal(t, []plan.Action{plan.Delete}, s.steps())
	s.decide(domain.ReleaseSequence{ID: id, TypeSequence: 1, Delete: true})
	require.True(t, s.State.Items[0].Deleted)
	s.isQuiet()
}

func TestDelete_ofARecordThatWasChangedHereIsAProblem(t *testing.T) {
	s := newStory(t)
	id := s.nomisOpen(1, "2021-07-05", nil)
	s.Staff(domain.Amend{ID: id, Comment: ptr("Still needed")})
	delete(s.theirs, 1)
	s.policy.Deletions[1] = s.Now
	require.Equal(t, []plan.ProblemKind{plan.DeletedThere}, s.problems())
	require.Empty(t, s.steps())
	s.policy.Inbound = false
	require.Equal(t, []plan.ProblemKind{plan.ChangedAfterSwitch}, s.problems())
}

func TestRemove_ofARecordThatIsDeletedHere(t *testing.T) {
	s := newStory(t)
	id := s.nomisOpen(1, "2021-07-05", nil)
	s.Staff(domain.Delete{ID: id})
	require.Equal(t, []plan.Action{plan.Remove}, s.steps())
	require.Equal(t, 1, s.plan().Steps[0].TypeSequence)
	s.comment(1, "Changed there")
	require.Empty(t, s.steps())
	require.Equal(t, []plan.ProblemKind{plan.ChangedAfterDelete}, s.problems())
	require.Equal(t, []domain.DetailField{domain.DetailComment}, s.plan().Problems[0].Fields)
}

// The answer to a creation was lost, the record was deleted here, and NOMIS holds it.
func TestRemove_ofADeletedRecordWhoseSequenceWasNeverLearned(t *testing.T) {
	s := newStory(t)
	id := s.staffOpen()
	s.theirs[1] = theirs(numbered(s.ours(id), 1))
	s.Staff(domain.Delete{ID: id})
	require.Equal(t, []plan.Action{plan.Learn, plan.Remove}, s.steps())
}

func numbered(d domain.Detail, sequence int) domain.Detail {
	d.TypeSequence = &sequence
	return d
}

func TestRemove_ofATwin(t *testing.T) {
	s := newStory(t)
	id := s.staffOpen()
	s.delivered(id, 1)
	s.theirs[2] = theirs(numbered(s.ours(id), 2))
	require.Equal(t, []plan.Action{plan.Remove}, s.steps())
	step := s.plan().Steps[0]
	require.Equal(t, uuid.Nil, step.NonAssociationID)
	require.Equal(t, 2, step.TypeSequence)

	s.policy.Authors = nil
	require.NotContains(t, s.steps(), plan.Remove, "the name of the service is not known yet")
	s.policy.Authors = []string{api}

	for row, touch := range map[string]func(t *plan.Theirs){
		"one":   func(t *plan.Theirs) { t.UpdatedBy, t.OtherUpdatedBy = "STAFF", api },
		"other": func(t *plan.Theirs) { t.UpdatedBy, t.OtherUpdatedBy = api, "STAFF" },
	} {
		s.changes(2, touch)
		require.NotContains(t, s.steps(), plan.Remove, "another author of the %s row is no twin", row)
		require.Equal(t, []plan.ProblemKind{plan.AnotherOpen}, s.problems())
	}
}

func TestPut_ofChangesHere(t *testing.T) {
	s := newStory(t)
	id := s.nomisOpen(1, "2021-07-05", nil)
	s.Staff(domain.Amend{ID: id, Comment: ptr("Changed here")})
	require.Equal(t, []plan.Action{plan.Put}, s.steps())
	step := s.plan().Steps[0]
	require.Equal(t, ptr("Changed here"), step.Detail.Comment)
	require.Equal(t, ptr(1), step.Detail.TypeSequence)
	s.delivered(id, 1)
	s.isQuiet()
}

func TestPut_thatClosesComesBeforeAPost(t *testing.T) {
	s := newStory(t)
	old := s.nomisOpen(1, "2021-07-05", nil)
	s.Staff(domain.Close{ID: old, ClosedReason: "Friends"})
	id := s.staffOpen()
	require.Equal(t, []plan.Action{plan.Put}, s.steps())
	require.Equal(t, ptr(today), s.plan().Steps[0].Detail.ExpiryDate)
	require.Equal(t, []plan.ProblemKind{plan.BlockedByOpen}, s.problems())
	s.delivered(old, 1)
	require.Equal(t, []plan.Action{plan.Post}, s.steps())
	require.Equal(t, id, s.plan().Steps[0].NonAssociationID)
}

func TestPost_ofRecordsByStaffOnly(t *testing.T) {
	s := newStory(t)
	id := s.staffOpen()
	require.Equal(t, []plan.Action{plan.Post}, s.steps())
	require.Equal(t, s.ours(id), s.plan().Steps[0].Detail)
	s.delivered(id, 1)
	s.isQuiet()
	delete(s.theirs, 1)
	require.Empty(t, s.steps(), "it was there, and it is not known why it is gone")
	require.Equal(t, []plan.ProblemKind{plan.OnlyHere}, s.problems())

	s = newStory(t)
	s.nomisOpen(1, "2021-07-05", nil)
	delete(s.theirs, 1)
	require.Equal(t, []plan.ProblemKind{plan.OnlyHere}, s.problems())
}

func TestPost_ofClosedOnesComesBeforeThatOfTheOpenOne(t *testing.T) {
	s := newStory(t)
	closed := s.staffOpen()
	s.Staff(domain.Close{ID: closed, ClosedReason: "Friends"})
	open := s.staffOpen()
	steps := s.plan().Steps
	require.Equal(t, []plan.Action{plan.Post, plan.Post}, s.steps())
	require.Equal(t, closed, steps[0].NonAssociationID)
	require.Equal(t, open, steps[1].NonAssociationID)

	// NOMIS creates it without an expiry date.
	s.theirs[1] = theirs(numbered(s.ours(closed), 1).With(domain.DetailExpiryDate, nil))
	s.decide(domain.LearnSequence{ID: closed, TypeSequence: 1})
	require.Equal(t, []plan.Action{plan.Put}, s.steps(), "the put follows")
}

// The answer to a creation was lost: the detail is found by what it is.
func TestPost_isNotRepeatedWhenItsAnswerWasLost(t *testing.T) {
	s := newStory(t)
	id := s.staffOpen()
	s.theirs[1] = theirs(numbered(s.ours(id), 1))
	s.Staff(domain.Amend{ID: id, Comment: ptr("Changed since")})
	require.Equal(t, []plan.Action{plan.Learn, plan.Put}, s.steps())
}

func TestConfirm_ofWhatNOMISHoldsAlready(t *testing.T) {
	s := newStory(t)
	id := s.staffOpen()
	s.theirs[1] = theirs(numbered(s.ours(id), 1))
	require.Equal(t, []plan.Action{plan.Learn, plan.Confirm}, s.steps())
	step := s.plan().Steps[1]
	require.Equal(t, s.theirs[1].Detail, step.Detail)
	s.decide(domain.Deliver{ID: id, TypeSequence: 1, Revision: s.revision(), Detail: step.Detail})
	s.isQuiet()
}

func TestOutbound_offWritesNothingAndTakesAllTheSame(t *testing.T) {
	s := newStory(t)
	s.policy.Outbound = false
	s.staffOpen()
	require.Empty(t, s.steps())
	require.Empty(t, s.problems())
	s = newStory(t)
	s.policy.Outbound = false
	id := s.nomisOpen(1, "2021-07-05", nil)
	s.Staff(domain.Amend{ID: id, Comment: ptr("Ours")})
	s.changes(1, func(t *plan.Theirs) { t.Detail.TypeCode = domain.TypeCell })
	require.Equal(t, []plan.Action{plan.Take}, s.steps())
	s.takes()
	require.Empty(t, s.steps())
	require.Equal(t, ptr("Ours"), s.State.Items[0].Comment)
}
