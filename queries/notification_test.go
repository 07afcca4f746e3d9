package queries_test

import (
	"context"
	"log/slog"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/queries"
)

// unpolled is a reader that depends on notifications: it does not poll during the test.
func unpolled(t *testing.T) (projector, *queries.Reader) {
	p := newProjector(t)
	p.exec(readModel)
	reader, err := queries.Open(t.Context(), p.dsn, queries.Options{Logger: slog.New(slog.DiscardHandler), Poll: time.Hour})
	require.NoError(t, err)
	t.Cleanup(reader.Close)
	require.Eventually(t, func() bool { return reader.Position() == 10 }, patience, poll)
	return p, reader
}

func TestWatermark_risesOnlyByNotifications(t *testing.T) {
	t.Parallel()
	p, reader := unpolled(t)
	for position := uint64(11); position < 40; position++ {
		p.commit(position, "1 "+strconv.FormatUint(position, 10))
		require.Eventually(t, func() bool { return reader.Position() == position }, patience, time.Millisecond)
	}
}

// falseNotes are what others than the projector may say on the channel.
var falseNotes = []string{
	"1 9000000000000000000", "1 18446744073709551615", "1 11", "1 18446744073709551616", "1 -1", "1", "", "what", "2 9000000000000000000",
	" 9000000000000000000", "1  9000000000000000000", "9000000000000000000", "1 0", "1 3", `{"a":1}`,
}

// A watermark that is too high would pass old rows off as new, one that stays too
// high would wake no waiter any more.
func TestFalseNotification_neverMovesTheWatermark(t *testing.T) {
	t.Parallel()
	p, reader := unpolled(t)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	waited := make(chan error, 1)
	go func() { waited <- reader.WaitFor(ctx, 1<<40) }()
	at := uint64(10)
	for _, channel := range []string{"read", "READ", "eventstore"} {
		for _, note := range falseNotes {
			p.exec("SELECT pg_notify($1, $2)", channel, note)
			require.LessOrEqual(t, reader.Position(), at)
			at++
			p.commit(at, "1 "+strconv.FormatUint(at, 10))
			require.Eventually(t, func() bool { return reader.Position() >= at }, patience, time.Millisecond)
			require.Equal(t, at, reader.Position(), "behind %q on %s", note, channel)
		}
	}
	require.ErrorIs(t, <-waited, queries.ErrBehind)
}

// Another version may answer from now on, and be less far.
func TestWatermark_followsANotificationToAnotherVersion(t *testing.T) {
	t.Parallel()
	p, reader := unpolled(t)
	p.exec(`CREATE OR REPLACE VIEW read.checkpoint AS SELECT 2 AS version, * FROM read_1.checkpoint`)
	p.commit(5, "2 5")
	require.Eventually(t, func() bool { return reader.Position() == 5 }, patience, time.Millisecond)
	p.commit(6, "2 6")
	require.Eventually(t, func() bool { return reader.Position() == 6 }, patience, time.Millisecond)
}
