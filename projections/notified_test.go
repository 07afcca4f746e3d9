package projections_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/internal/dev/testdb"
)

// Processes that read sleep until they are told: each commit says how far the rows
// are, whether one event was worked in or a whole log.
func TestCommit_notifiesOtherProcesses(t *testing.T) {
	log, dsn := newLog(t), testdb.New(t)
	listener, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, listener.Close(context.Background())) })
	_, err = listener.Exec(t.Context(), "LISTEN read")
	require.NoError(t, err)

	write := func(i int) {
		pair := pairOf(t, fmt.Sprintf("A%04dAA", i), "B1234BB")
		log.sync(pair, item(pair, "2021-07-05T10:35:17", domain.CodeVictim, domain.CodePerpetrator))
	}
	for i := range 600 { // more than are written one by one
		write(i)
	}
	running := start(t, log.log, dsn)
	for i := 600; i < 610; i++ {
		running.reaches(t, log.last)
		told(t, listener, fmt.Sprintf("1 %d", log.last.Uint64()))
		write(i)
	}
}

// told waits for a notification.
func told(t *testing.T, listener *pgx.Conn, payload string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		note, err := listener.WaitForNotification(ctx)
		require.NoError(t, err, "no notification of %s", payload)
		if note.Payload == payload {
			return
		}
	}
}
