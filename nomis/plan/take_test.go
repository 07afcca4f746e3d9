package plan_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/nomis/plan"
)

func TestTake_ofChangesAndNewOnesIsOneSync(t *testing.T) {
	s := newStory(t)
	id := s.nomisOpen(1, "2021-07-05", nil)
	s.comment(1, "Changed there")
	s.theirs[2] = theirs(detail(2, "2020-01-01", ptr("2020-02-01")))
	require.Equal(t, []plan.Action{plan.Take}, s.steps())
	step := s.plan().Steps[0]
	require.Len(t, step.Sync.Items, 2)
	require.Equal(t, id, step.Sync.Items[0].ID)
	require.Equal(t, domain.Day, step.Sync.Items[0].DatePrecision)
	require.Equal(t, low, step.Sync.About)
	require.Equal(t, []domain.OutcomeKind{domain.Changed, domain.Created}, kinds(s.takes()))
	require.Equal(t, ptr("Changed there"), s.State.Items[0].Comment)
	s.isQuiet()
}

func kinds(d domain.Decision) []domain.OutcomeKind {
	var all []domain.OutcomeKind
	for _, o := range d.Outcomes {
		all = append(all, o.Kind)
	}
	return all
}

func TestTake_keepsATimeOfDayAndATextThatNOMISCannotHold(t *testing.T) {
	s := newStory(t)
	id := s.staffOpen()
	long := "Two lines\r\nand " + strings.Repeat("x", 300)
	s.Staff(domain.Amend{ID: id, Comment: &long})
	s.delivered(id, 1)
	s.isQuiet()
	effective := s.State.Items[0].EffectiveDate
	s.changes(1, func(t *plan.Theirs) { t.Detail.TypeCode = domain.TypeTotal })
	s.takes()
	require.Equal(t, &long, s.State.Items[0].Comment)
	require.Equal(t, effective, s.State.Items[0].EffectiveDate, "with its time of day")
	require.Equal(t, domain.TypeTotal, s.State.Items[0].TypeCode)
	s.isQuiet()
}

func TestTake_recordsTheActorOfEachRow(t *testing.T) {
	s := newStory(t)
	s.nomisOpen(1, "2021-07-05", ptr("2021-08-05"))
	s.nomisOpen(2, "2022-07-05", nil)
	for sequence, actor := range map[int]string{1: "ONE", 2: "TWO"} {
		s.changes(sequence, func(t *plan.Theirs) { t.Detail.Comment, t.UpdatedBy = &actor, actor })
	}
	before := len(s.Facts)
	s.takes()
	for _, fact := range s.Facts[before:] {
		changed := fact.Event.(domain.Amended).Changes[0]
		require.Equal(t, *changed.Now, fact.Meta.Actor)
	}
	require.Len(t, s.Facts[before:], 2)
}

func TestTake_ofManyDetailsGoesInParts(t *testing.T) {
	s := newStory(t)
	for n := range 150 {
		sequence := n + 1
		s.theirs[sequence] = theirs(detail(sequence, "2000-01-01", ptr(time.Date(2001, 1, n, 0, 0, 0, 0, time.UTC).Format(time.DateOnly))))
	}
	require.Len(t, s.takes().Outcomes, domain.MaxItems)
	require.Len(t, s.takes().Outcomes, domain.MaxItems)
	s.isQuiet()
	require.Len(t, s.State.Items, 150)
}

func TestTake_ofWhatAMergeBringsWaits(t *testing.T) {
	s := newStory(t)
	s.theirs[1] = theirs(detail(1, "2021-07-05", nil))
	s.policy.CreateAfter = s.Now.Add(time.Minute)
	require.Empty(t, s.steps())
	require.Len(t, s.plan().Waits, 1)
	s.policy.CreateAfter = s.Now
	require.Equal(t, []plan.Action{plan.Take}, s.steps())
}

func TestTake_thatGivesAFormerFormBackIsCounted(t *testing.T) {
	s := newStory(t)
	id := s.nomisOpen(1, "2021-07-05", nil)
	s.comment(1, "Second")
	require.Empty(t, s.plan().Steps[0].GivesBack)
	s.takes()
	s.comment(1, "Told")
	back := s.plan().Steps[0].GivesBack
	require.Len(t, back, 1, "as after NOMIS was restored")
	require.Equal(t, []*string{ptr("Second"), ptr("Told")}, []*string{back[0].Before.Comment, back[0].After.Comment})
	require.Equal(t, id, s.plan().Steps[0].Sync.Items[0].ID)
}
