package queries_test

import (
	"context"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/internal/dev/doubles"
	"nonassociations/internal/dev/testdb"
	"nonassociations/queries"
)

// replicated is a primary that is written to, and a hot standby of it.
type replicated struct {
	projector

	standby *testdb.Standby
	at      atomic.Uint64 // the last position that was committed
}

// replicate makes a read model whose one document says at which position it is.
func replicate(t *testing.T) *replicated {
	t.Helper()
	server := testdb.NewServer(t)
	p := &replicated{projector: projector{t, connect(t, server.DSN()), server.DSN()}}
	p.tables()
	p.exec(`INSERT INTO read_1.prisoner VALUES ('A1111AA', '10', '')`)
	p.at.Store(10)
	p.standby = server.Standby(t)
	return p
}

// write commits a row and its position.
func (p *replicated) write() uint64 {
	p.t.Helper()
	next := p.at.Load() + 1
	p.exec(`WITH row AS (UPDATE read_1.prisoner SET document = $1::bigint::text)
		UPDATE read_1.checkpoint SET "commit" = $1, prepare = $1`, next)
	p.at.Store(next)
	return next
}

// reading reads the list all the time, and keeps the first contradiction.
type reading struct {
	stop          context.CancelFunc
	running       sync.WaitGroup
	answers       atomic.Uint64
	contradiction atomic.Pointer[string]
}

func readAllTheTime(reader *queries.Reader) *reading {
	ctx, stop := context.WithCancel(context.Background())
	r := &reading{stop: stop}
	for range 4 {
		r.running.Go(func() {
			for ctx.Err() == nil {
				list, err := reader.List(ctx, "A1111AA", 0)
				if err != nil {
					continue // an error is no contradiction
				}
				r.answers.Add(1)
				if said := string(list.Document); said != strconv.FormatUint(list.Position, 10) {
					words := "position " + strconv.FormatUint(list.Position, 10) + ", row of " + said
					r.contradiction.Store(&words)
				}
			}
		})
	}
	return r
}

func (r *reading) end(t *testing.T) {
	t.Helper()
	r.stop()
	r.running.Wait()
	require.Nil(t, r.contradiction.Load(), "position and row are not of one snapshot")
	require.NotZero(t, r.answers.Load())
}

// TestStandby_isHonestAndIsWaitedFor: it cannot be listened to, may be behind,
// and becomes a server of its own in the middle of reads.
func TestStandby_isHonestAndIsWaitedFor(t *testing.T) {
	p := replicate(t)
	reader := open(t, p.standby.DSN())
	always := readAllTheTime(reader)
	for range 20 {
		written := p.write()
		require.NoError(t, reader.WaitFor(t.Context(), written), "it is polled")
		list, err := reader.List(t.Context(), "A1111AA", written)
		require.NoError(t, err)
		require.GreaterOrEqual(t, list.Position, written)
	}

	held := connect(t, p.standby.DSN())
	_, err := held.Exec(t.Context(), `SELECT pg_wal_replay_pause()`)
	require.NoError(t, err)
	behind := p.write()
	reader.Advance(behind) // as the projector of this process would
	hurried := open(t, p.standby.DSN(), impatient)
	require.Eventually(t, func() bool { return hurried.Position() >= behind-1 }, patience, poll)
	hurried.Advance(behind)
	_, err = hurried.List(t.Context(), "A1111AA", behind)
	require.ErrorIs(t, err, queries.ErrBehind, "nothing older than what was asked for")
	list, err := reader.List(t.Context(), "A1111AA", 0)
	require.NoError(t, err, "who asks for no position is answered")
	require.Equal(t, behind-1, list.Position)
	_, err = held.Exec(t.Context(), `SELECT pg_wal_replay_resume()`)
	require.NoError(t, err)
	list, err = reader.List(t.Context(), "A1111AA", behind)
	require.NoError(t, err)
	require.Equal(t, behind, list.Position)

	before := always.answers.Load()
	p.standby.Promote(t)
	p.conn, p.dsn = connect(t, p.standby.DSN()), p.standby.DSN()
	require.Eventually(t, func() bool { return always.answers.Load() > before+100 }, patience, poll)
	written := p.write()
	p.exec(`SELECT pg_notify('read', $1)`, "1 "+strconv.FormatUint(written, 10))
	require.NoError(t, reader.WaitFor(t.Context(), written))
	always.end(t)
}

// TestServers_behindOneAddressAreHonest: a proxy, or an address with two hosts,
// sends each connection to whichever it likes.
func TestServers_behindOneAddressAreHonest(t *testing.T) {
	p := replicate(t)
	// The host of a socket is a parameter: both, the standby first.
	standby, found := hostOf(p.standby.DSN())
	require.True(t, found)
	primary, found := hostOf(p.dsn)
	require.True(t, found)
	both := strings.Replace(p.dsn, "host="+primary, "host="+standby+"%2C"+primary, 1)
	both = strings.Replace(both, "port=5432", "port=5432%2C5432", 1)
	var log doubles.Log
	reader, err := queries.Open(t.Context(), both, queries.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	require.NoError(t, err)
	t.Cleanup(reader.Close)
	always := readAllTheTime(reader)
	for range 20 {
		written := p.write()
		require.NoError(t, reader.WaitFor(t.Context(), written))
		list, err := reader.List(t.Context(), "A1111AA", written)
		require.NoError(t, err)
		require.GreaterOrEqual(t, list.Position, written)
	}
	require.Positive(t, log.Count("standby"))
	_, err = p.conn.Exec(t.Context(), `SELECT 1`)
	require.NoError(t, err)
	p.standby.Promote(t)
	require.Eventually(t, func() bool { return log.Count("promoted") > 0 }, patience, poll)
	always.end(t)
}

func hostOf(dsn string) (string, bool) {
	_, after, found := strings.Cut(dsn, "host=")
	host, _, _ := strings.Cut(after, "&")
	return host, found
}
