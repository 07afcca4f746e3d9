package reconcile_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/internal/dev/nomisapi"
	"nonassociations/nomis/reconcile"
	"nonassociations/nomis/store"
)

// A pair that is read again after a while keeps no other pair waiting: where many rows are
// damaged, a run would otherwise take a second for each.
func TestRun_goesOnWhileAPairIsReadAgain(t *testing.T) {
	f := newFixture(t)
	const pairs, most = 140, 2
	_, err := f.NOMIS.Fill(t.Context(), func(yield func(nomisapi.Record) bool) {
		for n := range pairs {
			of := pairOf(n).Numbers()
			r := nomisapi.Record{
				OffenderNo: string(of[0]), NSOffenderNo: string(of[1]), TypeSequence: 1, Reason: "VIC", RecipReason: "PER", Type: "WING", EffectiveDate: "2021-07-05",
			}
			if n == 0 {
				r.Opposite = "missing"
			}
			if !yield(r) {
				return
			}
		}
	})
	require.NoError(t, err)
	id := f.request(store.Run{Scope: store.ScopeAll})
	f.options.Most = most
	f.options.Turns.Pause = func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		for {
			run, err := f.Store.Reconciliation(ctx, id)
			if err != nil || run.Counts.Pairs >= pairs-most-1 {
				return err
			}
			select {
			case <-ctx.Done():
				return context.Cause(ctx)
			case <-time.After(poll):
			}
		}
	}
	stop := running(t, reconcile.NewRunner(f.options).Run)
	defer stop()
	run := f.ended(id)
	require.Equal(t, store.Completed, run.Status, run.Failure)
	require.Equal(t, pairs, run.Counts.Pairs)
	require.Equal(t, 1, run.Counts.Buckets[store.MirrorsDisagree].Union)
	require.Zero(t, run.Counts.Buckets[store.Unchecked].Union)
}
