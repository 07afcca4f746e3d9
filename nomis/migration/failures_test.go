package migration_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/internal/dev/circle"
	"nonassociations/nomis/migration"
	"nonassociations/nomis/store"
	"nonassociations/nomis/turn"
)

// failures are those of a run, by pair.
func (f *fixture) failures(id uuid.UUID) map[store.ListedPair]migration.Failure {
	f.t.Helper()
	page, total, err := f.runs.Failures(f.t.Context(), id, "", 0, 100)
	require.NoError(f.t, err)
	require.Len(f.t, page, total)
	all := map[store.ListedPair]migration.Failure{}
	for _, failure := range page {
		all[failure.Pair] = failure
	}
	return all
}

// failing plants each kind of failure: of pairs 1 to 4 of the stock, and of pairs that
// are listed only.
func (f *fixture) failing() {
	f.t.Helper()
	f.There(http.MethodPost, "/faults", map[string]any{"fault": "error-503", "pair": []string{"A0001AA", "B0001BB"}})
	f.exec(`UPDATE nomisapi.offender_na_details SET ns_reason_code = 'OLD' WHERE comment_text = 'Comment 1 of 2'`)
	f.exec(`UPDATE nomisapi.offender_na_details SET ns_reason_code = 'OLD' WHERE comment_text = 'Comment 1 of 3'`)
	f.pages = func(number int, content []listed) []listed {
		if number == 0 {
			content = append(content, listed{"A0101AA", "B0101BB"}, listed{"Z9999ZZ", "A0101AA"}, listed{"A0101AA", "A0101AA"}, listed{"X", "A\x000101AA"})
		}
		return content
	}
}

func TestFailure_isNamedWithItsCauseAndWhy(t *testing.T) {
	f := newFixture(t)
	f.stock(10)
	f.failing()
	run := f.carries(migration.Order{})
	require.Equal(t, store.MigrationCompleted, run.Status)
	failures := f.failures(run.ID)
	for pair, wanted := range map[store.ListedPair]migration.Failure{
		{"A0001AA", "B0001BB"}: {Outcome: store.PairUnreadable, Cause: migration.Unavailable, Why: "NOMIS did not give the pair in 5 tries."},
		{"A0002AA", "B0002BB"}: {Outcome: store.PairFailed, Cause: migration.NotHoldable, Why: "."},
		{"A0003AA", "B0003BB"}: {Outcome: store.PairFailed, Cause: migration.NotHoldable, Why: "."},
		{"A0101AA", "B0101BB"}: {Outcome: store.PairUnreadable, Cause: migration.NotFound, Why: "NOMIS lists the pair and has no rows of it. It says: "},
		{"A0101AA", "Z9999ZZ"}: {Outcome: store.PairUnreadable, Cause: migration.PrisonerUnknown, Why: "It says: "},
		{"A0101AA", "A0101AA"}: {Outcome: store.PairUnreadable, Cause: migration.NotAPair, Why: "no pair of prisoners"},
		{"A0101AA", "X"}:       {Outcome: store.PairUnreadable, Cause: migration.NotAPair, Why: "no pair of prisoners"},
	} {
		require.Contains(t, failures[pair].Why, wanted.Why)
		require.Equal(t, wanted.Outcome, failures[pair].Outcome, pair)
		require.Equal(t, wanted.Cause, failures[pair].Cause, pair)
	}
	require.Len(t, failures, 7)
	require.Equal(t, 14, run.Counts.Total)
	require.Equal(t, 7, run.Counts.Lost())
	require.Equal(t, 7, run.Counts.Migrated())
	require.Equal(t, 2, run.Counts.Failed)
	// One row of the third pair can be held and is taken.
	require.Equal(t, store.ItemCounts{Created: 7 + 1, Ignored: 1}, run.Counts.Items)
	require.Equal(t, 8, f.imported(run))

	page, total, err := f.runs.Failures(t.Context(), run.ID, migration.NotHoldable, 1, 5)
	require.NoError(t, err)
	require.Equal(t, 2, total)
	require.Len(t, page, 1)
	_, _, err = f.runs.Failures(t.Context(), uuid.New(), "", 0, 5)
	require.ErrorIs(t, err, migration.ErrNoRun)
}

