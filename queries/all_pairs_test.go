package queries_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/queries"
)

func TestAllPairs_areListedByKeyOnceEach(t *testing.T) {
	p := newProjector(t)
	reader := open(t, p.dsn)
	_, err := reader.AllPairs(t.Context(), domain.Pair{}, 10, 0)
	require.ErrorIs(t, err, queries.ErrNotCaughtUp)

	p.exec(readModel)
	p.exec(`INSERT INTO read_1.pair VALUES ('A1234BC_B0000AA'), ('A0000AA_A1234BC'), ('A0000AA_B0000AA')`)
	var names []string
	var after domain.Pair
	for {
		pairs, err := reader.AllPairs(t.Context(), after, 2, 0)
		require.NoError(t, err)
		if len(pairs) == 0 {
			break
		}
		for _, pair := range pairs {
			names = append(names, pair.String())
		}
		after = pairs[len(pairs)-1]
	}
	require.Equal(t, []string{"A0000AA_A1234BC", "A0000AA_B0000AA", "A1234BC_B0000AA"}, names)
}
