package esdb

import (
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nonassociations/eventstore"
	"nonassociations/eventstore/esdbserver"
	"nonassociations/eventstore/memory"
	"nonassociations/internal/dev/doubles"
	"nonassociations/internal/dev/freeport"
)

// unreachable is a place a log is looked for in vain.
type unreachable struct {
	url   string
	cause eventstore.Cause
}

// served is a server at a port of its own, and that port.
func served(t *testing.T, options esdbserver.Options) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	return servedAt(t, listener, options)
}

// servedAt is a server at a listener, and its port.
func servedAt(t *testing.T, listener net.Listener, options esdbserver.Options) string {
	server := esdbserver.New(memory.New(), options)
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	t.Cleanup(func() { server.Kill(); require.NoError(t, <-ended) })
	_, port, err := net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)
	return port
}

// taker accepts connections and does with each what it is told, which ends with it.
func taker(t *testing.T, then func(net.Conn)) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			all.Go(func() { defer conn.Close(); then(conn) })
		}
	})
	t.Cleanup(func() { listener.Close(); all.Wait() })
	_, port, err := net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)
	return port
}

func closedPort(t *testing.T) string { return strconv.Itoa(freeport.New(t)) }

// swallow reads until the other side leaves, and says nothing.
func swallow(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }

func unreachables(t *testing.T) map[string]unreachable {
	caFile, certificate := authority(t)
	otherFile, _ := authority(t)
	secure := &tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: []string{"h2"}}
	plain, behindTLS, closed := served(t, esdbserver.Options{}), served(t, esdbserver.Options{TLS: secure}), closedPort(t)
	noLeader := served(t, esdbserver.Options{Members: func() []esdbserver.Member {
		return []esdbserver.Member{{Host: "localhost", Port: 1, Alive: true}, {Host: "localhost", Port: 2, Leader: true}}
	}})
	lostLeader := served(t, esdbserver.Options{Members: func() []esdbserver.Member {
		return []esdbserver.Member{{Host: "127.0.0.1", Port: port(t, closed), Alive: true, Leader: true}}
	}})
	electing := served(t, esdbserver.Options{Before: func(context.Context, string) error {
		return status.Error(codes.Unavailable, "Server Is Not Ready")
	}})
	demanding := secure.Clone()
	demanding.ClientAuth = tls.RequireAnyClientCert
	const plainly, tlsWith = "?tls=false", "?tls=true&tlsCaFile="
	return map[string]unreachable{
		"a closed port":                        {"esdb://127.0.0.1:" + closed + plainly, eventstore.CauseRefused},
		"a closed port, TLS":                   {"esdb://localhost:" + closed + tlsWith + caFile, eventstore.CauseRefused},
		"two closed ports":                     {"esdb://127.0.0.1:" + closed + ",127.0.0.1:" + closedPort(t) + plainly, eventstore.CauseRefused},
		"a closed port of a newer spelling":    {"kurrentdb://127.0.0.1:" + closed + plainly, eventstore.CauseRefused},
		"a name that leads nowhere":            {"esdb://no-such-host.invalid:2113" + plainly, eventstore.CauseHostUnknown},
		"a name that leads nowhere, TLS":       {"esdb://no-such-host.invalid:2113", eventstore.CauseHostUnknown},
		"a name to discover at":                {"esdb+discover://no-such-host.invalid:2113", eventstore.CauseHostUnknown},
		"a name to discover at, newer":         {"kurrentdb+discover://no-such-host.invalid:2113", eventstore.CauseHostUnknown},
		"TLS against a plain port":             {"esdb://localhost:" + plain + tlsWith + caFile, eventstore.CauseNoTLS},
		"TLS against a port that hangs up":     {"esdb://localhost:" + taker(t, hangUp) + tlsWith + caFile, eventstore.CauseSilent},
		"TLS against another protocol":         {"esdb://localhost:" + taker(t, speaks("HTTP/1.1 400 Bad Request\r\n\r\n")) + tlsWith + caFile, eventstore.CauseNoTLS},
		"a plain call against TLS":             {"esdb://localhost:" + behindTLS + plainly, eventstore.CauseTLSWanted},
		"plain seeds against TLS":              {"esdb://localhost:" + behindTLS + ",localhost:" + closed + plainly, eventstore.CauseTLSWanted},
		"the certificate of another authority": {"esdb://localhost:" + behindTLS + tlsWith + otherFile, eventstore.CauseNotTrusted},
		"the certificate of no authority":      {"esdb://localhost:" + behindTLS, eventstore.CauseNotTrusted},
		"the certificate of another name":      {"esdb://127.0.0.1:" + behindTLS + tlsWith + caFile, eventstore.CauseNotTrusted},
		"a certificate of ours is wanted":      {"esdb://localhost:" + served(t, esdbserver.Options{TLS: demanding}) + tlsWith + caFile, eventstore.CauseDenied},
		"a port that says nothing":             {"esdb://127.0.0.1:" + taker(t, swallow) + plainly, eventstore.CauseSilent},
		"a port that says nothing, TLS":        {"esdb://localhost:" + taker(t, swallow) + tlsWith + caFile, eventstore.CauseSilent},
		"a port of another protocol":           {"esdb://127.0.0.1:" + taker(t, speaks("220 mail ready, and more than nine bytes\r\n")) + plainly, eventstore.CauseSilent},
		"nodes of which none leads":            {"esdb://127.0.0.1:" + noLeader + ",127.0.0.1:" + closed + plainly, eventstore.CauseNoLeader},
		"a leader out of reach":                {"esdb://127.0.0.1:" + lostLeader + ",127.0.0.1:" + lostLeader + plainly, eventstore.CauseRefused},
		"a node that is electing":              {"esdb://127.0.0.1:" + electing + plainly, eventstore.CauseNoLeader},
	}
}

