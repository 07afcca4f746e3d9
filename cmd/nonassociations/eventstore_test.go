package main

import (
	"crypto/tls"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/eventstore"
	"nonassociations/eventstore/esdbserver"
	"nonassociations/eventstore/memory"
	"nonassociations/internal/dev/testcert"
)

// cluster is a server that keeps rights; its address is that of a user.
type cluster struct {
	log, system *memory.Store
	address     func(user string) string
}

func newCluster(t *testing.T, users ...string) cluster {
	t.Helper()
	c := cluster{log: memory.New(), system: memory.New()}
	caFile, certificate := testcert.New(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	rights := &esdbserver.Rights{Users: map[string]string{"admin": "secret"}, Admins: []string{"admin"}, System: c.system}
	for _, user := range users {
		rights.Users[user] = "secret"
	}
	server := esdbserver.New(c.log, esdbserver.Options{
		TLS: &tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: []string{"h2"}}, Rights: rights,
	})
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	t.Cleanup(func() { server.Kill(); require.NoError(t, <-ended) })
	_, port, err := net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)
	c.address = func(user string) string {
		return "esdb://" + user + ":secret@localhost:" + port + "?tls=true&tlsCaFile=" + caFile
	}
	return c
}

// written are the events of the system's streams, by their stream.
func (c cluster) written(t *testing.T) map[string][]string {
	t.Helper()
	all, err := c.system.ReadAll(t.Context(), eventstore.Forwards, eventstore.Start, 100)
	require.NoError(t, err)
	by := map[string][]string{}
	for _, event := range all {
		by[event.Stream] = append(by[event.Stream], string(event.Data))
	}
	return by
}

// TestGrant_setsWhatDeployShows: the files in deploy are what the command sets by
// default, to be read and to be set by other means.
func TestGrant_setsWhatDeployShows(t *testing.T) {
	c := newCluster(t)
	text, status := printed(t, "eventstore", "grant", "--admin", c.address("admin"))
	require.Zero(t, status, text)
	for stream, file := range map[string]string{"$$$all": "all-acl.json", "$settings": "default-acl.json"} {
		shown, err := os.ReadFile(filepath.Join("..", "..", "deploy", "eventstore", file))
		require.NoError(t, err)
		require.Len(t, c.written(t)[stream], 1)
		require.JSONEq(t, c.written(t)[stream][0], string(shown), "%s must be %s", file, c.written(t)[stream][0])
	}
}

func TestGrant_reportsWhatItChangesAndChangesNothingTwice(t *testing.T) {
	c := newCluster(t)
	args := []string{"eventstore", "grant", "--admin", c.address("admin")}
	text, status := printed(t, append(args, "--dry-run")...)
	require.Zero(t, status)
	require.Equal(t, 2, strings.Count(text, " would be changed from nothing to "))
	require.Empty(t, c.written(t))
	text, status = printed(t, args...)
	require.Zero(t, status)
	require.Equal(t, 2, strings.Count(text, " was changed from nothing to "))
	require.NotContains(t, text, "secret")
	once := c.written(t)
	text, status = printed(t, args...)
	require.Zero(t, status)
	require.Equal(t, 2, strings.Count(text, " is as it should be: "))
	require.Equal(t, once, c.written(t))

	t.Setenv("EVENTSTORE_ADMIN_URL", c.address("admin"))
	text, status = printed(t, "eventstore", "grant", "--serve", "one,two", "--screens", "two", "--listen", "one", "--work", "one", "--project", "three", "--publish", "three", "--evidence", "three")
	require.Zero(t, status)
	require.Equal(t, 2, strings.Count(text, " was changed from {"))
	require.JSONEq(t, `["$admins","one","two"]`, told(t, c.written(t)["$settings"][1], "$userStreamAcl", "$w"))
	require.JSONEq(t, `["$admins","one","three","two"]`, told(t, c.written(t)["$settings"][1], "$userStreamAcl", "$r"))
}

// told is a part of a JSON text.
func told(t *testing.T, text string, path ...string) string {
	t.Helper()
	for _, key := range path {
		var whole map[string]json.RawMessage
		require.NoError(t, json.Unmarshal([]byte(text), &whole))
		text = string(whole[key])
	}
	return text
}

func TestCheck_reportsWhatIsMissingAndWhatIsTooMuch(t *testing.T) {
	c := newCluster(t, "nonassociations-serve", "nonassociations-project", "nonassociations-listen", "nonassociations-publish", "nonassociations-screens", "nonassociations-work")
	t.Setenv("EVENTSTORE_URL", c.address("nonassociations-serve"))
	text, status := printed(t, "eventstore", "check")
	require.Equal(t, 1, status)
	for _, line := range []string{
		"nonassociations-serve, as serve:", "may read streams: as it should be", "may not read $all: missing", "may not subscribe to $all: missing",
		"may append: as it should be", "may delete streams: too much", "may tombstone streams: too much", "may set metadata: too much",
		"may not change the rights of the cluster: as it should be",
	} {
		require.Contains(t, text, line)
	}
	_, status = printed(t, "eventstore", "grant", "--admin", c.address("admin"))
	require.Zero(t, status)
	before := c.written(t)
	for _, role := range []string{"serve", "screens", "listen", "work", "project", "publish"} {
		t.Setenv("EVENTSTORE_URL", strings.Replace(c.address("nonassociations-"+role), "esdb://", "kurrentdb://", 1))
		text, status = printed(t, "eventstore", "check", "--role", role, "--json")
		require.Zero(t, status, text)
		require.Equal(t, 1, strings.Count(text, "\n"), "one JSON object")
		require.JSONEq(t, `true`, told(t, text, "ok"))
		require.JSONEq(t, `"nonassociations-`+role+`"`, told(t, text, "user"))
	}
	t.Setenv("EVENTSTORE_URL", c.address("nonassociations-serve"))
	text, status = printed(t, "eventstore", "check", "--role", "project", "--json")
	require.Equal(t, 1, status)
	require.JSONEq(t, `["append"]`, told(t, text, "tooMuch"))
	t.Setenv("EVENTSTORE_URL", c.address("nonassociations-project"))
	text, status = printed(t, "eventstore", "check", "--json")
	require.Equal(t, 1, status)
	require.JSONEq(t, `["append"]`, told(t, text, "missing"))
	require.Equal(t, before, c.written(t), "asking leaves nothing")
	all, err := c.log.ReadAll(t.Context(), eventstore.Forwards, eventstore.Start, 1)
	require.NoError(t, err)
	require.Empty(t, all)
}

func TestRights_thatCannotBeReadAreNoResult(t *testing.T) {
	c := newCluster(t)
	for name, address := range map[string]string{
		"a wrong password": strings.Replace(c.address("admin"), "secret", "guess", 1), "plain text": "esdb://admin:secret@far.test?tls=false",
		"a log in Postgres": "postgres://localhost/x", "embedded": "embedded", "no address": "", "another scheme": "http://localhost",
	} {
		t.Setenv("EVENTSTORE_URL", address)
		text, status := printed(t, "eventstore", "check", "--json")
		require.Equal(t, 2, status, name)
		require.Empty(t, text)
		_, status = printed(t, "eventstore", "grant", "--admin", address)
		require.Equal(t, 2, status, name)
	}
	for _, args := range [][]string{{"grant"}, {"check", "--role", "admin"}} {
		_, status := printed(t, append([]string{"eventstore"}, args...)...)
		require.Equal(t, 80, status)
	}
	_, status := printed(t, "eventstore", "grant", "--admin", c.address("admin"), "--serve", "$all")
	require.Equal(t, 1, status)
	require.Empty(t, c.written(t))
}
