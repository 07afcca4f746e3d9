package api_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/web/api"
)

// limited serves a test server by so many connections at once.
func limited(t *testing.T, h http.Handler, most int) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	connections := api.LimitConnections(listener, most)
	server, ended := api.Server(h, slog.New(slog.DiscardHandler)), make(chan error, 1)
	connections.Bind(server)
	go func() { ended <- server.Serve(connections) }()
	t.Cleanup(func() {
		require.NoError(t, server.Close())
		require.ErrorIs(t, <-ended, http.ErrServerClosed)
	})
	return listener.Addr().String()
}

// caller is one connection.
type caller struct {
	net.Conn

	t    *testing.T
	read *bufio.Reader
}

func dial(t *testing.T, address string) *caller {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(soon)))
	return &caller{conn, t, bufio.NewReader(conn)}
}

// ask sends one request; an answer that does not come is an error.
func (c *caller) ask(method, path, body string) (*http.Response, string, error) {
	c.t.Helper()
	_, err := fmt.Fprintf(c, "%s %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", method, path, len(body), body)
	if err != nil {
		return nil, "", err
	}
	answer, err := http.ReadResponse(c.read, &http.Request{Method: method})
	if err != nil {
		return nil, "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return answer, string(text), err
}

// served is a connection that is let in.
func (c *caller) served() bool {
	c.t.Helper()
	answer, _, err := c.ask(http.MethodGet, "/health/ping", "")
	require.NoError(c.t, err)
	return answer.StatusCode == http.StatusOK
}

func TestConnections_beyondTheLimitAreRefused(t *testing.T) {
	h := newTestServer(t)
	address := limited(t, h, 2)
	first, second := dial(t, address), dial(t, address)
	require.True(t, first.served())
	require.True(t, second.served())

	values := strings.NewReplacer("{reference}", "A9109UD", "{prisonerNumber}", "A9109UD", "{id}", anID, "*", "index.html")
	for _, route := range append(h.Routes(), "GET /nowhere", "TRACE /sync") {
		method, path, _ := strings.Cut(route, " ")
		beyond := dial(t, address)
		answer, text, err := beyond.ask(method, values.Replace(path), map[bool]string{true: strings.Repeat("x", 100_000)}[method != http.MethodGet])
		require.NoError(t, err, route)
		require.True(t, answer.Close, "%s: the connection ends", route)
		_, err = beyond.read.ReadByte()
		require.Error(t, err)
		if path == "/health/liveness" {
			require.Equal(t, http.StatusOK, answer.StatusCode, "a process that is busy is not dead")
			continue
		}
		var said errorBody
		require.NoError(t, json.Unmarshal([]byte(text), &said), "%s: %s", route, text)
		full(t, answer.Header, answer.StatusCode, said)
	}
	require.True(t, first.served(), "the others go on")
	require.NoError(t, second.Close())
	require.Eventually(t, func() bool { return dial(t, address).served() }, soon, time.Millisecond, "one that ended is given back")
}

// headerTime is how long the server lets a connection say nothing.
const headerTime = 5 * time.Second

// Connections that say nothing must not pile up beyond the limit either.
func TestConnectionsFarBeyond_areClosed(t *testing.T) {
	address := limited(t, newTestServer(t), 1)
	require.True(t, dial(t, address).served())
	idle := make([]*caller, 140)
	for i := range idle {
		idle[i] = dial(t, address)
	}
	for _, c := range idle[130:] {
		require.NoError(t, c.SetReadDeadline(time.Now().Add(headerTime/2)))
		_, err := c.read.ReadByte()
		require.Error(t, err)
		require.NotErrorIs(t, err, os.ErrDeadlineExceeded, "it is closed at once")
	}
}

func TestConnections_servedByDefault(t *testing.T) {
	require.Equal(t, 2048, api.DefaultConnections)
	require.Equal(t, 64, api.DefaultWaiters)
	address := limited(t, newTestServer(t), 0)
	for range 200 {
		require.True(t, dial(t, address).served())
	}
}
