package main

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"nonassociations/cmd/internal/app"
	"nonassociations/web/shape"
)

// projected is the record of heldByNOMIS with a read model that a projector has built.
func projected(t *testing.T) *pgx.Conn {
	t.Helper()
	heldByNOMIS(t)
	conn, err := pgx.Connect(t.Context(), os.Getenv("DATABASE_URL"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close(context.Background())) })
	o, err := options(app.Roles{Project: true})
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- app.Run(ctx, o) }()
	require.Eventually(t, func() bool {
		var pairs int
		return conn.QueryRow(t.Context(), `SELECT count(*) FROM read.pair`).Scan(&pairs) == nil && pairs == 1
	}, 30*time.Second, 20*time.Millisecond)
	stop()
	<-ended
	return conn
}

// TestRehearse_exitsByWhatItFinds: nothing, a row of the read model that was edited, and a
// log that cannot be asked.
func TestRehearse_exitsByWhatItFinds(t *testing.T) {
	conn := projected(t)
	text, status := printed(t, "rehearse")
	require.Zero(t, status, text)
	require.Contains(t, text, "Nothing was found")
	_, err := conn.Exec(t.Context(), `UPDATE read_1.pair SET state = replace(state, '"Apart"', '"Together"')`)
	require.NoError(t, err)

	text, status = printed(t, "rehearse", "--json")
	require.Equal(t, 1, status)
	var found shape.Rehearsal
	require.NoError(t, json.Unmarshal([]byte(text), &found))
	require.False(t, found.OK)
	require.Equal(t, 1, found.Decisions.Compared)
	require.Empty(t, found.Decisions.Different)
	require.Len(t, found.States.Different, 1)
	require.Equal(t, "comment", found.States.Different[0].Field)
	require.NotContains(t, text, "Apart")
	text, status = printed(t, "rehearse", "--sample", "1", "--seed", "1")
	require.Equal(t, 1, status)
	require.NotContains(t, text, "Apart")

	_, status = printed(t, "rehearse", "--sample", "0", "--seed", "1")
	require.Equal(t, 80, status)
	_, status = printed(t, "rehearse", "--sample", "1")
	require.Equal(t, 80, status)
	t.Setenv("EVENTSTORE_URL", "")
	text, status = printed(t, "rehearse", "--json")
	require.Equal(t, 2, status)
	require.Empty(t, text)
}