func port(t *testing.T, text string) int {
	number, err := net.LookupPort("tcp", text)
	require.NoError(t, err)
	return number
}

func hangUp(net.Conn) {}

func speaks(text string) func(net.Conn) {
	return func(conn net.Conn) { _, _ = io.WriteString(conn, text); swallow(conn) }
}

// TestUnreached_logNamesWhy asks every call of the port at each place.
func TestUnreached_logNamesWhy(t *testing.T) {
	named := map[eventstore.Cause]bool{eventstore.CauseDenied: true}
	all := unreachables(t)
	var each sync.WaitGroup // side by side: most of it is waiting
	var answers sync.Map
	for name, at := range all {
		named[at.cause] = true
		store := open(t, at.url+and(at.url)+"discoveryInterval=1000&gossipTimeout=1", Options{Timeout: 8 * time.Second, attempts: 5, lookAfter: 50 * time.Millisecond, stepTime: 2 * time.Second})
		each.Go(func() {
			_, err := store.ReadStream(t.Context(), "a", eventstore.Forwards, 0, 1)
			answers.Store(name, err)
		})
	}
	each.Wait()
	for name, at := range all {
		answer, _ := answers.Load(name)
		err, _ := answer.(error)
		require.Equal(t, at.cause, eventstore.CauseOf(err), "%s: %v", name, err)
		require.ErrorContains(t, err, string(at.cause), name)
		require.NotErrorIs(t, err, context.DeadlineExceeded, "%s: the time was ours, not the caller's", name)
	}
	for _, cause := range eventstore.Causes() {
		require.True(t, named[cause], "a cause that nothing here has: %s", cause)
	}
}

