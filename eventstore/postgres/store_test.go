package postgres_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"nonassociations/eventstore"
	"nonassociations/eventstore/postgres"
	"nonassociations/eventstore/storetest"
	"nonassociations/internal/dev/testdb"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// tables is a database with the schema.
var tables = testdb.NewTemplate(postgres.Migrate)

func TestContract(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	storetest.Run(t, storetest.Setup{
		Open: func(t testing.TB) eventstore.Store { return open(t, dsn) },
		Restart: func(t testing.TB, store eventstore.Store) eventstore.Store {
			require.NoError(t, store.Close(context.Background()))
			return open(t, dsn)
		},
		Outage: func(t testing.TB, _ eventstore.Store) func() { return outage(t, dsn) },
	})
}

// migrated is a database with the schema.
func migrated(t testing.TB) string {
	t.Helper()
	return tables.New(t)
}

func open(t testing.TB, dsn string) *postgres.Store { return opened(t, dsn, postgres.Options{}) }

func opened(t testing.TB, dsn string, options postgres.Options) *postgres.Store {
	store, err := postgres.Open(t.Context(), dsn, options)
	require.NoError(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		require.NoError(t, store.Close(ctx))
	})
	return store
}

// connect opens a connection of the test's own to a database of the same
// server; "" is the store's.
func connect(t testing.TB, dsn, database string) *pgx.Conn {
	config, err := pgx.ParseConfig(dsn)
	require.NoError(t, err)
	if database != "" {
		config.Database = database
	}
	conn, err := pgx.ConnectConfig(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func nameOf(t testing.TB, dsn string) string {
	config, err := pgx.ParseConfig(dsn)
	require.NoError(t, err)
	return config.Database
}

// outage ends every connection to the database and lets no new one in.
func outage(t testing.TB, dsn string) (restore func()) {
	admin, name := connect(t, dsn, "postgres"), nameOf(t, dsn)
	_, err := admin.Exec(t.Context(), fmt.Sprintf("ALTER DATABASE %s ALLOW_CONNECTIONS false", name))
	require.NoError(t, err)
	terminate(t, admin, name)
	return func() {
		_, err := admin.Exec(t.Context(), fmt.Sprintf("ALTER DATABASE %s ALLOW_CONNECTIONS true", name))
		require.NoError(t, err)
	}
}

// terminate ends every connection to the database, once.
func terminate(t testing.TB, admin *pgx.Conn, name string) {
	_, err := admin.Exec(t.Context(), "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()", name)
	require.NoError(t, err)
}

func events(n int) []eventstore.Event { return eventsOf(n, []byte(`{"n":1}`)) }
