package rebuild_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"nonassociations/domain/domaintest"
	"nonassociations/internal/dev/doubles"
	"nonassociations/internal/dev/testdb"
	"nonassociations/projections"
	"nonassociations/projections/rebuild"
)

// TestFlip_whoseAnswerIsLostIsAskedFor: Postgres dies when the flip is committed and
// nobody has been told. The rebuild asks which generation answers before it reports.
func TestFlip_whoseAnswerIsLostIsAskedFor(t *testing.T) {
	t.Parallel()
	server := testdb.NewServer(t)
	w := newWorld(t, server.DSN())
	for n := range 20 {
		w.write(n)
	}
	w.project()()
	o := w.options()
	var writing chan error
	o.Progress = func(p rebuild.Progress) {
		if p.Stage == "flip" { // a commit is on the disk, and waits for a standby that never comes
			w.exec(`ALTER SYSTEM SET synchronous_standby_names = 'nobody'`)
			w.exec(`SELECT pg_reload_conf()`)
			writing = w.waitUntilCommitsWait()
		}
	}
	type outcome struct {
		report rebuild.Report
		err    error
	}
	ended := make(chan outcome, 1)
	go func() {
		report, err := rebuild.Run(context.WithoutCancel(t.Context()), o)
		ended <- outcome{report, err}
	}()
	watching, err := pgx.Connect(t.Context(), w.dsn)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		var waits bool
		err := watching.QueryRow(t.Context(), `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'rebuild' AND wait_event = 'SyncRep')`).Scan(&waits)
		return err == nil && waits
	}, patience, 5*time.Millisecond)
	_, err = watching.Exec(t.Context(), `ALTER SYSTEM RESET synchronous_standby_names`)
	require.NoError(t, err)
	require.NoError(t, watching.Close(t.Context()))
	_ = w.conn.Close(t.Context())
	server.Crash(t)
	server.Start(t)
	got := <-ended
	require.NoError(t, got.err)
	require.Equal(t, rebuild.Flipped, got.report.Status)
	require.Error(t, <-writing)
	w.conn, err = pgx.Connect(t.Context(), w.dsn)
	require.NoError(t, err)
	require.Equal(t, 2, w.answers())
}

// waitUntilCommitsWait writes in a session of its own until a commit waits for a standby:
// the server obeys a new configuration some time after it was told. The session ends with
// the server, and its error is sent then.
func (w *world) waitUntilCommitsWait() chan error {
	conn, err := pgx.Connect(context.Background(), w.dsn)
	require.NoError(w.t, err)
	ended := make(chan error, 1)
	go func() {
		for err == nil {
			_, err = conn.Exec(context.Background(), `COMMENT ON SCHEMA public IS 'written'`)
		}
		ended <- err
	}()
	for waits := false; !waits; {
		require.NoError(w.t, w.conn.QueryRow(context.Background(), `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep')`).Scan(&waits))
	}
	return ended
}

// TestProjector_ofAnotherShapeWaitsAndSaysSo, and follows the rebuild by itself.
func TestProjector_ofAnotherShapeWaitsAndSaysSo(t *testing.T) {
	t.Parallel()
	w, stop := built(t)
	stop()
	w.exec(`UPDATE read_1.checkpoint SET shape = 0`)
	before := w.position()
	w.write(100)
	said := &doubles.Log{}
	runner := projections.New(projections.Options{
		Store: w.log, DSN: w.dsn, Clock: time.Now, London: domaintest.London, Logger: slog.New(slog.NewTextHandler(said, nil)),
	})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- runner.Run(ctx) }()
	require.Eventually(t, func() bool { return said.Count("has shape 0, and this build writes shape 1") > 0 }, patience, 5*time.Millisecond)
	require.Equal(t, before, w.position())
	_, err := rebuild.Run(t.Context(), w.options())
	require.NoError(t, err)
	w.write(101)
	require.Eventually(t, func() bool { return w.position() >= w.last.Uint64() }, patience, 5*time.Millisecond)
	require.Equal(t, 2, w.answers())
	cancel()
	require.NoError(t, <-ended)
}

// beforeGenerations makes the tables those of a build that knew of no shape.
const beforeGenerations = `DROP SCHEMA read CASCADE;
	ALTER TABLE read_1.checkpoint DROP COLUMN shape, DROP COLUMN answers, DROP COLUMN kept, DROP COLUMN renewals;
	CREATE SCHEMA read;
	CREATE VIEW read.checkpoint AS SELECT 1 AS version, store_id, "commit", prepare, event_id, event_stream, event_revision, facts, trail FROM read_1.checkpoint;`

// TestUpgrade_ofTablesWithoutAShape: a projector, or a rebuild that comes first, takes
// them over as they are.
func TestUpgrade_ofTablesWithoutAShape(t *testing.T) {
	t.Parallel()
	for name, projects := range map[string]bool{"a projector comes first": true, "a rebuild comes first": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, stop := built(t)
			stop()
			w.exec(beforeGenerations)
			w.write(100)
			if projects {
				w.project()
				require.Equal(t, 1, w.answers())
				found, err := rebuild.Verify(t.Context(), w.options())
				require.NoError(t, err)
				require.True(t, found.OK, "%+v", found.Differences)
			}
			report, err := rebuild.Run(t.Context(), w.options())
			require.NoError(t, err)
			require.Equal(t, rebuild.Flipped, report.Status)
			require.Zero(t, report.Total)
			require.Equal(t, 2, w.answers())
			report, err = rebuild.Back(t.Context(), w.options())
			require.NoError(t, err)
			require.Equal(t, rebuild.BackDone, report.Status)
			require.Equal(t, 1, w.answers())
		})
	}
}

// TestVerify_saysBeforehandWhatItTakes, in facts and seconds.
func TestVerify_saysBeforehandWhatItTakes(t *testing.T) {
	t.Parallel()
	w, _ := built(t)
	began := false
	o := w.options()
	o.Progress = func(rebuild.Progress) { began = true }
	told := 0
	o.Expects = func(facts uint64, expected rebuild.Expected) {
		told++
		require.False(t, began)
		require.Equal(t, uint64(20), facts)
		require.Positive(t, expected.Seconds)
	}
	_, err := rebuild.Verify(t.Context(), o)
	require.NoError(t, err)
	require.Equal(t, 1, told)
}
