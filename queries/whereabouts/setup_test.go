package whereabouts_test

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"nonassociations/commands"
	"nonassociations/domain"
	"nonassociations/internal/dev/estate"
	"nonassociations/internal/dev/prisonersearch"
	"nonassociations/internal/dev/readmodel"
	"nonassociations/internal/dev/testdb"
	"nonassociations/projections"
	"nonassociations/queries"
	"nonassociations/queries/directory"
	"nonassociations/queries/whereabouts"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2026, 7, 15, 12, 0, 0, 0, time.UTC)

// people are those whom the stand-in of the directory knows; a test moves them.
type people struct {
	mu  sync.Mutex
	all []estate.Prisoner
}

func (p *people) Find(number domain.PrisonerNumber) (estate.Prisoner, bool) {
	for _, person := range p.People() {
		if person.Number == number {
			return person, true
		}
	}
	return estate.Prisoner{}, false
}

func (p *people) People() []estate.Prisoner {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.all)
}

// personAt is somebody at a place.
func personAt(number domain.PrisonerNumber, prison, text string) estate.Prisoner {
	person := estate.Prisoner{Number: number, FirstName: "First" + string(number), LastName: "Last" + string(number), PrisonID: prison, CellLocation: text}
	if prison == "XAA" {
		person.PrisonName = "Example A (HMP)"
	}
	return person
}

// put puts somebody somewhere.
func (p *people) put(number domain.PrisonerNumber, prison, text string, changes ...func(*estate.Prisoner)) {
	person := personAt(number, prison, text)
	for _, change := range changes {
		change(&person)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all = append(slices.DeleteFunc(p.all, func(other estate.Prisoner) bool { return other.Number == number }), person)
}

func inHospital(p *estate.Prisoner) { p.RestrictedPatient = true }

// where is the whole way: commands, a log, a projection, a reader, and a directory that
// calls a stand-in over HTTP.
type where struct {
	*whereabouts.Service

	t        testing.TB
	people   *people
	search   *prisonersearch.StandIn
	commands *commands.Handler
	position uint64
	conn     *pgx.Conn
	reads    *countedReads

	mu  sync.Mutex
	now time.Time
}

func (w *where) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *where) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// tables is a database with the read model of an empty log.
var tables = testdb.NewTemplate(readmodel.Migrate)

func newWhere(t testing.TB) *where {
	t.Helper()
	w := &where{t: t, people: &people{}, now: noon}
	dsn := tables.New(t)
	log, err := readmodel.NewLog(t.Context())
	require.NoError(t, err)
	runner := projections.New(projections.Options{
		Store: log, DSN: dsn, Generation: projections.FirstGeneration, Clock: time.Now, Logger: slog.New(slog.DiscardHandler),
	})
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- runner.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-done)
	})
	reader, err := queries.Open(t.Context(), dsn, queries.Options{Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	t.Cleanup(reader.Close)
	w.conn, err = pgx.Connect(context.Background(), dsn)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.conn.Close(context.Background())) })

	search, err := prisonersearch.Serve(t.Context(), w.people)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, search.Stop()) })
	w.search = search.StandIn
	found := directory.New(t.Context(), directory.Options{URL: search.URL(), Clock: w.clock})
	t.Cleanup(found.Close)
	w.reads = &countedReads{Reader: reader}
	w.commands = commands.New(log, commands.Options{Clock: w.clock, Locator: reader})
	w.Service = whereabouts.New(whereabouts.Options{
		Reads: w.reads, Directory: found, WingParts: domain.WingParts{"XAW": 2}, Clock: w.clock,
		Head: func(ctx context.Context) (uint64, error) {
			position, err := w.commands.Head(ctx)
			return position.Uint64(), err
		},
	})
	require.Eventually(t, func() bool { _, err := reader.OpenOf(t.Context(), nil, "2026-07-15", 0); return err == nil }, time.Minute, time.Millisecond)
	return w
}

// apart records that NOMIS keeps a pair apart, and returns the id.
func (w *where) apart(one, other domain.PrisonerNumber, code domain.TypeCode, from domain.LocalDateTime) uuid.UUID {
	w.t.Helper()
	pair, err := domain.NewPair(one, other)
	require.NoError(w.t, err)
	told, err := w.commands.Sync(w.t.Context(), domain.Cause{CommandID: uuid.New(), Actor: "SOMEBODY", Source: domain.NOMIS}, []commands.PairSync{{
		Pair: pair, Sync: domain.Sync{About: one, Items: []domain.Item{{
			EffectiveDate: from, TypeCode: code,
			ReasonCodes: map[domain.PrisonerNumber]domain.ReasonCode{one: domain.CodeBullying, other: domain.CodePerpetrator},
		}}},
	}})
	require.NoError(w.t, err)
	w.position = told.Position.Uint64()
	return told.Outcomes[0][0].NonAssociationID
}

// merge writes that a number was merged into another by one more fact, as the projection
// does.
func (w *where) merge(removed, survivor domain.PrisonerNumber) {
	w.t.Helper()
	_, err := w.conn.Exec(w.t.Context(), `INSERT INTO read_1.merge (message, removed, survivor, position, taken_back) VALUES ($1, $2, $3, 1, false)`,
		uuid.New(), removed, survivor)
	require.NoError(w.t, err)
	_, err = w.conn.Exec(w.t.Context(), `UPDATE read_1.checkpoint SET trail = sha256(trail)`)
	require.NoError(w.t, err)
}

const longAgo = "2020-01-01T00:00:00"
