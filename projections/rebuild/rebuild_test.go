package rebuild_test

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/eventstore/consumer"
	"nonassociations/internal/dev/testdb"
	"nonassociations/internal/pg/lease"
	"nonassociations/projections/rebuild"
	"nonassociations/queries"
)

// TestRebuild_isBesideLiveReadsAndWrites flips again and again while records are written
// and read: no read fails, none is older than the one before it, and the projector
// follows by itself.
func TestRebuild_isBesideLiveReadsAndWrites(t *testing.T) {
	t.Parallel()
	w, _ := built(t)
	reader, err := queries.Open(t.Context(), w.dsn, queries.Options{Logger: slog.New(slog.DiscardHandler), WaitTime: patience})
	require.NoError(t, err)
	defer reader.Close()
	require.Eventually(t, func() bool { return reader.Position() > 0 }, patience, time.Millisecond)
	ctx, stop := context.WithCancel(t.Context())
	var work sync.WaitGroup
	var reads atomic.Int64
	for range 3 {
		work.Go(func() {
			last, items := uint64(0), 0
			for ctx.Err() == nil {
				list, err := reader.List(context.Background(), "A1111AA", last)
				if !assertNoError(t, err) || list.Position < last || len(list.Document) < items {
					t.Errorf("at %d with %d bytes after %d with %d", list.Position, len(list.Document), last, items)
					return
				}
				last, items = list.Position, len(list.Document)
				reads.Add(1)
			}
		})
	}
	work.Go(func() {
		for n := 1000; ctx.Err() == nil; n++ {
			w.write(n)
			before := w.last.Uint64()
			_, err := reader.List(context.Background(), "A1111AA", before)
			assertNoError(t, err)
		}
	})
	for n := range 4 {
		report, err := rebuild.Run(t.Context(), w.options())
		require.NoError(t, err)
		require.Equal(t, rebuild.Flipped, report.Status)
		require.Equal(t, n+2, *report.To)
		require.Zero(t, report.Total)
	}
	stop()
	work.Wait()
	require.Greater(t, reads.Load(), int64(10))
	require.Equal(t, []string{"read_4", "read_5"}, w.schemas())
	found, err := rebuild.Verify(t.Context(), w.options())
	require.NoError(t, err)
	require.True(t, found.OK, "%+v", found.Differences)
}

func assertNoError(t *testing.T, err error) bool {
	if err != nil {
		t.Errorf("a read failed: %v", err)
	}
	return err == nil
}

func TestBack_andForth(t *testing.T) {
	t.Parallel()
	w, _ := built(t)
	_, err := rebuild.Back(t.Context(), w.options())
	require.ErrorIs(t, err, rebuild.ErrNoneKept)
	_, err = rebuild.Run(t.Context(), w.options())
	require.NoError(t, err)
	for n := range 4 {
		w.write(100 + n)
		report, err := rebuild.Back(t.Context(), w.options())
		require.NoError(t, err)
		require.Equal(t, rebuild.BackDone, report.Status)
		require.Equal(t, 1+n%2, w.answers())
		require.Eventually(t, func() bool { return w.position() >= w.last.Uint64() }, patience, 5*time.Millisecond)
	}
	_, err = rebuild.Run(t.Context(), w.options())
	require.NoError(t, err)
	require.Equal(t, []string{"read_2", "read_3"}, w.schemas(), "what was kept is dropped, what answered is kept")
}

