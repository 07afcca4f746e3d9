package esdb

import (
	"context"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"nonassociations/eventstore"
	"nonassociations/eventstore/esdbserver"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		// What an outage leaves behind in the client, connections that it forgot
		// to close (defect F), is gRPC's to collect when idle for long.
		goleak.IgnoreAnyFunction("google.golang.org/grpc/internal/grpcsync.(*CallbackSerializer).run"),
		goleak.IgnoreAnyFunction("google.golang.org/grpc.(*addrConn).connect"),
	)
}

// waitTime bounds what must come; nothing is measured by it.
const waitTime = 20 * time.Second

// serverFixture is a server over a log that can be killed and started again at the same
// address.
type serverFixture struct {
	log     eventstore.Store
	options esdbserver.Options
	socket  string
	server  *esdbserver.Server
	ended   chan error
}

func newServerFixture(t testing.TB, log eventstore.Store, options esdbserver.Options) *serverFixture {
	dir, err := os.MkdirTemp("", "esdb") // t.TempDir is too long for a socket
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	r := &serverFixture{log: log, options: options, socket: filepath.Join(dir, "s")}
	r.start(t)
	t.Cleanup(func() { r.kill(t) })
	return r
}

func (r *serverFixture) start(t testing.TB) {
	listener, err := net.Listen("unix", r.socket)
	require.NoError(t, err)
	r.server, r.ended = esdbserver.New(r.log, r.options), make(chan error, 1)
	go func() { r.ended <- r.server.Serve(listener) }()
}

func (r *serverFixture) kill(t testing.TB) {
	if r.server == nil {
		return
	}
	r.server.Kill()
	require.NoError(t, <-r.ended)
	r.server = nil
}

// open makes a store on the fixture, closed at the end of the test, when the server
// is up again.
func (r *serverFixture) open(t testing.TB, options Options) *Store {
	options.Address = "unix:" + r.socket
	return open(t, "esdb://ignored?tls=false&discoveryInterval=5", options)
}

func open(t testing.TB, url string, options Options) *Store {
	options.Logger = slog.New(slog.DiscardHandler)
	store, err := Open(t.Context(), url, options)
	require.NoError(t, err)
	t.Cleanup(func() { closed(t, store) })
	return store
}

// closed closes a store when the test's own context has ended.
func closed(t testing.TB, store eventstore.Store) {
	ctx, cancel := context.WithTimeout(context.Background(), waitTime)
	defer cancel()
	require.NoError(t, store.Close(ctx))
}

func within(t testing.TB, limit time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	t.Cleanup(cancel)
	return ctx
}

func opening(stream string) eventstore.Append {
	return following(stream, eventstore.NoStream)
}

func following(stream string, expected eventstore.Expected) eventstore.Append {
	return eventstore.Append{Stream: stream, Expected: expected, Events: []eventstore.Event{
		{ID: uuid.New(), Type: "happened.v1", Data: []byte(`{"a":1}`), Metadata: []byte(`{}`)},
	}}
}

func mustAppend(t testing.TB, store eventstore.Store, wanted eventstore.Append) eventstore.Appended {
	t.Helper()
	appended, err := store.Append(within(t, waitTime), wanted)
	require.NoError(t, err)
	return appended
}

// bothWays runs a test with a server that has BatchAppend and with one that has not,
// where the client's own append is used.
func bothWays(t *testing.T, test func(t *testing.T, alone bool)) {
	t.Run("by one call", func(t *testing.T) { test(t, false) })
	t.Run("one by one", func(t *testing.T) { test(t, true) })
}
