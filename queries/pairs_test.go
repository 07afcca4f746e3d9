package queries_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/queries"
)

func TestPairs_ofAPrisonerAreFoundOnEitherSide(t *testing.T) {
	p := newProjector(t)
	reader := open(t, p.dsn)
	_, err := reader.PairsOf(t.Context(), number, 0)
	require.ErrorIs(t, err, queries.ErrNotCaughtUp)

	p.exec(readModel)
	p.exec(`INSERT INTO read_1.pair VALUES ('A1234BC_B0000AA'), ('A0000AA_A1234BC'), ('A0000AA_B0000AA')`)
	pairs, err := reader.PairsOf(t.Context(), number, 0)
	require.NoError(t, err)
	var names []string
	for _, pair := range pairs {
		names = append(names, pair.String())
	}
	require.Equal(t, []string{"A0000AA_A1234BC", "A1234BC_B0000AA"}, names)

	pairs, err = reader.PairsOf(t.Context(), domain.PrisonerNumber("Z9999ZZ"), 0)
	require.NoError(t, err)
	require.Empty(t, pairs)
}
