package rebuild_test

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/eventstore"
	"nonassociations/eventstore/consumer/status"
	"nonassociations/eventstore/memory"
	"nonassociations/internal/dev/testdb"
	"nonassociations/internal/pg/lease"
	"nonassociations/projections"
	"nonassociations/projections/rebuild"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = time.Minute

var noon = time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)

// world is a log with its read model in a database.
type world struct {
	t    *testing.T
	log  *memory.Store
	dsn  string
	conn *pgx.Conn
	last eventstore.Position
}

func newWorld(t *testing.T, dsn string) *world {
	t.Helper()
	log := memory.New()
	_, err := eventstore.WriteIdentity(t.Context(), log, uuid.New())
	require.NoError(t, err)
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return &world{t: t, log: log, dsn: dsn, conn: conn}
}

func pairOf(t require.TestingT, one, other string) domain.Pair {
	pair, err := domain.NewPair(domain.PrisonerNumber(one), domain.PrisonerNumber(other))
	require.NoError(t, err)
	return pair
}

// write opens a record of A1111AA and the n-th other prisoner.
func (w *world) write(n int) { w.open(pairOf(w.t, "A1111AA", fmt.Sprintf("B%04dBB", n))) }

// open opens a record of a pair.
func (w *world) open(pair domain.Pair) {
	state := domain.State{Pair: pair}
	numbers := pair.Numbers()
	by := domain.Cause{CommandID: uuid.New(), Actor: "STAFF", Source: domain.NOMIS, About: numbers[0]}
	comment := "keep apart"
	command := domain.Sync{About: numbers[0], Items: []domain.Item{{
		Comment: &comment, EffectiveDate: "2024-01-01T00:00:00", TypeCode: domain.TypeWing,
		ReasonCodes: map[domain.PrisonerNumber]domain.ReasonCode{numbers[0]: "VIC", numbers[1]: "PER"},
	}}}
	decision, err := domain.Decide(state, command, noon, by)
	require.NoError(w.t, err)
	facts := decision.Facts(state, command, noon, by)
	events := make([]eventstore.Event, len(facts))
	for i, fact := range facts {
		events[i] = eventstore.Encode(fact)
	}
	appended, err := w.log.Append(context.Background(), eventstore.Append{Stream: pair.Stream(), Expected: eventstore.NoStream, Events: events})
	require.NoError(w.t, err)
	w.last = appended.Position
}

// project starts a projector that follows, and returns when it has caught up.
func (w *world) project() (stop func()) {
	w.t.Helper()
	runner := projections.New(projections.Options{
		Store: w.log, DSN: w.dsn, Clock: time.Now, London: domaintest.London, Logger: slog.New(slog.DiscardHandler),
	})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- runner.Run(ctx) }()
	stopped := false
	stop = func() {
		if !stopped {
			stopped = true
			cancel()
			require.NoError(w.t, <-ended)
		}
	}
	w.t.Cleanup(stop)
	require.Eventually(w.t, func() bool { return w.position() >= w.last.Uint64() }, patience, 5*time.Millisecond)
	return stop
}

func (w *world) options() rebuild.Options {
	return rebuild.Options{DSN: w.dsn, Store: w.log, London: domaintest.London, Clock: time.Now, Logger: slog.New(slog.DiscardHandler)}
}

// position is what the views show; 0 where nothing answers.
func (w *world) position() uint64 {
	var at eventstore.Position
	if err := w.conn.QueryRow(context.Background(), `SELECT "commit", prepare FROM read.checkpoint`).Scan(&at.Commit, &at.Prepare); err != nil {
		return 0
	}
	return at.Uint64() // a checkpoint may be at the place before the next event
}

func (w *world) answers() (number int) {
	require.NoError(w.t, w.conn.QueryRow(context.Background(), `SELECT version FROM read.checkpoint`).Scan(&number))
	return number
}

// cutOff cancels a rebuild in the middle. The lease is free when Postgres has noticed.
func (w *world) cutOff() {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.t.Context())
	o := w.options()
	o.Progress = func(p rebuild.Progress) {
		if p.Stage == "index" {
			cancel()
		}
	}
	_, err := rebuild.Run(ctx, o)
	require.ErrorIs(w.t, err, context.Canceled)
	require.Eventually(w.t, func() bool {
		held, err := lease.Held(w.t.Context(), w.conn, "rebuild")
		return err == nil && !held
	}, patience, time.Millisecond)
}

func (w *world) exec(sql string) {
	w.t.Helper()
	_, err := w.conn.Exec(context.Background(), sql)
	require.NoError(w.t, err)
}

// schemas are those of all generations that have tables.
func (w *world) schemas() []string {
	rows, err := w.conn.Query(context.Background(), `SELECT nspname::text FROM pg_namespace WHERE nspname ~ '^read_' ORDER BY 1`)
	require.NoError(w.t, err)
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(w.t, err)
	return all
}

// tables is a database without a read model, in which consumers find the table of their
// status.
var tables = testdb.NewTemplate(status.Migrate)

// built is a world with some records, a projector at work and a model that answers.
func built(t *testing.T) (w *world, stop func()) {
	t.Helper()
	w = newWorld(t, tables.New(t))
	for n := range 20 {
		w.write(n)
	}
	return w, w.project()
}
