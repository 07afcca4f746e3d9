package esdb

import (
	"errors"
	"os"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/eventstore"
	"nonassociations/eventstore/esdbserver"
	"nonassociations/eventstore/memory"
	"nonassociations/eventstore/postgres"
	"nonassociations/eventstore/storetest"
	"nonassociations/internal/dev/testdb"
)

// realServer names a server to hold to the contract too. With it the test
// binary needs nothing else: it can be carried to where the server is.
const realServer = "TEST_ESDB_URL"

func TestConformance(t *testing.T) {
	t.Parallel()
	t.Run("memory", func(t *testing.T) { conform(t, memory.New(), true, esdbserver.Options{}) })
	t.Run("no BatchAppend", func(t *testing.T) { conform(t, memory.New(), true, esdbserver.Options{NoBatchAppend: true}) })
	t.Run("a race of the same append is held up", func(t *testing.T) {
		conform(t, memory.New(), true, esdbserver.Options{HoldSame: 5 * time.Millisecond})
	})
	t.Run("positions in the whole log only", func(t *testing.T) {
		conform(t, placeless{memory.New()}, true, esdbserver.Options{})
	})
	if url := os.Getenv(realServer); url != "" {
		t.Run("real server", func(t *testing.T) { conformReal(t, url) })
		return
	}
	t.Run("postgres", func(t *testing.T) {
		dsn := testdb.New(t)
		require.NoError(t, postgres.Migrate(t.Context(), dsn))
		log, err := postgres.Open(t.Context(), dsn, postgres.Options{})
		require.NoError(t, err)
		t.Cleanup(func() { closed(t, log) })
		conform(t, log, false, esdbserver.Options{})
	})
}

func conform(t *testing.T, log eventstore.Store, plants bool, options esdbserver.Options) {
	t.Parallel()
	server := newServerFixture(t, log, options)
	setup := storetest.Setup{
		Open: func(t testing.TB) eventstore.Store { return server.open(t, Options{}) },
		Restart: func(_ testing.TB, store eventstore.Store) eventstore.Store {
			closed(t, store)
			server.kill(t)
			server.start(t)
			return server.open(t, Options{}) // outlives the test that asked
		},
		Outage: func(t testing.TB, _ eventstore.Store) func() {
			server.kill(t)
			return func() { server.start(t) }
		},
		Own: func(t testing.TB, _ eventstore.Store) { mustAppend(t, log, opening("$own-"+uuid.NewString())) },
	}
	if plants {
		setup.Delete, setup.Tombstone = softDelete, tombstone
	}
	storetest.Run(t, setup)
}

func conformReal(t *testing.T, url string) {
	t.Parallel()
	setup := storetest.Setup{
		Open: func(t testing.TB) eventstore.Store { return open(t, url, Options{}) },
		Restart: func(_ testing.TB, store eventstore.Store) eventstore.Store {
			closed(t, store)
			return open(t, url, Options{}) // outlives the test that asked
		},
	}
	if mayDelete(t, url) {
		setup.Delete, setup.Tombstone = softDelete, tombstone
		setup.Own = func(t testing.TB, store eventstore.Store) { // what a deletion leaves in the stream's metadata
			deleted := opening("storetest-deleted-" + uuid.NewString())
			mustAppend(t, store, deleted)
			softDelete(t, store, deleted.Stream)
		}
	}
	storetest.Run(t, setup)
}

// mayDelete tells whether the user of the URL has the right; in a deployment as
// it should be, a service has not.
func mayDelete(t *testing.T, url string) bool {
	store, scratch := open(t, url, Options{}), opening("storetest-scratch-"+uuid.NewString())
	mustAppend(t, store, scratch)
	_, err := store.client.DeleteStream(within(t, waitTime), scratch.Stream, esdb.DeleteStreamOptions{ExpectedRevision: esdb.Revision(0)})
	denied := errors.Is(store.failure(err, "the right to delete"), eventstore.ErrDenied)
	if !denied {
		require.NoError(t, err)
	}
	return !denied
}

func softDelete(t testing.TB, store eventstore.Store, stream string) {
	_, err := store.(*Store).client.DeleteStream(within(t, waitTime), stream, esdb.DeleteStreamOptions{ExpectedRevision: esdb.Any{}})
	require.NoError(t, err)
}

func tombstone(t testing.TB, store eventstore.Store, stream string) {
	_, err := store.(*Store).client.TombstoneStream(within(t, waitTime), stream, esdb.TombstoneStreamOptions{ExpectedRevision: esdb.Any{}})
	require.NoError(t, err)
}
