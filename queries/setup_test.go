package queries_test

import (
	"context"
	"flag"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"nonassociations/internal/dev/testdb"
	"nonassociations/projections/generation"
	"nonassociations/queries"
)

// TestMain lets more tests run at once than there are processors: most of their time
// they wait for a position or for Postgres, each with a database of its own.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "8"); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m)
}

// impatient makes reads give up soon on a position that never comes.
func impatient(o *queries.Options) { o.WaitTime = 100 * time.Millisecond }

// readModel is what a projector leaves behind, as far as queries see it.
const readModel = `
CREATE SCHEMA read_1; CREATE SCHEMA read;
CREATE TABLE read_1.checkpoint (store_id uuid, "commit" bigint, prepare bigint, shape int DEFAULT 1);
INSERT INTO read_1.checkpoint VALUES (gen_random_uuid(), 10, 10);
CREATE TABLE read_1.prisoner (prisoner_number text PRIMARY KEY, document text);
CREATE TABLE read_1.non_association (id uuid PRIMARY KEY, pair text);
CREATE TABLE read_1.pair (pair text COLLATE "C" PRIMARY KEY);
CREATE TABLE read_1.merge (removed text COLLATE "C", survivor text COLLATE "C", position bigint, taken_back boolean);
` + readViews

const readViews = `
CREATE VIEW read.checkpoint AS SELECT 1 AS version, * FROM read_1.checkpoint;
CREATE VIEW read.prisoner AS SELECT * FROM read_1.prisoner;
CREATE VIEW read.pair AS SELECT * FROM read_1.pair;
CREATE VIEW read.merge AS SELECT * FROM read_1.merge;
CREATE VIEW read.non_association AS SELECT * FROM read_1.non_association;`

const dropViews = `DROP VIEW read.checkpoint, read.merge, read.pair, read.prisoner, read.non_association`

// projector stands in for the process that writes.
type projector struct {
	t    testing.TB
	conn *pgx.Conn
	dsn  string
}

func newProjector(t testing.TB) projector {
	dsn := testdb.New(t)
	return projector{t, connect(t, dsn), dsn}
}

func connect(t testing.TB, dsn string) *pgx.Conn {
	conn, err := pgx.Connect(context.Background(), dsn)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close(context.Background())) })
	return conn
}

func (p projector) exec(sql string, args ...any) {
	p.t.Helper()
	_, err := p.conn.Exec(context.Background(), sql, args...)
	require.NoError(p.t, err)
}

// tables makes the tables and views as projections do, empty.
func (p projector) tables() {
	p.t.Helper()
	indexes, err := os.ReadFile("../projections/indexes.sql")
	require.NoError(p.t, err)
	err = pgx.BeginFunc(context.Background(), p.conn, func(tx pgx.Tx) error {
		ctx := context.Background()
		if err := generation.Recreate(ctx, tx, generation.First, uuid.New()); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, generation.First.SQL(string(indexes))); err != nil {
			return err
		}
		return generation.Publish(ctx, tx, generation.First)
	})
	require.NoError(p.t, err)
	p.exec(`UPDATE read_1.checkpoint SET "commit" = 10, prepare = 10`)
}

// commit moves the checkpoint and notifies, as one batch does.
func (p projector) commit(position uint64, payload string) {
	p.t.Helper()
	err := pgx.BeginFunc(context.Background(), p.conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(context.Background(), `UPDATE read_1.checkpoint SET "commit" = $1, prepare = $1`, position); err != nil {
			return err
		}
		_, err := tx.Exec(context.Background(), `SELECT pg_notify('read', $1)`, payload)
		return err
	})
	require.NoError(p.t, err)
}

func open(t testing.TB, dsn string, change ...func(*queries.Options)) *queries.Reader {
	options := queries.Options{Logger: slog.New(slog.DiscardHandler), WaitTime: patience}
	for _, c := range change {
		c(&options)
	}
	reader, err := queries.Open(t.Context(), dsn, options)
	require.NoError(t, err)
	t.Cleanup(reader.Close)
	return reader
}

// waits reports whether a session waits for the lock.
func waits(conn *pgx.Conn) bool {
	var waiting bool
	err := conn.QueryRow(context.Background(), `SELECT count(*) > 0 FROM pg_locks
		WHERE locktype = 'advisory' AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`).Scan(&waiting)
	return err == nil && waiting
}