// The caller's own time-out carries the cause too, in every call of the port.
func TestCall_namesWhyNoLogIsReached(t *testing.T) {
	t.Parallel()
	server := newServerFixture(t, memory.New(), esdbserver.Options{})
	server.kill(t)
	store := server.open(t, Options{Timeout: time.Second, lookAfter: 20 * time.Millisecond})
	calls := map[string]func(context.Context) error{
		"Append": func(ctx context.Context) error { _, err := store.Append(ctx, opening("a")); return err },
		"AppendMany": func(ctx context.Context) error {
			return store.AppendMany(ctx, []eventstore.Append{opening("a")})[0].Err
		},
		"ReadStream": func(ctx context.Context) error {
			_, err := store.ReadStream(ctx, "a", eventstore.Forwards, 0, 1)
			return err
		},
		"ReadMany": func(ctx context.Context) error { return store.ReadMany(ctx, []string{"a"})[0].Err },
		"ReadAll": func(ctx context.Context) error {
			_, err := store.ReadAll(ctx, eventstore.Backwards, eventstore.End, 1)
			return err
		},
		"Subscribe": func(ctx context.Context) error {
			return store.Subscribe(ctx, eventstore.Start, nil, func(eventstore.Message) error { return nil })
		},
	}
	store.diagnosis.look()
	require.Eventually(t, store.diagnosis.known.Load, waitTime, time.Millisecond)
	for name, call := range calls {
		err := call(within(t, 400*time.Millisecond))
		require.ErrorIs(t, err, context.DeadlineExceeded, name)
		if name != "Subscribe" { // which answers with the context's own error
			require.Equal(t, eventstore.CauseRefused, eventstore.CauseOf(err), name)
		}
	}
	require.Equal(t, eventstore.CauseRefused, eventstore.CauseOf(calls["Subscribe"](t.Context())))
	server.start(t) // what is parked in the client goes home
}

// A node that says so itself needs no probe.
func TestNode_withoutALeaderReportsItAtOnce(t *testing.T) {
	for code, text := range map[codes.Code]string{
		codes.Unavailable: "Server Is Not Ready", codes.Unknown: "No leader info available in response", codes.NotFound: "No leader info available",
	} {
		err := (&Store{}).failure(errorOf(t, status.Error(code, text)), rightToRead)
		require.ErrorIs(t, err, eventstore.ErrUnavailable)
		require.Equal(t, eventstore.CauseNoLeader, eventstore.CauseOf(err), text)
		var again temporary
		require.ErrorAs(t, err, &again, "the same append is asked again")
	}
}

// A finding is not told of a store that is reached again.
func TestFinding_endsWithTheOutage(t *testing.T) {
	t.Parallel()
	server := newServerFixture(t, memory.New(), esdbserver.Options{})
	var lines doubles.Log
	store, err := Open(t.Context(), "esdb://x?tls=false&discoveryInterval=5", Options{
		Address: "unix:" + server.socket, Logger: slog.New(slog.NewTextHandler(&lines, nil)),
	})
	require.NoError(t, err)
	t.Cleanup(func() { closed(t, store) })
	server.kill(t)
	_, err = store.ReadStream(within(t, time.Second), "a", eventstore.Forwards, 0, 1)
	require.Equal(t, eventstore.CauseRefused, eventstore.CauseOf(err))
	server.start(t)
	mustAppend(t, store, opening("a"))
	require.False(t, store.diagnosis.known.Load())
	require.Contains(t, lines.String(), "the event store is not reached")
	require.Contains(t, lines.String(), "the event store is reached")
}

func TestClose_thatACallerStillWaitsForReportsIt(t *testing.T) {
	server := newServerFixture(t, memory.New(), esdbserver.Options{})
	server.kill(t)
	store := server.open(t, Options{})
	left := make(chan error, 1)
	go func() {
		_, err := store.ReadStream(within(t, waitTime), "a", eventstore.Forwards, 0, 1)
		left <- err
	}()
	require.Eventually(t, func() bool { return store.callers.Load() == 1 }, waitTime, time.Millisecond)
	require.ErrorIs(t, store.Close(within(t, 20*time.Millisecond)), context.DeadlineExceeded)
	server.start(t)
	<-left
}

func and(url string) string {
	if strings.Contains(url, "?") {
		return "&"
	}
	return "?"
}
