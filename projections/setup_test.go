package projections_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/eventstore/consumer/status"
	"nonassociations/eventstore/memory"
	"nonassociations/internal/dev/testdb"
	"nonassociations/projections"
)

// TestMain lets more tests run at once than there are processors: most of their time
// they wait for the timers of a consumer, each with a database of its own.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "8"); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m)
}

var noon = time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)

// logWriter writes what commands would, straight into a log.
type logWriter struct {
	t      require.TestingT
	log    eventstore.Store
	states map[domain.Pair]domain.State
	next   map[domain.Pair]eventstore.Expected
	serial byte
	last   eventstore.Position
	now    time.Time

	removals    map[domain.PrisonerNumber]domain.Removal
	numberFacts map[domain.PrisonerNumber]uint64
}

// newLog is a log with an id, and its writer.
func newLog(t require.TestingT) *logWriter {
	log := memory.New()
	_, err := eventstore.WriteIdentity(context.Background(), log, uuid.New())
	require.NoError(t, err)
	return &logWriter{
		t: t, log: log, states: map[domain.Pair]domain.State{}, next: map[domain.Pair]eventstore.Expected{}, now: noon,
		removals: map[domain.PrisonerNumber]domain.Removal{}, numberFacts: map[domain.PrisonerNumber]uint64{},
	}
}

func pairOf(t require.TestingT, one, other string) domain.Pair {
	pair, err := domain.NewPair(domain.PrisonerNumber(one), domain.PrisonerNumber(other))
	require.NoError(t, err)
	return pair
}

// execute decides and appends; a refusal appends nothing.
func (s *logWriter) execute(pair domain.Pair, source domain.Source, command domain.Command) {
	state, known := s.states[pair]
	if !known {
		state, s.next[pair] = domain.State{Pair: pair}, eventstore.NoStream
	}
	s.serial++
	by := domain.Cause{
		CommandID: uuid.NewSHA1(uuid.NameSpaceOID, fmt.Append(nil, pair, s.serial, s.next[pair])),
		Actor:     "STAFF", Source: source, About: pair.Numbers()[0],
	}
	decision, err := domain.Decide(state, command, s.now, by)
	if err != nil || len(decision.Events) == 0 {
		return
	}
	facts := decision.Facts(state, command, s.now, by)
	events := make([]eventstore.Event, len(facts))
	for i, fact := range facts {
		state, events[i] = domain.Evolve(state, fact), eventstore.Encode(fact)
	}
	appended, err := s.log.Append(context.Background(), eventstore.Append{Stream: pair.Stream(), Expected: s.next[pair], Events: events})
	require.NoError(s.t, err)
	s.states[pair], s.next[pair] = state, eventstore.Exactly(appended.Revision)
	s.last = appended.Position
}

func text[T ~string](s T) *T { return &s }

func (s *logWriter) sync(pair domain.Pair, items ...domain.Item) {
	s.execute(pair, domain.NOMIS, domain.Sync{About: pair.Numbers()[0], Items: items})
}

func item(pair domain.Pair, effective string, low, high domain.ReasonCode) domain.Item {
	numbers := pair.Numbers()
	return domain.Item{
		AuthorisedBy: text("A. Officer"), Comment: text("keep \"apart\" <&> é"), EffectiveDate: domain.LocalDateTime(effective),
		ReasonCodes: map[domain.PrisonerNumber]domain.ReasonCode{numbers[0]: low, numbers[1]: high}, TypeCode: domain.TypeWing,
	}
}

// running is a runner at work.
type running struct {
	*projections.Runner
	commits chan uint64
	done    chan struct{}
	err     error // of Run, when done
	stop    context.CancelFunc
}

func start(t testing.TB, log eventstore.Store, dsn string, change ...func(*projections.Options)) *running {
	options := projections.Options{Store: log, DSN: dsn, Generation: projections.FirstGeneration, Clock: time.Now, Logger: slog.New(slog.DiscardHandler)}
	for _, c := range change {
		c(&options)
	}
	r := &running{commits: make(chan uint64, 100_000), done: make(chan struct{})}
	options.OnCommit = func(position uint64) { r.commits <- position }
	r.Runner = projections.New(options)
	ctx, stop := context.WithCancel(context.Background())
	r.stop = stop
	go func() {
		defer close(r.done)
		r.err = r.Run(ctx)
	}()
	t.Cleanup(r.end)
	return r
}

// end stops the runner and waits for it.
func (r *running) end() {
	r.stop()
	<-r.done
}

// ends waits for a runner that stops by itself.
func (r *running) ends(t testing.TB) error {
	select {
	case <-r.done:
		return r.err
	case <-time.After(patience):
		require.Failf(t, "still running", "%+v", r.Status())
		return nil
	}
}

// reaches waits until a position has been committed.
func (r *running) reaches(t testing.TB, position eventstore.Position) {
	t.Helper()
	r.reachesWithin(t, position, patience)
}

func (r *running) reachesWithin(t testing.TB, position eventstore.Position, limit time.Duration) {
	t.Helper()
	deadline := time.After(limit)
	for {
		select {
		case at := <-r.commits:
			if at >= position.Uint64() {
				return
			}
		case <-deadline:
			require.Failf(t, "position not reached", "%s; status %+v", position, r.Status())
		}
	}
}

func connect(t testing.TB, dsn string) *pgx.Conn {
	conn, err := pgx.Connect(context.Background(), dsn)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close(context.Background())) })
	return conn
}

// contents is every row of the read model's tables, in order. The checkpoint is
// left out: the position of a checkpoint does not depend on the rows.
func contents(t testing.TB, conn *pgx.Conn) []string {
	return contentsOf(t, conn, projections.FirstGeneration)
}

func contentsOf(t testing.TB, conn *pgx.Conn, generation projections.Generation) []string {
	var all []string
	for _, table := range []string{"pair", "non_association", "prisoner", "merge", "mapping", "fact_index"} {
		rows, err := conn.Query(context.Background(), `SELECT row_to_json(t)::text FROM `+generation.Schema()+`.`+table+` t ORDER BY 1`)
		require.NoError(t, err)
		found, err := pgx.CollectRows(rows, pgx.RowTo[string])
		require.NoError(t, err)
		all = append(all, found...)
	}
	return all
}

func document(t testing.TB, conn *pgx.Conn, number string) string {
	var document string
	err := conn.QueryRow(context.Background(), `SELECT document FROM read.prisoner WHERE prisoner_number = $1`, number).Scan(&document)
	require.NoError(t, err)
	require.True(t, json.Valid([]byte(document)))
	return document
}

// tables is a database without a read model, in which consumers find the table of their
// status.
var tables = testdb.NewTemplate(status.Migrate)

func database(t testing.TB) (string, *pgx.Conn) {
	dsn := tables.New(t)
	return dsn, connect(t, dsn)
}
