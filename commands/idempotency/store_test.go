package idempotency_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"nonassociations/commands"
	"nonassociations/commands/idempotency"
	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/internal/dev/testdb"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = domaintest.Noon.UTC()

// tables is a database with the tables of the store.
var tables = testdb.NewTemplate(idempotency.Migrate)

// fixture is a store with a clock that stands until it is moved.
type fixture struct {
	*idempotency.Store
	dsn string
	now atomic.Pointer[time.Time]
}

func newFixture(t testing.TB) *fixture {
	t.Helper()
	r := &fixture{dsn: tables.New(t)}
	r.at(noon)
	var err error
	r.Store, err = idempotency.Open(t.Context(), r.dsn, idempotency.Options{Clock: func() time.Time { return *r.now.Load() }})
	require.NoError(t, err)
	t.Cleanup(r.Close)
	return r
}

func (r *fixture) at(now time.Time) { r.now.Store(&now) }

func (r *fixture) claim(t testing.TB, key commands.IdempotencyKey, command uuid.UUID) commands.Reservation {
	t.Helper()
	claim, err := r.Reserve(t.Context(), key, command, *r.now.Load())
	require.NoError(t, err)
	return claim
}

func key(client, name, request string) commands.IdempotencyKey {
	k := commands.IdempotencyKey{Client: client, Name: name}
	copy(k.Request[:], request)
	return k
}

func answer(t testing.TB, revision uint64) commands.StoredAnswer {
	t.Helper()
	pair, err := domain.NewPair("A9109UD", "A0135GA")
	require.NoError(t, err)
	return commands.StoredAnswer{Pair: pair, Revision: revision, Position: 77, At: noon}
}

func TestKey_standsForItsFirstCommand(t *testing.T) {
	r, first, k := newFixture(t), uuid.New(), key("ui", "k1", "one")
	require.Equal(t, commands.Reservation{CommandID: first, Since: noon, New: true}, r.claim(t, k, first))

	again := r.claim(t, k, uuid.New())
	require.Equal(t, first, again.CommandID)
	require.False(t, again.New)
	require.Nil(t, again.Stored)

	_, err := r.Reserve(t.Context(), key("ui", "k1", "another"), uuid.New(), noon)
	require.ErrorIs(t, err, commands.ErrOtherRequest)
	for _, other := range []commands.IdempotencyKey{key("visits", "k1", "one"), key("ui", "k2", "one"), key("ui", "K1", "one")} {
		require.True(t, r.claim(t, other, uuid.New()).New, other)
	}
}

func TestFirst_answerStays(t *testing.T) {
	r, command, k := newFixture(t), uuid.New(), key("ui", "k", "one")
	claim := r.claim(t, k, command)
	require.NoError(t, r.Complete(t.Context(), k, claim, answer(t, 3)))
	require.NoError(t, r.Complete(t.Context(), k, claim, answer(t, 9)))
	require.NoError(t, r.Release(t.Context(), k, command), "what was answered is not forgotten")

	kept := r.claim(t, k, uuid.New()).Stored
	require.NotNil(t, kept)
	require.True(t, noon.Equal(kept.At))
	kept.At = noon
	require.Equal(t, answer(t, 3), *kept)
}

func TestFreedKey_isNew(t *testing.T) {
	r, command, k := newFixture(t), uuid.New(), key("ui", "k", "one")
	claim := r.claim(t, k, command)
	require.NoError(t, r.Release(t.Context(), k, uuid.New()), "of another command")
	require.False(t, r.claim(t, k, uuid.New()).New)
	require.NoError(t, r.Release(t.Context(), k, command))

	require.NoError(t, r.Complete(t.Context(), k, claim, answer(t, 1)), "a neighbour of the same command was answered")
	back := r.claim(t, k, uuid.New())
	require.Equal(t, command, back.CommandID)
	require.NotNil(t, back.Stored)
}

func TestAnswer_neverTakesAKeyFromAnotherCommand(t *testing.T) {
	r, k, old := newFixture(t), key("ui", "k", "one"), uuid.New()
	claim := r.claim(t, k, old)
	require.NoError(t, r.Release(t.Context(), k, old))
	young := uuid.New()
	require.True(t, r.claim(t, k, young).New)
	require.NoError(t, r.Complete(t.Context(), k, claim, answer(t, 1)))
	require.Equal(t, young, r.claim(t, k, uuid.New()).CommandID)
	require.Nil(t, r.claim(t, k, uuid.New()).Stored)
}

func TestKey_isNewAfterSevenDays(t *testing.T) {
	r, k, first := newFixture(t), key("ui", "k", "one"), uuid.New()
	claim := r.claim(t, k, first)
	require.NoError(t, r.Complete(t.Context(), k, claim, answer(t, 1)))
	r.at(noon.Add(idempotency.TTL - time.Second))
	require.Equal(t, first, r.claim(t, k, uuid.New()).CommandID)

	r.at(noon.Add(idempotency.TTL))
	second := uuid.New()
	require.True(t, r.claim(t, key("ui", "k", "another request"), second).New)
	again := r.claim(t, key("ui", "k", "another request"), uuid.New())
	require.Equal(t, second, again.CommandID)
	require.Nil(t, again.Stored)
}

