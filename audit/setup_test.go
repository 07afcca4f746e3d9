package audit_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"nonassociations/audit"
	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/eventstore"
	"nonassociations/eventstore/esdb"
	"nonassociations/eventstore/esdbserver"
	"nonassociations/eventstore/memory"
	"nonassociations/eventstore/postgres"
	"nonassociations/internal/dev/testdb"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	alice                       = domaintest.Low
	bob                         = domaintest.High
	carol domain.PrisonerNumber = "C1234CC"
)

var london = domaintest.London

// summer is a day on which London is an hour ahead.
var summer = time.Date(2026, 7, 15, 12, 30, 15, 250_000_000, london)

// logs is a database with the tables of a log.
var logs = testdb.NewTemplate(postgres.Migrate)

// onEveryStore runs a test over each log that needs no server of others.
func onEveryStore(t *testing.T, test func(t *testing.T, b *testLog)) {
	t.Run("memory", func(t *testing.T) {
		store := memory.New()
		t.Cleanup(func() { require.NoError(t, store.Close(context.Background())) })
		test(t, newTestLog(t, store))
	})
	t.Run("esdb", func(t *testing.T) { test(t, newTestLog(t, overGRPC(t, memory.New()))) })
	t.Run("postgres", func(t *testing.T) {
		dsn := logs.New(t)
		store, err := postgres.Open(t.Context(), dsn, postgres.Options{})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, store.Close(context.Background())) })
		test(t, newTestLog(t, store))
	})
}

// overGRPC is the log as the EventStoreDB client sees it, as in production.
func overGRPC(t *testing.T, log eventstore.Store) eventstore.Store {
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server, ended := esdbserver.New(log, esdbserver.Options{}), make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	t.Cleanup(func() {
		server.Kill()
		require.NoError(t, <-ended)
	})
	store, err := esdb.Open(t.Context(), "esdb://"+listener.Addr().String()+"?tls=false", esdb.Options{
		Logger: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close(context.Background())) })
	return store
}

// testLog writes facts by the rules, a command at a time, and reads them back.
type testLog struct {
	t     testing.TB
	store eventstore.Store
	now   time.Time
	asked int
	facts int
}

func newTestLog(t testing.TB, store eventstore.Store) *testLog {
	return &testLog{t: t, store: store, now: summer}
}

func (b *testLog) reader() shapedReader {
	return shapedReader{audit.New(b.store, audit.Options{London: london})}
}

// state folds a pair; facts is then how many it has.
func (b *testLog) state(pair domain.Pair) domain.State {
	b.t.Helper()
	events, err := b.store.ReadStream(context.Background(), pair.Stream(), eventstore.Forwards, 0, 10_000)
	if !errors.Is(err, eventstore.ErrStreamNotFound) {
		require.NoError(b.t, err)
	}
	state := domain.State{Pair: pair}
	for _, recorded := range events {
		fact, err := eventstore.Decode(domain.Events(), recorded)
		require.NoError(b.t, err)
		state = domain.Evolve(state, fact)
	}
	b.facts = len(events)
	return state
}

// does appends what a command of an actor comes to, and gives the id of the
// non-association that it was about.
func (b *testLog) does(pair domain.Pair, source domain.Source, actor string, command domain.Command) uuid.UUID {
	b.t.Helper()
	ctx, state := context.Background(), b.state(pair)
	b.asked++
	by := domain.Cause{
		CommandID: uuid.NewSHA1(uuid.NameSpaceOID, []byte{byte(b.asked >> 8), byte(b.asked)}),
		Actor:     actor, Source: source, About: pair.Numbers()[0],
	}
	decision, err := domain.Decide(state, command, b.now, by)
	require.NoError(b.t, err)
	all := eventstore.Append{Stream: pair.Stream(), Expected: eventstore.Expected(b.facts - 1)}
	for _, fact := range decision.Facts(state, command, b.now, by) {
		all.Events = append(all.Events, eventstore.Encode(fact))
	}
	if len(all.Events) > 0 {
		_, err = b.store.Append(ctx, all)
		require.NoError(b.t, err)
	}
	b.now = b.now.Add(24 * time.Hour)
	return decision.Outcomes[0].NonAssociationID
}

// opens is staff's way to begin one; the larger number is named first.
func (b *testLog) opens(pair domain.Pair) uuid.UUID {
	b.t.Helper()
	first := pair.Numbers()[1]
	return b.does(pair, domain.DPS, "OPENER", domain.Open{
		Comment: "They fight", FirstPrisoner: first, Reason: domain.Threat, Restriction: domain.Landing,
		Roles: map[domain.PrisonerNumber]domain.Role{first: domain.Perpetrator, pair.Other(first): domain.Victim},
	})
}

func (b *testLog) amends(pair domain.Pair, id uuid.UUID, comment string) {
	b.t.Helper()
	b.does(pair, domain.DPS, "AMENDER", domain.Amend{ID: id, Comment: &comment})
}

// asJSON is a value as a reader of the answer sees it.
func asJSON(t testing.TB, value any) map[string]any {
	t.Helper()
	text, err := json.Marshal(value)
	require.NoError(t, err)
	var object map[string]any
	require.NoError(t, json.Unmarshal(text, &object))
	return object
}

func streams(pairs ...domain.Pair) []string {
	names := make([]string, len(pairs))
	for i, pair := range pairs {
		names[i] = pair.Stream()
	}
	return names
}