func TestFailures_canBeRunAgainAlone(t *testing.T) {
	f := newFixture(t)
	f.stock(10)
	f.failing()
	first := f.carries(migration.Order{})
	f.There(http.MethodDelete, "/faults", nil)
	f.exec(`UPDATE nomisapi.offender_na_details SET ns_reason_code = 'RIV' WHERE comment_text = 'Comment 1 of 2'`)
	again := f.carries(migration.Order{Filter: store.MigrationFilter{FailedOf: first.ID}})
	require.Equal(t, 7, again.Estimated)
	require.Zero(t, again.Sweeps)
	require.Equal(t, store.MigrationCounts{
		Known: 7, Total: 7, Created: 2, Failed: 1, Unreadable: 4, Items: store.ItemCounts{Created: 2, Unchanged: 1},
	}, again.Counts)
	last := f.carries(migration.Order{Filter: store.MigrationFilter{FailedOf: again.ID}})
	require.Equal(t, 5, last.Counts.Total)
	_, err := f.runs.Start(t.Context(), migration.Order{Filter: store.MigrationFilter{FailedOf: uuid.New()}})
	require.ErrorIs(t, err, migration.ErrNoRun)
}

func TestFilter_ofPrisonersAndOfPairs(t *testing.T) {
	f := newFixture(t)
	f.stock(20)
	some := f.carries(migration.Order{Filter: store.MigrationFilter{PrisonerNumbers: []domain.PrisonerNumber{"A0001AA", "B0009BB", "C1111CC"}}})
	require.Equal(t, 2, some.Counts.Created)
	require.Equal(t, 2, some.Estimated, "once it is known")
	require.Equal(t, 2, some.Sweeps)
	named := f.carries(migration.Order{Filter: store.MigrationFilter{Pairs: [][2]domain.PrisonerNumber{
		{"B0002BB", "A0002AA"}, {"A0002AA", "B0002BB"}, {"A0001AA", "B0001BB"}, {"A0777AA", "B0777BB"},
	}}})
	require.Equal(t, store.MigrationCounts{
		Known: 3, Total: 3, Created: 1, Unchanged: 1, Unreadable: 1, Items: store.ItemCounts{Created: 1, Unchanged: 1},
	}, named.Counts)
	require.Zero(t, named.Sweeps)
}

func TestSample_isThatOfItsSeed(t *testing.T) {
	f := newFixture(t)
	f.stock(30)
	pairs := func(seed int64) []migration.Failure {
		run := f.carries(migration.Order{DryRun: true, Filter: store.MigrationFilter{Sample: &store.Sample{Size: 5, Seed: seed}}})
		require.Equal(t, 5, run.Counts.Total)
		require.Equal(t, 5, run.Estimated)
		all, err := f.Store.MigrationSample(t.Context(), run.ID, store.Sample{Size: 100})
		require.NoError(t, err)
		require.Len(t, all, 5)
		return all
	}
	first := pairs(1)
	require.Equal(t, first, pairs(1))
	require.NotEqual(t, first, pairs(2))
}

func TestRun_keepsWhatStaffChangedAndNOMISDoesNotHoldYet(t *testing.T) {
	f := newFixture(t)
	f.NOMISOpen("2021-07-05")
	f.carries(migration.Order{})
	mine := "Changed by staff"
	f.Staff(domain.Amend{ID: f.Items()[0].ID, Comment: &mine})
	f.NOMISChange(1, map[string]any{"type": "TNA"})
	run := f.carries(migration.Order{})
	require.Equal(t, 1, run.Counts.Amended)
	require.Equal(t, &mine, f.Items()[0].Comment)
	require.Equal(t, domain.TypeTotal, f.Items()[0].TypeCode)
	require.Empty(t, f.Writes(), "writing is for the turns that follow")
	require.Empty(t, f.Living())
}

func TestRun_obeysTheSwitchOver(t *testing.T) {
	f := newFixture(t)
	f.stock(10)
	f.Inbound = false
	for _, dry := range []bool{true, false} {
		run := f.carries(migration.Order{DryRun: dry})
		require.Equal(t, 10, run.Counts.Ignored)
		require.Equal(t, f.number(detailsThere), run.Counts.Items.Ignored)
		require.Zero(t, f.imported(run))
	}
}

func TestMigrate_saysWhatBecameOfEachDetail(t *testing.T) {
	f := newFixture(t)
	f.NOMISOpen("2021-07-05")
	f.TakeTurn()
	f.NOMISChange(1, map[string]any{"comment": "Changed"})
	f.NOMISOpen("2020-07-05")
	f.Staff(domain.Delete{ID: f.Items()[0].ID})
	m, err := f.Migrate(t.Context(), circle.Pair, turn.Why{Cause: uuid.New()})
	require.NoError(t, err)
	require.Equal(t, []turn.ItemOutcome{
		{TypeSequence: 1, Kind: domain.WasIgnored, Reason: domain.NamesDeleted}, {TypeSequence: 2, Kind: domain.Created},
	}, m.Items)
	require.Equal(t, domaintest.Low, f.Facts()[len(f.Facts())-1].Meta.About)
	_, err = f.Migrate(canceled(t), circle.Pair, turn.Why{})
	require.ErrorIs(t, err, context.Canceled)
}

func canceled(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}
