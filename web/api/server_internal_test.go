package api

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestTime_ofTheServerIsLimited walks every time-out that a server of
// net/http has, so that one of a later Go fails here, too.
func TestTime_ofTheServerIsLimited(t *testing.T) {
	server := reflect.ValueOf(Server(http.NotFoundHandler(), slog.New(slog.DiscardHandler))).Elem()
	walked := 0
	for _, field := range reflect.VisibleFields(server.Type()) {
		if !field.IsExported() || field.Type != reflect.TypeFor[time.Duration]() {
			continue
		}
		walked++
		limit := time.Duration(server.FieldByIndex(field.Index).Int())
		require.Positive(t, limit, field.Name)
		require.LessOrEqual(t, limit, 2*time.Minute, field.Name)
	}
	require.Equal(t, 4, walked)
	require.Positive(t, server.FieldByName("MaxHeaderBytes").Int())
}

// far is how long a test waits for what must come much sooner.
const far = 30 * time.Second

// quick are limits of which each but one is far beyond the test.
func quick(change func(*limits)) limits {
	l := limits{header: 10 * far, read: 10 * far, write: 10 * far, idle: 10 * far, headerSize: 1 << 10}
	change(&l)
	return l
}

// withLimits runs a handler with limits, and gives a connection to it.
func withLimits(t *testing.T, limits limits, handler http.HandlerFunc) net.Conn {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server, ended := serverWith(limits, handler, slog.New(slog.DiscardHandler)), make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", listener.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, errors.Join(conn.Close(), server.Close()))
		require.ErrorIs(t, <-ended, http.ErrServerClosed)
	})
	require.NoError(t, conn.SetDeadline(time.Now().Add(far)))
	return conn
}

// isCut requires that the other side ends the connection, and gives what it said.
func isCut(t *testing.T, conn net.Conn) string {
	t.Helper()
	said, err := io.ReadAll(conn)
	require.NotErrorIs(t, err, os.ErrDeadlineExceeded, "the connection is kept for ever")
	return string(said)
}

func TestSlowClient_isCut(t *testing.T) {
	const short = 50 * time.Millisecond
	t.Run("in its headers", func(t *testing.T) {
		conn := withLimits(t, quick(func(l *limits) { l.header = short }), func(http.ResponseWriter, *http.Request) { t.Error("a request came") })
		_, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ")
		require.NoError(t, err)
		isCut(t, conn)
	})
	t.Run("before its first byte", func(t *testing.T) {
		isCut(t, withLimits(t, quick(func(l *limits) { l.header = short }), func(http.ResponseWriter, *http.Request) { t.Error("a request came") }))
	})
	t.Run("in its body", func(t *testing.T) {
		failed := make(chan error, 1)
		conn := withLimits(t, quick(func(l *limits) { l.read = short }), func(_ http.ResponseWriter, r *http.Request) {
			_, err := io.ReadAll(r.Body)
			failed <- err
		})
		_, err := io.WriteString(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
		require.NoError(t, err)
		isCut(t, conn)
		require.ErrorIs(t, <-failed, os.ErrDeadlineExceeded)
	})
	t.Run("in taking its answer", func(t *testing.T) {
		failed := make(chan error, 1)
		conn := withLimits(t, quick(func(l *limits) { l.write = short }), func(w http.ResponseWriter, _ *http.Request) {
			chunk := bytes.Repeat([]byte("x"), 1<<20)
			for range 1024 {
				if _, err := w.Write(chunk); err != nil {
					failed <- err
					return
				}
			}
			failed <- nil
		})
		_, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		require.NoError(t, err)
		select {
		case err := <-failed:
			require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		case <-time.After(far):
			require.NoError(t, conn.Close()) // the handler goes on for ever otherwise
			require.Fail(t, "an answer that nobody takes is waited for")
		}
	})
	t.Run("between two requests", func(t *testing.T) {
		conn := withLimits(t, quick(func(l *limits) { l.idle = short }), func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
		_, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		require.NoError(t, err)
		require.Contains(t, isCut(t, conn), "204 No Content")
	})
	t.Run("with headers without end", func(t *testing.T) {
		conn := withLimits(t, quick(func(*limits) {}), func(http.ResponseWriter, *http.Request) { t.Error("a request came") })
		_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\nX: "+string(bytes.Repeat([]byte("x"), 16<<10)))
		answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
		require.NoError(t, err)
		require.Equal(t, http.StatusRequestHeaderFieldsTooLarge, answer.StatusCode)
		require.NoError(t, answer.Body.Close())
	})
}

// TestReply_thatPassesTheEdgeByIsProtected: a server may refuse before the API
// is asked.
func TestReply_thatPassesTheEdgeByIsProtected(t *testing.T) {
	for _, path := range []string{"/openapi.json", "/non-associations/A9109UD"} {
		w := httptest.NewRecorder()
		unavailable(io.EOF).reply().write(w, httptest.NewRequest(http.MethodGet, path, nil))
		require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
		require.Equal(t, policyStrict, w.Header().Get("Content-Security-Policy"))
		require.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"))
		require.Equal(t, "no-referrer", w.Header().Get("Referrer-Policy"))
	}
}
