package rebuild_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/projections/rebuild"
)

// TestRenew_reachesTheListsOfTheOthers: a prisoner stands in the lists of everybody whom
// they are kept apart from, and in one that the log does not give.
func TestRenew_reachesTheListsOfTheOthers(t *testing.T) {
	t.Parallel()
	w, stop := built(t)
	stop()
	w.exec(`UPDATE read_1.prisoner SET document = replace(document, 'keep apart', 'mix') WHERE prisoner_number IN ('A1111AA', 'B0003BB')`)
	w.exec(`INSERT INTO read_1.prisoner SELECT 'C1111CC', document, entries FROM read_1.prisoner WHERE prisoner_number = 'B0003BB'`)
	w.exec(`DELETE FROM read_1.prisoner WHERE prisoner_number = 'B0005BB'`)
	report, err := rebuild.Renew(t.Context(), w.options(), rebuild.Selection{Prisoner: "A1111AA"})
	require.NoError(t, err)
	require.Equal(t, rebuild.Renewed, report.Status)
	found, err := rebuild.Verify(t.Context(), w.options())
	require.NoError(t, err)
	require.True(t, found.OK, "%+v", found.Differences)
}

// TestRenew_losesNoRowThatLayWithAWrongPair: the rows of two records lie with the pair that
// is renewed, and belong to another pair of one of the prisoners and to one of two others.
func TestRenew_losesNoRowThatLayWithAWrongPair(t *testing.T) {
	t.Parallel()
	w, stop := built(t)
	w.open(pairOf(t, "C1111CC", "D1111DD"))
	require.Eventually(t, func() bool { return w.position() >= w.last.Uint64() }, patience, 5*time.Millisecond)
	stop()
	w.exec(`UPDATE read_1.non_association SET pair = 'A1111AA_B0003BB' WHERE pair IN ('A1111AA_B0004BB', 'C1111CC_D1111DD')`)
	w.exec(`UPDATE read_1.fact_index SET pair = 'A1111AA_B0003BB' WHERE pair IN ('A1111AA_B0004BB', 'C1111CC_D1111DD')`)
	pair := pairOf(t, "A1111AA", "B0003BB")
	_, err := rebuild.Renew(t.Context(), w.options(), rebuild.Selection{Pair: &pair})
	require.NoError(t, err)
	found, err := rebuild.Verify(t.Context(), w.options())
	require.NoError(t, err)
	require.True(t, found.OK, "%+v", found.Differences)
}
