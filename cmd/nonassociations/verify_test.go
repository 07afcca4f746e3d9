package main

import (
	"os"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// TestVerify_findsAReadModelOfOtherFacts: by verify and by rebuild, which changes nothing
// then.
func TestVerify_findsAReadModelOfOtherFacts(t *testing.T) {
	conn, id := record(t)
	_, status := printed(t, "verify", "read-model")
	require.Equal(t, 2, status, "no read model answers")
	projectedOnce(t, os.Getenv("DATABASE_URL"))
	text, status := printed(t, "verify", "read-model")
	require.Equal(t, 0, status, text)
	require.Contains(t, text, id.String())

	_, err := conn.Exec(t.Context(), `UPDATE read_1.checkpoint SET trail = sha256('another')`)
	require.NoError(t, err)
	text, status = printed(t, "verify", "read-model", "--json")
	require.Equal(t, 1, status)
	require.Contains(t, text, `"ok":false`)
	require.Contains(t, text, `"column":"trail"`)
	_, status = printed(t, "rebuild", "--yes")
	require.Equal(t, 1, status)
	var number int
	require.NoError(t, conn.QueryRow(t.Context(), `SELECT version FROM read.checkpoint`).Scan(&number))
	require.Equal(t, 1, number, "nothing was done")
	text, status = printed(t, "rebuild", "--adopt-log", id.String(), "--yes")
	require.Equal(t, 0, status, text)
}

func TestCheck_thatCannotBeMadeIsNoPass(t *testing.T) {
	conn, _ := record(t)
	_, err := conn.Exec(t.Context(), `UPDATE read_1.checkpoint SET store_id = $1`, uuid.New())
	require.NoError(t, err)
	_, status := printed(t, "verify", "read-model")
	require.Equal(t, 2, status)
	_, err = conn.Exec(t.Context(), `DROP SCHEMA read_1 CASCADE`)
	require.NoError(t, err)
	_, status = printed(t, "verify", "read-model")
	require.Equal(t, 2, status)
	t.Setenv("DATABASE_URL", "")
	_, status = printed(t, "verify", "read-model")
	require.Equal(t, 2, status)
}
