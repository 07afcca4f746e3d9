package reconcile_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/nomis/store"
)

// A deletion that NOMIS is to be told of is on its way, whether or not the record's
// sequence is known.
func TestPending_isADeletionThatIsOnItsWay(t *testing.T) {
	for name, told := range map[string]int{"mapped": 1, "of no known sequence": 0} {
		f := newFixture(t)
		pair := pairOf(1)
		numbers := pair.Numbers()
		f.nomisOpens(pair, "2021-07-05")
		comment := "Told"
		_, err := f.Commands.Execute(t.Context(), domaintest.NewCause(domain.NOMIS), pair, domain.Sync{About: numbers[0], Items: []domain.Item{{
			TypeSequence: told, EffectiveDate: "2021-07-05T00:00:00", DatePrecision: domain.Day, TypeCode: domain.TypeWing, Comment: &comment,
			ReasonCodes: map[domain.PrisonerNumber]domain.ReasonCode{numbers[0]: domain.CodeVictim, numbers[1]: domain.CodePerpetrator},
		}}})
		require.NoError(t, err, name)
		f.Now = time.Now().In(f.Now.Location())
		f.staffDeletes(pair)
		run := f.run(store.Run{Scope: store.ScopePairs, AllowUnchecked: true}, pair)
		require.Equal(t, store.Column{Theirs: 1, Union: 1}, run.Counts.Buckets[store.Unchecked], name)
		f.Now = f.Now.Add(pending + time.Minute)
		run = f.run(store.Run{Scope: store.ScopePairs}, pair)
		require.Equal(t, store.Column{Theirs: 1, Union: 1}, run.Counts.Buckets[store.OnlyThere], name)
	}
}
