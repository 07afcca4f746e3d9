package migration_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/nomis/migration"
	"nonassociations/nomis/store"
)

// A NOMIS that was restored gives many records a form back that they had: the run stops
// with all turns until a person has decided.
func TestRun_ofANOMISThatWasRestoredStops(t *testing.T) {
	for _, from := range []store.Side{store.FromNOMIS, store.FromDPS} {
		t.Run(string(from), func(t *testing.T) {
			f := newFixture(t)
			f.Now = time.Now().In(f.Now.Location()) // the log has a clock of its own
			f.stock(30)
			f.carries(migration.Order{})
			f.exec(`UPDATE nomisapi.offender_na_details SET ns_type = 'TNA'`)
			require.Equal(t, 30, f.carries(migration.Order{}).Counts.Amended)
			f.exec(`UPDATE nomisapi.offender_na_details SET ns_type = 'WING'`)
			id := f.start(migration.Order{})
			f.runner()
			require.Eventually(t, func() bool {
				brake, err := f.Store.GetBrake(t.Context())
				return err == nil && brake.IsOn()
			}, patience, look)
			held := f.get(id)
			require.True(t, held.IsAtWork())
			require.LessOrEqual(t, held.Counts.Amended, 20)
			released := store.Release{At: f.Now.Add(time.Minute), From: from, Reason: "x", By: "OPERATOR"}
			run := f.eventually(id, func(run migration.Run) bool {
				err := f.Store.ReleaseBrake(t.Context(), released) // pairs that were begun may set it again
				return (err == nil || errors.Is(err, store.ErrNoBrake)) && !run.IsAtWork()
			})
			require.Equal(t, 30, run.Counts.Migrated())
			require.Empty(t, f.Writes())
			if from == store.FromNOMIS {
				require.Equal(t, 30, run.Counts.Amended)
			} else {
				require.LessOrEqual(t, run.Counts.Amended, 20, "what is here stays")
			}
		})
	}
}
