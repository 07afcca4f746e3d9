package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"nonassociations/domain"
	"nonassociations/internal/dev/testdb"
	"nonassociations/nomis/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	patience = 20 * time.Second
	poll     = 5 * time.Millisecond
)

var noon = time.Date(2026, 7, 15, 12, 0, 0, 0, time.UTC)

// tables is a database with the tables of the store.
var tables = testdb.NewTemplate(store.Migrate)

// fixture is a migrated database with a store.
type fixture struct {
	*store.Store

	t   *testing.T
	dsn string
}

func newFixture(t *testing.T) fixture {
	t.Helper()
	dsn := tables.New(t)
	return fixture{open(t, dsn), t, dsn}
}

func open(t *testing.T, dsn string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), dsn)
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

func (f fixture) locks() *store.PairLocks {
	f.t.Helper()
	l, err := store.OpenPairLocks(f.t.Context(), f.dsn)
	require.NoError(f.t, err)
	f.t.Cleanup(l.Close)
	return l
}

func (f fixture) get(pair domain.Pair) store.DuePair {
	f.t.Helper()
	row, err := f.Get(f.t.Context(), pair)
	require.NoError(f.t, err)
	return row
}

func (f fixture) ring(now time.Time, rings ...store.Ring) {
	f.t.Helper()
	require.NoError(f.t, f.Ring(f.t.Context(), now, rings...))
}

func (f fixture) next(now time.Time) []store.DuePair {
	f.t.Helper()
	rows, err := f.Next(f.t.Context(), now, store.DuePair{}, 100)
	require.NoError(f.t, err)
	return rows
}

func (f fixture) exec(sql string) {
	f.t.Helper()
	conn, err := pgx.Connect(f.t.Context(), f.dsn)
	require.NoError(f.t, err)
	defer conn.Close(f.t.Context())
	_, err = conn.Exec(f.t.Context(), sql)
	require.NoError(f.t, err)
}

// pairOf is a pair of two made-up prisoners.
func pairOf(t *testing.T, n int) domain.Pair {
	t.Helper()
	pair, err := domain.ParsePair(fmt.Sprintf("A%04dAA_B%04dBB", n, n))
	require.NoError(t, err)
	return pair
}

func ourEvent(id string) store.Cause  { return store.Cause{Kind: store.OurEvent, ID: id} }
func upserted(id string) store.Cause  { return store.Cause{Kind: store.NOMISUpserted, ID: id} }
func deletedBy(id string) store.Cause { return store.Cause{Kind: store.NOMISDeleted, ID: id} }

var swept = store.Cause{Kind: store.Swept, Text: "pending since 12:00"}

func TestMigrating_againAndAtOnceChangesNothing(t *testing.T) {
	dsn, faults := testdb.New(t), make(chan error, 4)
	for range cap(faults) {
		go func() { faults <- store.Migrate(t.Context(), dsn) }()
	}
	for range cap(faults) {
		require.NoError(t, <-faults)
	}
}
