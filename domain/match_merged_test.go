package domain_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/domain/domaintest"
)

// NOMIS numbers the records of a pair anew at a merge, in whatever order, those
// that were there as well as those that arrived: none is made a second time.
func TestMatch_afterAMergeNoRecordIsMatchedTwice(t *testing.T) {
	closed := item(y2018, expiring(y2019))
	open := item(y2021)
	with := func(i domain.Item, n int) domain.Item { sequence(n)(&i); return i }
	for _, arrives := range []string{"closed", "open"} {
		for _, before := range [][2]int{{1, 1}, {1, 2}, {2, 1}, {0, 1}, {1, 0}} {
			for _, told := range [][2]int{{1, 2}, {2, 1}, {3, 4}, {0, 0}} {
				t.Run(fmt.Sprint(arrives, " arrives, had ", before, ", told ", told), func(t *testing.T) {
					came, stood := domaintest.NewScenario(t), givenTarget(t)
					if arrives == "closed" {
						came.Sync(with(closed, before[0]))
						stood.Sync(forTarget(with(open, before[1])))
					} else {
						came.Sync(with(open, before[0]))
						stood.Sync(forTarget(with(closed, before[1])))
					}
					stood.Merge(transferOf(came))
					d := stood.Sync(forTarget(with(closed, told[0])), forTarget(with(open, told[1])))
					require.Len(t, stood.State.Items, 2)
					for _, outcome := range d.Outcomes {
						require.Contains(t, []domain.OutcomeKind{domain.Unchanged, domain.Changed}, outcome.Kind)
					}
					sequences := map[domain.LocalDateTime]int{}
					for _, n := range stood.State.Items {
						sequences[n.EffectiveDate] = n.TypeSequence
					}
					if told != [2]int{} {
						require.Equal(t, map[domain.LocalDateTime]int{y2018: told[0], y2021: told[1]}, sequences)
					}
					size := len(stood.Facts)
					stood.Sync(forTarget(with(open, told[1])), forTarget(with(closed, told[0])))
					require.Len(t, stood.Facts, size, "told again it is unchanged")
				})
			}
		}
	}
}
