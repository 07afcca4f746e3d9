package merge_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/domain/domaintest"
)

// skews are by how much the clocks of processes are wrong.
var skews = []time.Duration{-24 * time.Hour, -50 * time.Millisecond, 0, 50 * time.Millisecond, 24 * time.Hour}

// What was there before a merge goes along and what was said later stays,
// whatever the clocks of those who said it and of those who merge.
func TestMerge_comparesNoClocks(t *testing.T) {
	at := func(skew time.Duration) func() time.Time { return func() time.Time { return noon.Add(skew) } }
	for _, tells := range skews {
		for _, merges := range skews {
			for _, again := range skews {
				e := newFixture(t)
				teller, first, second := serviceAt(e.log, at(tells)), serviceAt(e.log, at(merges)), serviceAt(e.log, at(again))
				tell := func(other domain.PrisonerNumber, comment string) {
					t.Helper()
					_, err := teller.Sync(t.Context(), domaintest.NewCause(domain.NOMIS), told(domaintest.PairOf(removed, other), comment))
					require.NoError(t, err)
				}
				tell(third, "before")
				cause := message()
				_, err := first.Apply(t.Context(), cause, merging, pairs{e.log})
				require.NoError(t, err)
				require.Len(t, e.state(survivor, third).Items, 1)
				tell(third, "later, of a pair that was listed")
				tell(fourth, "later, of another")
				_, err = second.Apply(t.Context(), cause, merging, pairs{e.log})
				require.NoError(t, err)
				require.Len(t, e.state(survivor, third).Items, 1)
				require.Len(t, e.state(removed, third).Items, 1)
				require.Len(t, e.state(removed, fourth).Items, 1)
			}
		}
	}
}

// A message that was cut off takes what its first fact in a pair saw there, and
// of pairs that it had not begun whatever is there when it comes again.
func TestMerge_takesOfAPairWhatItsFirstFactSaw(t *testing.T) {
	e := newFixture(t)
	seen, all := e.opens(removed, third), e.opens(removed, fourth)
	cause := message()
	_, err := newService(&interrupted{Store: e.log, after: killedAt(2)}).Apply(t.Context(), cause, merging, pairs{e.log})
	require.ErrorIs(t, err, errKilled)
	require.Len(t, e.state(survivor, third).Items, 1, "begun")
	require.Empty(t, e.state(survivor, fourth).Items, "not begun")

	e.does(removed, third, domain.Close{ID: seen, ClosedReason: "over"})
	later := e.opens(removed, third)
	e.does(removed, fourth, domain.Close{ID: all, ClosedReason: "over"})
	whole := e.opens(removed, fourth)
	unlisted := e.opens(removed, high)
	e.merges(cause, merging)
	require.Equal(t, "over", e.state(survivor, third).Items[0].ClosedReason, "what was said of it meanwhile goes along")
	require.Len(t, e.state(survivor, third).Items, 1)
	require.Equal(t, later, e.state(removed, third).Items[0].ID)
	require.Equal(t, whole, e.state(survivor, fourth).Items[1].ID)
	require.Equal(t, unlisted, e.state(removed, high).Items[0].ID)
}