// TestRebuild_showsRowsThatDiffer: by key, column and pointer, with digits and no values.
func TestRebuild_showsRowsThatDiffer(t *testing.T) {
	t.Parallel()
	w, _ := built(t)
	w.exec(`UPDATE read_1.prisoner SET document = replace(document, 'keep apart', 'secret') WHERE prisoner_number = 'B0003BB'`)
	w.exec(`DELETE FROM read_1.pair WHERE pair = 'A1111AA_B0004BB'`)
	w.exec(`INSERT INTO read_1.merge VALUES (gen_random_uuid(), 'C1111CC', 'D1111DD', 9)`)
	found, err := rebuild.Verify(t.Context(), w.options())
	require.NoError(t, err)
	require.False(t, found.OK)
	require.Equal(t, 3, found.Total)
	require.Len(t, found.Differences, 3)
	extra, missing, changed := found.Differences[0], found.Differences[1], found.Differences[2]
	require.Equal(t, []string{"merge", "C1111CC/9", rebuild.Extra}, []string{extra.Table, extra.Key, extra.Kind})
	require.Nil(t, extra.Log)
	require.Equal(t, []string{"pair", "A1111AA_B0004BB", rebuild.Missing}, []string{missing.Table, missing.Key, missing.Kind})
	require.Equal(t, []string{"prisoner", "B0003BB", rebuild.Changed}, []string{changed.Table, changed.Key, changed.Kind})
	require.Equal(t, "document", *changed.Column)
	require.Equal(t, "/nonAssociations/0/comments", *changed.Pointer)
	require.Regexp(t, `^[0-9a-f]{12}$`, *changed.ReadModel)
	require.Regexp(t, `^[0-9a-f]{12}$`, *changed.Log)
	require.NotEqual(t, *changed.ReadModel, *changed.Log)
	require.Equal(t, []string{"read_1"}, w.schemas(), "what was built is dropped")

	shown := w.options()
	shown.ShowValues, shown.Limit = true, 100
	found, err = rebuild.Verify(t.Context(), shown)
	require.NoError(t, err)
	require.Equal(t, "secret", *found.Differences[2].ReadModel)

	report, err := rebuild.Run(t.Context(), w.options())
	require.NoError(t, err)
	require.Equal(t, rebuild.Differs, report.Status)
	require.Equal(t, 3, report.Total)
	require.Equal(t, 1, w.answers(), "nothing was flipped")
	accepting := w.options()
	accepting.Accept = true
	report, err = rebuild.Run(t.Context(), accepting)
	require.NoError(t, err)
	require.Equal(t, rebuild.Flipped, report.Status)
	require.Equal(t, 3, report.Total)
	require.Equal(t, 2, w.answers(), "the part was taken up")
}

// TestRenew_takesNothingFromTheTableUnderRepair: the rows of the pair lie with another
// one, and a projector goes on writing them.
func TestRenew_takesNothingFromTheTableUnderRepair(t *testing.T) {
	t.Parallel()
	w, _ := built(t)
	w.exec(`UPDATE read_1.non_association SET pair = 'X1111XX_Y1111YY' WHERE pair = 'A1111AA_B0003BB'`)
	w.exec(`UPDATE read_1.fact_index SET pair = 'X1111XX_Y1111YY' WHERE pair = 'A1111AA_B0003BB'`)
	w.exec(`DELETE FROM read_1.prisoner WHERE prisoner_number IN ('A1111AA', 'B0003BB')`)
	w.exec(`UPDATE read_1.pair SET state = '{}' WHERE pair = 'A1111AA_B0003BB'`)
	pair := pairOf(t, "A1111AA", "B0003BB")
	report, err := rebuild.Renew(t.Context(), w.options(), rebuild.Selection{Pair: &pair})
	require.NoError(t, err)
	require.Equal(t, rebuild.Renewed, report.Status)
	for n := range 5 {
		w.write(200 + n) // onto the list that was renewed
	}
	require.Eventually(t, func() bool { return w.position() >= w.last.Uint64() }, patience, 5*time.Millisecond)
	found, err := rebuild.Verify(t.Context(), w.options())
	require.NoError(t, err)
	require.True(t, found.OK, "%+v", found.Differences)

	report, err = rebuild.Renew(t.Context(), w.options(), rebuild.Selection{Prisoner: "Z9999ZZ"})
	require.NoError(t, err)
	for _, table := range report.Tables {
		require.Zero(t, table.Rows)
	}
}

