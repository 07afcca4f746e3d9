package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"nonassociations/domain"
	"nonassociations/internal/dev/testdb"
	"nonassociations/web/screens/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2026, 7, 15, 12, 0, 0, 0, time.UTC)

// tables is a database with the tables of the store.
var tables = testdb.NewTemplate(store.Migrate)

func key(t *testing.T, fill byte) *store.Key {
	t.Helper()
	secret := make([]byte, store.KeySize)
	for i := range secret {
		secret[i] = fill
	}
	k, err := store.NewKey(secret)
	require.NoError(t, err)
	return k
}

// fixture is a migrated database with a store.
type fixture struct {
	*store.Store

	t   *testing.T
	dsn string
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	dsn := tables.New(t)
	f := &fixture{t: t, dsn: dsn}
	f.Store = f.process(1)
	return f
}

func (f *fixture) process(fill byte) *store.Store {
	f.t.Helper()
	s, err := store.Open(f.t.Context(), f.dsn, key(f.t, fill))
	require.NoError(f.t, err)
	f.t.Cleanup(s.Close)
	return s
}

func (f *fixture) conn() *pgx.Conn {
	f.t.Helper()
	conn, err := pgx.Connect(f.t.Context(), f.dsn)
	require.NoError(f.t, err)
	f.t.Cleanup(func() { _ = conn.Close(f.t.Context()) })
	return conn
}

// view is the nth of a user, a second after the one before.
func view(n int, change func(*store.View)) store.View {
	v := store.View{
		ID: uuid.MustParse(fmt.Sprintf("00000000-0000-4000-8000-%012d", n)), At: noon.Add(time.Duration(n) * time.Second),
		UserName: "OFFICER_A", Page: store.PageList, Route: "/prisoner/{pn}/non-associations", Query: "",
		Subjects: []domain.PrisonerNumber{"A1234BC"}, Shown: []domain.PrisonerNumber{}, Position: 7, Build: "b1", RequestID: uuid.New(),
	}
	if change != nil {
		change(&v)
	}
	return v
}

func (f *fixture) insert(views ...store.View) {
	f.t.Helper()
	for _, v := range views {
		require.NoError(f.t, f.InsertView(f.t.Context(), v))
	}
}

// views are the numbers of those that a filter finds.
func (f *fixture) views(filter store.ViewFilter) (ids []string) {
	f.t.Helper()
	found, err := f.Views(f.t.Context(), filter, store.Cursor{}, 100)
	require.NoError(f.t, err)
	for _, v := range found {
		ids = append(ids, v.ID.String()[34:])
	}
	return ids
}