func TestPurge_takesWhatIsOver(t *testing.T) {
	r := newFixture(t)
	r.claim(t, key("ui", "old", "x"), uuid.New())
	r.at(noon.Add(time.Hour))
	r.claim(t, key("ui", "young", "x"), uuid.New())
	r.at(noon.Add(idempotency.TTL))
	gone, err := r.Purge(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 1, gone)
	require.False(t, r.claim(t, key("ui", "young", "x"), uuid.New()).New)

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, r.Run(ended), context.Canceled)
}

func TestOne_ofManyClaimsWins(t *testing.T) {
	r, k := newFixture(t), key("ui", "k", "one")
	claims := make([]commands.Reservation, 16)
	var all sync.WaitGroup
	for i := range claims {
		all.Go(func() { claims[i], _ = r.Reserve(context.WithoutCancel(t.Context()), k, uuid.New(), noon) })
	}
	all.Wait()
	fresh := 0
	for _, claim := range claims {
		require.Equal(t, claims[0].CommandID, claim.CommandID)
		if claim.New {
			fresh++
		}
	}
	require.Equal(t, 1, fresh)
}

func TestKeys_belongToOneLog(t *testing.T) {
	r, log := newFixture(t), uuid.New()
	require.NoError(t, r.BindToLog(t.Context(), log))
	require.NoError(t, r.BindToLog(t.Context(), log))
	other := uuid.New()
	require.ErrorIs(t, r.BindToLog(t.Context(), other), idempotency.ErrForeign)

	r.claim(t, key("ui", "k", "one"), uuid.New())
	require.NoError(t, idempotency.Adopt(t.Context(), r.dsn, other))
	require.NoError(t, r.BindToLog(t.Context(), other))
	require.True(t, r.claim(t, key("ui", "k", "another"), uuid.New()).New, "the commands are in the log that was left")
}

func TestMigrating_againAndAtOnceChangesNothing(t *testing.T) {
	dsn, faults := testdb.New(t), make(chan error, 4)
	for range cap(faults) {
		go func() { faults <- idempotency.Migrate(context.WithoutCancel(t.Context()), dsn) }()
	}
	for range cap(faults) {
		require.NoError(t, <-faults)
	}
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	defer conn.Close(context.WithoutCancel(t.Context()))
	_, err = conn.Exec(t.Context(), `INSERT INTO commands.log (store_id) VALUES (gen_random_uuid())`)
	require.NoError(t, err)
	require.NoError(t, idempotency.Migrate(t.Context(), dsn))
	var rows int
	require.NoError(t, conn.QueryRow(t.Context(), `SELECT count(*) FROM commands.log`).Scan(&rows))
	require.Equal(t, 1, rows)
}

// A build before the first release had the keys in a table of another name.
func TestMigrate_keepsTheKeysOfAnEarlierBuild(t *testing.T) {
	r := newFixture(t)
	first := uuid.New()
	require.True(t, r.claim(t, key("ui", "k", "one"), first).New)
	conn, err := pgx.Connect(t.Context(), r.dsn)
	require.NoError(t, err)
	defer conn.Close(context.WithoutCancel(t.Context()))
	_, err = conn.Exec(t.Context(), `
		UPDATE commands.goose_db_version SET version_id = 1 WHERE version_id = 2;
		ALTER TABLE commands.idempotency_keys RENAME TO keys;
		ALTER TABLE commands.keys RENAME COLUMN reserved_at TO claimed_at;
		ALTER INDEX commands.idempotency_keys_pkey RENAME TO keys_pkey;
		ALTER INDEX commands.idempotency_keys_reserved_at RENAME TO keys_claimed_at`)
	require.NoError(t, err)

	require.NoError(t, idempotency.Migrate(t.Context(), r.dsn))
	again := r.claim(t, key("ui", "k", "one"), uuid.New())
	require.False(t, again.New)
	require.Equal(t, first, again.CommandID)
}

func TestOutage_isAnErrorAndPasses(t *testing.T) {
	server := testdb.NewServer(t)
	require.NoError(t, idempotency.Migrate(t.Context(), server.DSN()))
	s, err := idempotency.Open(t.Context(), server.DSN(), idempotency.Options{Clock: func() time.Time { return noon }})
	require.NoError(t, err)
	t.Cleanup(s.Close)
	k, command := key("ui", "k", "one"), uuid.New()
	claim, err := s.Reserve(t.Context(), k, command, noon)
	require.NoError(t, err)

	server.Crash(t)
	_, err = s.Reserve(t.Context(), k, uuid.New(), noon)
	require.Error(t, err)
	require.NotErrorIs(t, err, commands.ErrOtherRequest)
	require.Error(t, s.Complete(t.Context(), k, claim, answer(t, 1)))
	require.Error(t, s.Release(t.Context(), k, command))
	require.Error(t, s.BindToLog(t.Context(), uuid.New()))

	server.Start(t)
	require.Eventually(t, func() bool {
		claim, err = s.Reserve(t.Context(), k, uuid.New(), noon)
		return err == nil
	}, 10*time.Second, 10*time.Millisecond)
	require.Equal(t, command, claim.CommandID, "a claim outlives a crash")
}
