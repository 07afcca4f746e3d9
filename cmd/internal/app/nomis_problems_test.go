package app_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/cmd/internal/app"
	"nonassociations/domain/domaintest"
	"nonassociations/nomis"
	"nonassociations/nomis/store"
)

func TestProblems_areThoseOfTheRecordAndOfItsPair(t *testing.T) {
	t.Parallel()
	kept, err := store.Open(t.Context(), migrated(t))
	require.NoError(t, err)
	defer kept.Close()
	problems, pair := app.Problems(kept), domaintest.Pair
	id, other, now := uuid.New(), uuid.New(), time.Date(2026, 7, 15, 12, 0, 0, 0, time.UTC)
	found, err := problems.OfRecord(t.Context(), pair, id, 4)
	require.NoError(t, err)
	require.Zero(t, found)

	unreached := store.Finding{Bucket: store.Unchecked, Problem: "NOT_REACHED", Why: "NOMIS does not answer.", Cause: "UNKNOWN"}
	require.NoError(t, kept.Record(t.Context(), pair, now, "2026-07-15", uuid.Nil, unreached,
		store.Finding{NonAssociationID: other, Bucket: store.OnlyHere, Problem: "ONLY_HERE", Why: "x", Cause: "UNKNOWN"},
		store.Finding{TypeSequence: 7, Bucket: store.IgnoredHere, Problem: "ANOTHER_OPEN", Why: "x", Cause: "SEVERAL_OPEN"}))
	found, err = problems.OfRecord(t.Context(), pair, id, 4)
	require.NoError(t, err)
	require.Equal(t, []int{7}, found.AlsoOpen)
	require.Equal(t, "NOT_REACHED", found.Problem.Problem)
	require.True(t, now.Equal(found.Problem.Since))

	require.NoError(t, kept.Record(t.Context(), pair, now, "2026-07-15", uuid.Nil, unreached,
		store.Finding{NonAssociationID: id, Bucket: store.Differs, Problem: "REFUSED", Why: "x", Cause: "UNKNOWN"}))
	found, err = problems.OfRecord(t.Context(), pair, id, 4)
	require.NoError(t, err)
	require.Equal(t, nomis.Findings{Problem: &nomis.FoundProblem{Problem: "REFUSED", Why: "x", Since: found.Problem.Since}}, found, "its own comes first")

	require.NoError(t, kept.Record(t.Context(), pair, now, "2026-07-15", uuid.Nil,
		store.Finding{NonAssociationID: id, Bucket: store.Held, Why: "x", Cause: "UNKNOWN", NotBefore: now}))
	found, err = problems.OfRecord(t.Context(), pair, id, 4)
	require.NoError(t, err)
	require.Equal(t, nomis.Findings{Held: true}, found)

	require.NoError(t, kept.Record(t.Context(), pair, now, "2026-07-15", uuid.Nil,
		store.Finding{TypeSequence: 4, Bucket: store.OnlyThere, Problem: "CHANGED_AFTER_DELETE", Why: "x", Cause: "UNKNOWN"}))
	found, err = problems.OfRecord(t.Context(), pair, id, 4)
	require.NoError(t, err)
	require.Equal(t, "CHANGED_AFTER_DELETE", found.Problem.Problem, "what NOMIS holds of a deleted record")
	found, err = problems.OfRecord(t.Context(), pair, id, 0)
	require.NoError(t, err)
	require.Zero(t, found)
}