// TestRebuild_cutOffIsTakenUp: by a poisoned event, a cancelled context and a crash of
// Postgres. Each leaves the generation that answered as it was.
func TestRebuild_cutOffIsTakenUp(t *testing.T) {
	t.Parallel()
	server := testdb.NewServer(t)
	w := newWorld(t, server.DSN())
	for n := range 20 {
		w.write(n)
	}
	stop := w.project()
	w.cutOff()
	require.Equal(t, []string{"read_1", "read_2"}, w.schemas(), "a part is left")
	require.Equal(t, 1, w.answers())

	stop()
	_ = w.conn.Close(t.Context())
	crashes := sync.OnceFunc(func() { server.Crash(t) })
	o := w.options()
	o.Progress = func(p rebuild.Progress) {
		if p.Stage == "flip" {
			crashes()
		}
	}
	_, err := rebuild.Run(t.Context(), o)
	require.Error(t, err)
	require.NotErrorIs(t, err, rebuild.ErrBusy)
	server.Start(t)
	w.conn, err = pgx.Connect(t.Context(), w.dsn)
	require.NoError(t, err)
	require.Equal(t, 1, w.answers())
	report, err := rebuild.Run(t.Context(), w.options())
	require.NoError(t, err)
	require.Equal(t, 2, *report.To)

	_, err = w.log.Append(t.Context(), eventstore.Append{
		Stream: pairOf(t, "A1111AA", "C1111CC").Stream(), Expected: eventstore.NoStream,
		Events: []eventstore.Event{{ID: uuid.New(), Type: "non-association-unheard-of", Data: []byte(`{}`), Metadata: []byte(`{}`)}},
	})
	require.NoError(t, err)
	_, err = rebuild.Run(t.Context(), w.options())
	var poison *consumer.Poison
	require.ErrorAs(t, err, &poison)
	require.Equal(t, 2, w.answers())
}

func TestRebuild_secondOneIsRefused(t *testing.T) {
	t.Parallel()
	w, _ := built(t)
	o := w.options()
	var second error
	o.Progress = func(p rebuild.Progress) {
		if p.Stage == "compare" {
			_, second = rebuild.Run(t.Context(), w.options())
		}
	}
	_, err := rebuild.Run(t.Context(), o)
	require.NoError(t, err)
	require.ErrorIs(t, second, rebuild.ErrBusy)
}

// TestRebuild_waitsForACheckOfTheNight, and is refused by any other holder of the lease.
func TestRebuild_waitsForACheckOfTheNight(t *testing.T) {
	t.Parallel()
	w, _ := built(t)
	w.exec(`SELECT pg_advisory_lock(hashtextextended('lease rebuild', 0))`)
	_, err := rebuild.Verify(t.Context(), w.options())
	require.ErrorIs(t, err, rebuild.ErrBusy)
	w.exec(`SELECT pg_advisory_lock(hashtextextended('lease ` + lease.Nightly + `', 0))`)
	ended := make(chan error, 1)
	go func() {
		_, err := rebuild.Run(context.Background(), w.options())
		ended <- err
	}()
	require.Eventually(t, func() bool {
		var waits bool
		err := w.conn.QueryRow(t.Context(), `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'rebuild' AND state = 'idle'
			AND query LIKE '%pg_try_advisory_lock(hashtextextended($1, 0))')`).Scan(&waits)
		return (err == nil && waits) || len(ended) > 0
	}, patience, 5*time.Millisecond)
	require.Empty(t, ended, "it was refused")
	w.exec(`SELECT pg_advisory_unlock(hashtextextended('lease rebuild', 0))`)
	require.NoError(t, <-ended)
}

// TestShape_thatIsAnotherWaitsForTheRebuild: nothing reads or follows such tables.
func TestShape_thatIsAnotherWaitsForTheRebuild(t *testing.T) {
	t.Parallel()
	w, stop := built(t)
	stop()
	w.exec(`UPDATE read_1.checkpoint SET shape = 0`)
	reader, err := queries.Open(t.Context(), w.dsn, queries.Options{Logger: slog.New(slog.DiscardHandler), WaitTime: 50 * time.Millisecond})
	require.NoError(t, err)
	defer reader.Close()
	_, err = reader.List(t.Context(), domain.PrisonerNumber("A1111AA"), 0)
	require.ErrorIs(t, err, queries.ErrNotCaughtUp)
	_, err = rebuild.Verify(t.Context(), w.options())
	require.ErrorIs(t, err, rebuild.ErrShape)
	report, err := rebuild.Run(t.Context(), w.options())
	require.NoError(t, err)
	require.Equal(t, rebuild.Flipped, report.Status)
	require.False(t, slices.ContainsFunc(report.Tables, func(one rebuild.TableReport) bool { return one.Same != nil }), "nothing is compared")
	_, err = reader.List(t.Context(), domain.PrisonerNumber("A1111AA"), 0)
	require.NoError(t, err)
	_, err = rebuild.Back(t.Context(), w.options())
	require.ErrorIs(t, err, rebuild.ErrShape)
}
