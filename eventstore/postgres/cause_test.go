package postgres_test

import (
	"crypto/tls"
	"io"
	"net"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"

	"nonassociations/eventstore"
	"nonassociations/eventstore/postgres"
	"nonassociations/internal/dev/freeport"
)

// TestUnreached_postgresNamesWhy asks at each place where no log is found.
func TestUnreached_postgresNamesWhy(t *testing.T) {
	t.Parallel()
	closed := freeport.Address(t)
	foreign := httptest.NewTLSServer(nil)
	t.Cleanup(foreign.Close)
	accept := func(conn net.Conn) {
		_, _ = conn.Write([]byte("S"))
		secure := tls.Server(conn, foreign.TLS)
		_ = secure.HandshakeContext(t.Context())
	}
	const secure, plainly = "?sslmode=verify-full", "?sslmode=disable"
	for name, at := range map[string]struct {
		url   string
		cause eventstore.Cause
	}{
		"a closed port":             {closed + "/x" + plainly, eventstore.CauseRefused},
		"a name that leads nowhere": {"no-such-host.invalid/x" + plainly, eventstore.CauseHostUnknown},
		"no socket":                 {"/x?host=/no-such-folder", eventstore.CauseRefused},
		"TLS against a plain port":  {taking(t, says("N")) + "/x" + secure, eventstore.CauseNoTLS},
		"another authority":         {taking(t, accept) + "/x" + secure, eventstore.CauseNotTrusted},
		"a plain call against TLS":  {taking(t, fails("28000", `no pg_hba.conf entry for host "1.2.3.4", no encryption`)) + "/x" + plainly, eventstore.CauseTLSWanted},
		"a wrong password":          {taking(t, fails("28P01", "password authentication failed")) + "/x" + plainly, eventstore.CauseDenied},
		"a server that starts":      {taking(t, fails("57P03", "the database system is starting up")) + "/x" + plainly, eventstore.CauseNoLeader},
		"a server that hangs up":    {taking(t, says("")) + "/x" + plainly, eventstore.CauseSilent},
		"a server that is silent":   {taking(t, func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }) + "/x" + plainly + "&connect_timeout=1", eventstore.CauseSilent},
	} {
		t.Run(name, func(t *testing.T) {
			store, err := postgres.Open(t.Context(), "postgres://"+at.url, postgres.Options{})
			require.NoError(t, err)
			defer store.Close(t.Context())
			_, err = store.ReadStream(t.Context(), "a", eventstore.Forwards, 0, 1)
			require.Equal(t, at.cause, eventstore.CauseOf(err), "%v", err)
			_, err = store.ReadAll(t.Context(), eventstore.Forwards, eventstore.Start, 1)
			require.Equal(t, at.cause, eventstore.CauseOf(err), "%v", err)
			_, err = store.Append(t.Context(), eventstore.Append{Stream: "a", Expected: eventstore.NoStream, Events: []eventstore.Event{{ID: uuid.New()}}})
			require.Equal(t, at.cause, eventstore.CauseOf(err), "%v", err)
			require.ErrorContains(t, err, string(at.cause))
		})
	}
}

// taking is the address of a server that reads the first message of each session
// and then does what it is told.
func taking(t *testing.T, then func(net.Conn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer conn.Close()
				if _, err := pgproto3.NewBackend(conn, conn).ReceiveStartupMessage(); err == nil {
					then(conn)
				}
			})
		}
	})
	t.Cleanup(func() { listener.Close(); all.Wait() })
	return listener.Addr().String()
}

func says(text string) func(net.Conn) {
	return func(conn net.Conn) { _, _ = io.WriteString(conn, text) }
}

func fails(code, message string) func(net.Conn) {
	return func(conn net.Conn) {
		server := pgproto3.NewBackend(conn, conn)
		server.Send(&pgproto3.ErrorResponse{Severity: "FATAL", Code: code, Message: message})
		_ = server.Flush()
	}
}
