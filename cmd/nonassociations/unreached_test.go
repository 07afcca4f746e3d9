package main

import (
	"bufio"
	"encoding/base64"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/cmd/internal/app"
	"nonassociations/eventstore/esdbserver"
	"nonassociations/eventstore/memory"
	"nonassociations/internal/dev/freeport"
)

// unreached are addresses at which no log is, and the kind that the log must name.
func unreached(t *testing.T) map[string]string {
	t.Helper()
	closed := freeport.Address(t)
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.EnableHTTP2, secure.Config.ErrorLog = true, slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	secure.StartTLS()
	t.Cleanup(secure.Close)
	behindTLS := secure.Listener.Addr().String()
	return map[string]string{
		"esdb://" + closed + "?tls=false":                   "refused",
		"kurrentdb://" + closed + "?tls=false":              "refused",
		"esdb://no-such-host.invalid:2113":                  "host unknown",
		"esdb+discover://no-such-host.invalid":              "host unknown",
		"kurrentdb+discover://no-such-host.invalid":         "host unknown",
		"esdb://" + plainServer(t):                          "no TLS there",
		"esdb://" + behindTLS + "?tls=false":                "TLS wanted",
		"esdb://" + behindTLS:                               "certificate not trusted",
		"postgres://" + closed + "/x":                       "refused",
		"postgres://no-such-host.invalid/x?sslmode=require": "host unknown",
	}
}

// plainServer is a log without TLS.
func plainServer(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := esdbserver.New(memory.New(), esdbserver.Options{})
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	t.Cleanup(func() { server.Kill(); require.NoError(t, <-ended) })
	return listener.Addr().String()
}

var roleCommands = [][]string{{"serve"}, {"serve", "--project"}, {"project"}, {"publish"}, {"nomis", "listen"}, {"screens"}}

// TestRun_thatReachesNoLogReportsWhyAndEndsInOrder starts each role at each place,
// and stops it as an orchestrator does.
func TestRun_thatReachesNoLogReportsWhyAndEndsInOrder(t *testing.T) {
	dsn := schemas.New(t)
	i := 0
	for url, kind := range unreached(t) {
		role := roleCommands[i%len(roleCommands)]
		i++
		t.Run(kind+" "+strings.Join(role, " "), func(t *testing.T) {
			t.Parallel()
			lines, code, took := startedAndStopped(t, kind, []string{"EVENTSTORE_URL=" + url, "DATABASE_URL=" + dsn}, role...)
			endedInOrder(t, lines, code, took)
		})
	}
	for _, role := range roleCommands {
		t.Run("Postgres "+strings.Join(role, " "), func(t *testing.T) {
			t.Parallel()
			lines, code, took := startedAndStopped(t, "refused", []string{
				"EVENTSTORE_URL=" + app.Embedded, "DATABASE_URL=postgres://127.0.0.1:1/x",
			}, role...)
			endedInOrder(t, lines, code, took)
		})
	}
}

// Every role, where nothing is heard of the log at all, or of Postgres: the longest
// way to an end.
func TestRole_endsInOrderThoughTheLogIsSilent(t *testing.T) {
	dsn := schemas.New(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0") // takes connections, and reads nothing them
	require.NoError(t, err)
	t.Cleanup(func() { listener.Close() })
	for _, role := range roleCommands {
		t.Run(strings.Join(role, " "), func(t *testing.T) {
			t.Parallel()
			lines, code, took := startedAndStopped(t, "silent", []string{
				"EVENTSTORE_URL=esdb://" + listener.Addr().String() + "?tls=false", "DATABASE_URL=" + dsn,
			}, role...)
			endedInOrder(t, lines, code, took)
			silent := "postgres://" + listener.Addr().String() + "/x?sslmode=disable"
			lines, code, took = startedAndStopped(t, "timeout", []string{"EVENTSTORE_URL=" + app.Embedded, "DATABASE_URL=" + silent}, role...)
			endedInOrder(t, lines, code, took)
		})
	}
}

// TestRole_saysForWhichAddressesPlainTextIsAllowed at each start.
func TestRole_saysForWhichAddressesPlainTextIsAllowed(t *testing.T) {
	for _, role := range roleCommands {
		t.Run(strings.Join(role, " "), func(t *testing.T) {
			t.Parallel()
			lines, code, took := startedAndStopped(t, `"variable":"DATABASE_URL"`, []string{
				"EVENTSTORE_URL=" + app.Embedded, "DATABASE_URL=postgres://no-such-host.invalid/x", "PLAIN_TEXT_ALLOWED=DATABASE_URL,AUTH_JWKS_URL",
			}, role...)
			endedInOrder(t, lines, code, took)
			require.NotContains(t, lines, `"variable":"AUTH_JWKS_URL"`, "which is on this machine")
		})
	}
}

func endedInOrder(t *testing.T, lines string, code int, took time.Duration) {
	t.Helper()
	require.Zero(t, code, lines)
	require.Less(t, took, 10*time.Second)
	require.NotContains(t, lines, "shutdown incomplete")
}

// startedAndStopped runs a role until its log has a word, and then for as long as
// it takes to end; lines are what it logged.
func startedAndStopped(t *testing.T, until string, environment []string, role ...string) (lines string, code int, took time.Duration) {
	t.Helper()
	program := exec.CommandContext(t.Context(), os.Args[0], role...)
	program.Env = append(append(os.Environ(), asProgram+"=yes", "LISTEN_ADDR=127.0.0.1:0", "PUBLIC_URL=https://x.test",
		"AUTH_ISSUER=x", "AUTH_AUDIENCE=x", "AUTH_JWKS_URL=http://127.0.0.1:1/", "SNS_TOPIC_ARN=arn:aws:sns:eu-west-2:000000000000:x",
		"PRISONER_EVENTS_QUEUE_URL=http://127.0.0.1:1/0/x", "PRISONER_SEARCH_URL=http://127.0.0.1:1", "SCREENS_ADDR=127.0.0.1:0", "SCREENS_CLIENT_ID=x",
		"SCREENS_SESSION_KEY="+base64.StdEncoding.EncodeToString(make([]byte, 32)), "AUDIT_QUEUE_URL=http://127.0.0.1:1/0/x", "AWS_EC2_METADATA_DISABLED=true"), environment...)
	logged, err := program.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, program.Start())
	guard := time.AfterFunc(patience, func() { _ = program.Process.Kill() })
	defer guard.Stop()
	var all strings.Builder
	reader := bufio.NewReader(logged)
	for found := false; !found; {
		line, err := reader.ReadString('\n')
		all.WriteString(line)
		require.NoError(t, err, "it never said %q: %s", until, all.String())
		found = strings.Contains(line, until) && !strings.Contains(line, "issuer's keys")
	}
	told := time.Now()
	require.NoError(t, program.Process.Signal(syscall.SIGTERM))
	_, err = io.Copy(&all, reader)
	require.NoError(t, err)
	_ = program.Wait() // how it ended is its exit status
	took = time.Since(told)
	return all.String(), program.ProcessState.ExitCode(), took
}
