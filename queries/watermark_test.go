package queries_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/internal/dev/testdb"
	"nonassociations/queries"
)

// patience is how long a condition may take on a busy machine, poll how often it is checked.
const (
	patience = 20 * time.Second
	poll     = 5 * time.Millisecond
)

func ready(t *testing.T) (projector, *queries.Reader) {
	p := newProjector(t)
	p.exec(readModel)
	reader := open(t, p.dsn)
	require.NoError(t, reader.WaitFor(t.Context(), 10))
	return p, reader
}

func TestNotification_raisesTheWatermark(t *testing.T) {
	t.Parallel()
	p, reader := ready(t)
	waited := make(chan error, 1)
	go func() { waited <- reader.WaitFor(context.Background(), 11) }()
	p.commit(11, "1 11")
	require.NoError(t, <-waited)
	require.EqualValues(t, 11, reader.Position())
}

func TestProjector_ofThisProcessNeedsNoNotification(t *testing.T) {
	_, reader := ready(t)
	waited := make(chan error, 1)
	go func() { waited <- reader.WaitFor(context.Background(), 1000) }()
	reader.Advance(1000)
	require.NoError(t, <-waited)
}

func TestNotification_ofAnotherVersionSaysNothing(t *testing.T) {
	t.Parallel()
	p, reader := ready(t)
	p.commit(12, "2 5000") // looked up instead
	require.NoError(t, reader.WaitFor(t.Context(), 12))
	require.EqualValues(t, 12, reader.Position())
}

func TestLostNotification_isMadeGoodByAPoll(t *testing.T) {
	t.Parallel()
	p, reader := ready(t)
	p.exec(`UPDATE read_1.checkpoint SET "commit" = 13, prepare = 13`)
	require.NoError(t, reader.WaitFor(t.Context(), 13))
}

func TestPosition_beforeAnEventIsTheNumberBeforeIt(t *testing.T) {
	t.Parallel()
	p, reader := ready(t)
	p.exec(`UPDATE read_1.checkpoint SET "commit" = 15, prepare = 0`)
	require.NoError(t, reader.WaitFor(t.Context(), 14))
	require.EqualValues(t, 14, reader.Position())
}

func TestWatermark_followsAReadModelThatWasStartedAgain(t *testing.T) {
	t.Parallel()
	p, reader := ready(t)
	p.exec(`UPDATE read_1.checkpoint SET "commit" = 3, prepare = 3`)
	require.Eventually(t, func() bool { return reader.Position() == 3 }, patience, poll)
	p.exec(dropViews)
	require.Eventually(t, func() bool { return reader.Position() == 0 }, patience, poll)
}

func TestWatermark_outlivesItsConnection(t *testing.T) {
	t.Parallel()
	p, reader := ready(t)
	p.exec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`)
	p.commit(21, "1 21")
	require.Eventually(t, func() bool { return reader.Position() == 21 }, patience, poll)
}

func TestWait_tooLongIsReported(t *testing.T) {
	t.Parallel()
	p, _ := ready(t)
	hurried := open(t, p.dsn, impatient)
	require.Eventually(t, func() bool { return hurried.Position() == 10 }, patience, poll)
	require.ErrorIs(t, hurried.WaitFor(t.Context(), 11), queries.ErrBehind)
}

func TestContext_endsWaiting(t *testing.T) {
	_, reader := ready(t)
	gone := errors.New("the caller left")
	ctx, leave := context.WithCancelCause(t.Context())
	waited := make(chan error, 1)
	go func() { waited <- reader.WaitFor(ctx, 11) }()
	leave(gone)
	require.ErrorIs(t, <-waited, gone)
}

func TestWaiters_beyondTheBoundAreRefusedAtOnce(t *testing.T) {
	_, reader := ready(t)
	ctx, leave := context.WithCancel(t.Context())
	waited := make(chan error, queries.MaxWaiters+1)
	for range queries.MaxWaiters + 1 {
		go func() { waited <- reader.WaitFor(ctx, 1<<40) }()
	}
	// One comes back at once: all others are waiting, and go on doing so.
	require.ErrorIs(t, <-waited, queries.ErrTooManyWaiters)
	require.NoError(t, reader.WaitFor(ctx, 10), "who need not wait is no waiter")
	leave()
	for range queries.MaxWaiters {
		require.ErrorIs(t, <-waited, context.Canceled)
	}
	reader.Advance(11)
	require.NoError(t, reader.WaitFor(t.Context(), 11), "those who left make room")
}

// TestWatermark_isUnknownWithoutPostgres: Postgres may come back without its last
// commits.
func TestWatermark_isUnknownWithoutPostgres(t *testing.T) {
	t.Parallel()
	server := testdb.NewServer(t)
	p := projector{t, connect(t, server.DSN()), server.DSN()}
	p.exec(readModel)
	reader := open(t, p.dsn, impatient)
	require.Eventually(t, func() bool { return reader.Position() == 10 }, patience, poll)
	server.Crash(t)
	require.Eventually(t, func() bool { return reader.Position() == 0 }, patience, poll)
	require.ErrorIs(t, reader.WaitFor(t.Context(), 9), queries.ErrBehind)
	server.Start(t)
	require.Eventually(t, func() bool { return reader.Position() == 10 }, patience, poll)
}
