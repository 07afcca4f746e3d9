package rebuild

import (
	"fmt"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"nonassociations/internal/dev/testdb"
	"nonassociations/projections/generation"
)

// addPairSQL adds a row to the pairs of a schema.
const addPairSQL = `INSERT INTO %s.pair (pair, state, facts, positions, standings) VALUES ('A1111AA_B%04dBB', '{}', 1, '{}', '[]')`

// TestCompare_readsBothSidesFromOneSnapshot: what others commit after it began is on neither
// side, although each side is read by its own session. What the transaction itself wrote is
// on the side that it built.
func TestCompare_readsBothSidesFromOneSnapshot(t *testing.T) {
	t.Parallel()
	ctx, dsn := t.Context(), testdb.New(t)
	conn, err := pgx.Connect(ctx, dsn)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(ctx)) }()
	other, err := pgx.Connect(ctx, dsn)
	require.NoError(t, err)
	defer func() { require.NoError(t, other.Close(ctx)) }()
	const live, built = generation.Number(1), generation.Number(2)
	require.NoError(t, pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		require.NoError(t, generation.Recreate(ctx, tx, live, uuid.Max))
		return generation.Recreate(ctx, tx, built, uuid.Max)
	}))
	_, err = conn.Exec(ctx, fmt.Sprintf(addPairSQL, live.Schema(), 1))
	require.NoError(t, err)
	require.NoError(t, pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{IsoLevel: pgx.RepeatableRead}, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, fmt.Sprintf(addPairSQL, built.Schema(), 1))
		require.NoError(t, err)
		_, err = other.Exec(ctx, fmt.Sprintf(addPairSQL, live.Schema(), 2))
		require.NoError(t, err)
		found, err := comparing{live: live.Schema(), built: built, limit: 9}.compare(ctx, tx)
		require.NoError(t, err)
		require.Empty(t, found.differences)
		require.Equal(t, found.built, found.live)
		return nil
	}))
	found := compared{}
	require.NoError(t, pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{IsoLevel: pgx.RepeatableRead}, func(tx pgx.Tx) (err error) {
		found, err = comparing{live: live.Schema(), built: built, limit: 9}.compare(ctx, tx)
		return err
	}))
	require.Len(t, found.differences, 1, "the next snapshot has the second row")
	require.Equal(t, "A1111AA_B0002BB", found.differences[0].Key)
}
