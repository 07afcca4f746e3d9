package rebuild

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"nonassociations/internal/dev/testdb"
	"nonassociations/projections/generation"
)

// addPairSQL adds a row to the pairs of a schema.
const addPairSQL = `INSERT INTO %s.pair (pair, state, facts, positions, standings) VALUES ('A1111AA_B%04dBB', '{}', 1, '{}', '[]')`

// twoGenerations makes empty tables of a generation that answers and of one that is built,
// and returns two sessions.
func twoGenerations(t *testing.T) (conn, other *pgx.Conn) {
	t.Helper()
	dsn := testdb.New(t)
	sessions := [2]*pgx.Conn{}
	for i := range sessions {
		session, err := pgx.Connect(t.Context(), dsn)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, session.Close(context.Background())) })
		sessions[i] = session
	}
	require.NoError(t, pgx.BeginFunc(t.Context(), sessions[0], func(tx pgx.Tx) error {
		require.NoError(t, generation.Recreate(t.Context(), tx, live, uuid.Max))
		return generation.Recreate(t.Context(), tx, built, uuid.Max)
	}))
	return sessions[0], sessions[1]
}

const live, built = generation.Number(1), generation.Number(2)

// TestCompare_readsBothSidesFromOneSnapshot: what others commit after it began is on neither
// side, although each side is read by its own session. What the transaction itself wrote is
// on the side that it built.
func TestCompare_readsBothSidesFromOneSnapshot(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	conn, other := twoGenerations(t)
	_, err := conn.Exec(ctx, fmt.Sprintf(addPairSQL, live.Schema(), 1))
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

// TestCompare_waitsForNoLockForEver: its transaction waits for the session beside it, so a
// holder that waits for the transaction would never end.
func TestCompare_waitsForNoLockForEver(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	conn, other := twoGenerations(t)
	holding, err := other.Begin(ctx)
	require.NoError(t, err)
	defer func() { require.NoError(t, holding.Rollback(ctx)) }()
	_, err = holding.Exec(ctx, "LOCK TABLE "+live.Schema()+".pair IN ACCESS EXCLUSIVE MODE")
	require.NoError(t, err)
	err = pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{IsoLevel: pgx.RepeatableRead}, func(tx pgx.Tx) error {
		_, err := comparing{live: live.Schema(), built: built, limit: 9}.compare(ctx, tx)
		return err
	})
	var refused *pgconn.PgError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, "55P03", refused.Code)
}
