package queries_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/queries"
)

// TestLists_thatAreAskedForTogetherAreNotMixedUp: every caller gets the own list,
// those that are not there and those that come twice too.
func TestLists_thatAreAskedForTogetherAreNotMixedUp(t *testing.T) {
	p, reader := ready(t)
	p.exec(`INSERT INTO read_1.prisoner SELECT 'A' || to_char(n, 'FM0000') || 'AA',
		'{"prisonerNumber":"A' || to_char(n, 'FM0000') || 'AA","nonAssociations":[{}]}' FROM generate_series(0, 499) n`)
	var asking sync.WaitGroup
	for i := range 2000 {
		asking.Go(func() {
			number := fmt.Sprintf("A%04dAA", i%1000)
			list, err := reader.List(context.Background(), domain.PrisonerNumber(number), 0)
			items := map[bool]string{true: "{}"}[i%1000 < 500]
			want := `{"prisonerNumber":"` + number + `","nonAssociations":[` + items + `]}`
			if err != nil || string(list.Document) != want || list.Position != 10 {
				t.Errorf("%s at %d, %v; want %s", list.Document, list.Position, err, want)
			}
		})
	}
	asking.Wait()
}

// TestLists_outliveACallerThatLeaves: the group is read to its end.
func TestLists_outliveACallerThatLeaves(t *testing.T) {
	p, reader := ready(t)
	p.exec(`CREATE OR REPLACE VIEW read.prisoner AS
		SELECT prisoner_number, document FROM read_1.prisoner, LATERAL (SELECT pg_advisory_xact_lock_shared(7)) AS slow`)
	p.exec(`INSERT INTO read_1.prisoner VALUES ('A1234BC', '{"nonAssociations":[{}]}')`)
	p.exec(`SELECT pg_advisory_lock(7)`)
	ctx, leave := context.WithCancel(t.Context())
	left, stayed := make(chan error, 8), make(chan error, 8)
	for range 8 {
		go func() { _, err := reader.List(ctx, number, 0); left <- err }()
		go func() { _, err := reader.List(context.Background(), number, 0); stayed <- err }()
	}
	require.Eventually(t, func() bool { return waits(p.conn) }, patience, poll)
	leave()
	for range 8 {
		require.ErrorIs(t, <-left, context.Canceled)
	}
	require.Empty(t, stayed)
	p.exec(`SELECT pg_advisory_unlock(7)`)
	for range 8 {
		require.NoError(t, <-stayed)
	}
}

// TestReader_closedFailsReads: a waiting caller gets an error.
func TestReader_closedFailsReads(t *testing.T) {
	p := newProjector(t)
	p.exec(readModel)
	reader, err := queries.Open(t.Context(), p.dsn, queries.Options{Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	reader.Close()
	_, err = reader.List(t.Context(), number, 0)
	require.ErrorContains(t, err, "closed")
}
