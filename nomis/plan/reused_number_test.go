package plan_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/nomis/plan"
)

// NOMIS's staff deleted both details of a pair and made a new one, which got the first
// number. It looks like the second record, whose number is gone: that one is not given
// the number, so that the message of its own deletion still finds it.
func TestMatch_leavesANumberToTheRecordThatHadIt(t *testing.T) {
	s := newStory(t)
	ended := "2021-08-01"
	first := s.nomisOpen(1, "2021-07-05", &ended)
	second := s.nomisOpen(2, "2021-09-05", &ended)
	delete(s.theirs, 2)
	s.changes(1, func(t *plan.Theirs) {
		t.Detail.EffectiveDate = "2021-09-05"
		t.Detail.Comment = ptr("Made anew")
	})
	s.policy.Deletions[2] = s.Now
	require.Equal(t, []plan.Action{plan.Delete, plan.Take}, s.steps())
	made := s.plan()
	require.Equal(t, second, made.Steps[0].NonAssociationID)
	require.Equal(t, first, made.Steps[1].Sync.Items[0].ID)
}

// NOMIS gave the number of a deleted detail to a new one that is closed. It does not end
// what is open here.
func TestMatch_ofAReusedNumberClosesNothing(t *testing.T) {
	for name, inbound := range map[string]bool{"allowed": true, "not allowed": false} {
		t.Run(name, func(t *testing.T) {
			s := newStory(t)
			s.policy.Inbound = inbound
			open := s.nomisOpen(1, "2021-07-05", nil)
			s.changes(1, func(t *plan.Theirs) {
				t.Detail.EffectiveDate, t.Detail.ExpiryDate, t.Detail.Comment = "2021-09-05", ptr("2021-10-01"), ptr("Made anew")
			})
			require.Equal(t, plan.Release, s.steps()[0])
			s.decide(domain.ReleaseSequence{ID: open, TypeSequence: 1})
			want := []plan.ProblemKind{plan.ChangedAfterSwitch, plan.OnlyHere}
			if inbound {
				s.takes()
				want = []plan.ProblemKind{plan.OnlyHere}
			}
			require.Empty(t, s.steps())
			require.ElementsMatch(t, want, s.problems())
			require.Nil(t, s.ours(open).ExpiryDate)
		})
	}
}

// An edit of a day that closes at once is told from a new detail by what it leaves.
func TestMatch_ofAnEditedDayThatClosesToo(t *testing.T) {
	s := newStory(t)
	id := s.nomisOpen(1, "2021-07-05", nil)
	s.changes(1, func(t *plan.Theirs) { t.Detail.EffectiveDate, t.Detail.ExpiryDate = "2021-09-05", ptr("2021-10-01") })
	s.takes()
	require.Empty(t, s.steps())
	require.Len(t, s.State.Items, 1)
	require.Equal(t, "2021-10-01", *s.ours(id).ExpiryDate)
}
