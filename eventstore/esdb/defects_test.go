package esdb

import (
	"context"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"nonassociations/eventstore"
	"nonassociations/eventstore/esdbserver"
	"nonassociations/eventstore/memory"
)

// A: the bare client gives up for ever after some attempts; the store does not.
func TestA_theSearchForAServerNeverEnds(t *testing.T) {
	server := newServerFixture(t, memory.New(), esdbserver.Options{})
	server.kill(t)
	bare := bareClient(t, server)
	_, err := bare.AppendToStream(within(t, waitTime), "a", esdb.AppendToStreamOptions{})
	require.Error(t, err)

	store := server.open(t, Options{})
	_, err = store.Append(within(t, 300*time.Millisecond), opening("a")) // some sixty attempts
	require.ErrorIs(t, err, context.DeadlineExceeded)

	server.start(t)
	_, err = bare.AppendToStream(within(t, waitTime), "a", esdb.AppendToStreamOptions{})
	var typed *esdb.Error
	require.ErrorAs(t, err, &typed)
	require.Equal(t, esdb.ErrorCodeConnectionClosed, typed.Code(), "the client was mended: contain less")
	mustAppend(t, store, opening("a"))
}

func bareClient(t testing.TB, server *serverFixture) *esdb.Client {
	cfg, err := esdb.ParseConnectionString("esdb://ignored?tls=false&discoveryInterval=1&maxDiscoverAttempts=3")
	require.NoError(t, err)
	cfg.Address, cfg.Logger = "unix:"+server.socket, esdb.NoopLogging()
	client, err := esdb.NewClient(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// B: callers queue inside the client unheard; they leave with their context.
func TestB_callersLeaveWithTheirContext(t *testing.T) {
	server := newServerFixture(t, memory.New(), esdbserver.Options{})
	store := server.open(t, Options{InFlight: 4})
	mustAppend(t, store, opening("a"))
	server.kill(t)

	const callers = 20
	left := make(chan error, callers)
	for range callers {
		go func() {
			_, err := store.ReadStream(within(t, 100*time.Millisecond), "a", eventstore.Forwards, 0, 1)
			left <- err
		}()
	}
	for range callers {
		if err := <-left; !errors.Is(err, eventstore.ErrUnavailable) {
			require.ErrorIs(t, err, context.DeadlineExceeded)
		}
	}
	server.start(t)
	mustAppend(t, store, opening("b"))
}

// B': closing the client under a call is a panic; Close waits, or leaves it open.
func TestB_closeNeverClosesUnderACall(t *testing.T) {
	server := newServerFixture(t, memory.New(), esdbserver.Options{})
	server.kill(t)
	store := server.open(t, Options{})
	ctx, leave := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() {
		_, err := store.ReadStream(ctx, "a", eventstore.Forwards, 0, 1)
		left <- err
	}()
	require.Eventually(t, func() bool { return len(store.slots) == 1 }, waitTime, time.Millisecond)
	leave()
	require.ErrorIs(t, <-left, context.Canceled)
	require.Len(t, store.slots, 1, "the call is still inside the client")

	require.NoError(t, store.Close(within(t, time.Second)), "Close does not wait for the client, which is left open")
	require.Len(t, store.slots, 1, "the call is still inside the client")
	_, err := store.Append(within(t, waitTime), opening("a"))
	require.ErrorIs(t, err, eventstore.ErrUnavailable)
	server.start(t) // and the parked call goes home
	require.NoError(t, store.Close(within(t, waitTime)))
}

// C: a host that takes connections and says nothing does not hold the caller.
func TestC_aSilentHostBlocksNoCaller(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	store, err := Open(t.Context(), "esdb://"+listener.Addr().String()+"?tls=false&gossipTimeout=1&discoveryInterval=5", Options{})
	require.NoError(t, err)
	_, err = store.Append(within(t, 50*time.Millisecond), opening("a"))
	require.ErrorIs(t, err, context.DeadlineExceeded)

	// Let a server speak there, so that the client can come to its end.
	server := esdbserver.New(memory.New(), esdbserver.Options{})
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	closed(t, store)
	server.Kill()
	require.NoError(t, <-ended)
}

// D: what is too large is refused here, because a server's reason gets lost.
func TestD_tooLargeIsNeverSent(t *testing.T) {
	var calls atomic.Int64
	server := newServerFixture(t, memory.New(), esdbserver.Options{NoBatchAppend: true, Before: func(_ context.Context, method string) error {
		if method == "Append" {
			calls.Add(1)
		}
		return nil
	}})
	store := server.open(t, Options{})
	large := opening("large")
	large.Events[0].Data = make([]byte, eventstore.MaxAppendBytes+1)
	_, err := store.Append(within(t, waitTime), large)
	require.ErrorIs(t, err, eventstore.ErrTooLarge)
	require.Zero(t, calls.Load())
}

// D: a request that is broken off while it is sent had no effect, and is asked
// again: once more to hear why, and once more when that has been mended.
func TestD_brokenOffIsAskedAgain(t *testing.T) {
	for fine := range 5 {
		asked := 0
		_, err := withRetry(t.Context(), nil, func(context.Context, *esdb.Client) (int, error) {
			if asked++; asked <= fine {
				return 0, errorOf(t, io.EOF)
			}
			return 1, nil
		})
		require.Equal(t, fine <= 2, err == nil)
		require.Equal(t, min(fine, 2)+1, asked)
	}
}

// D: a server that refuses us before it has read the request is asked for its
// reason by a read.
func TestD_brokenOffByARefusalReportsIt(t *testing.T) {
	serverFixture := newServerFixture(t, memory.New(), esdbserver.Options{Before: func(_ context.Context, method string) error {
		if method == "Read" {
			return status.Error(codes.Unauthenticated, "")
		}
		return nil
	}})
	s := serverFixture.open(t, Options{})
	lost := s.failure(errorOf(t, io.EOF), rightToAppend)
	require.ErrorIs(t, lost, eventstore.ErrUnavailable)
	require.ErrorIs(t, lost, errBrokenOff)
	require.ErrorIs(t, s.whyBrokenOff(within(t, waitTime), "a", lost), eventstore.ErrDenied)
}

// errorOf is an error of the client around another.
func errorOf(t testing.TB, cause error) error {
	typed, none := esdb.FromError(cause)
	require.False(t, none)
	return typed
}

// E: the word that wants the leader really reaches the server.
func TestE_theLeaderIsAskedFor(t *testing.T) { bothWays(t, theLeaderIsAskedFor) }

func theLeaderIsAskedFor(t *testing.T, alone bool) {
	asked := make(chan string, 8)
	server := newServerFixture(t, memory.New(), esdbserver.Options{NoBatchAppend: alone, Before: func(ctx context.Context, method string) error {
		headers, _ := metadata.FromIncomingContext(ctx)
		if len(headers.Get("requires-leader")) == 1 {
			asked <- method
		}
		return nil
	}})
	store := server.open(t, Options{})
	mustAppend(t, store, opening("a"))
	require.Equal(t, "Append", <-asked)
	_, err := store.ReadStream(within(t, waitTime), "a", eventstore.Forwards, 0, 1)
	require.NoError(t, err)
	require.Equal(t, "Read", <-asked)
	done := errors.New("done")
	require.ErrorIs(t, store.Subscribe(within(t, waitTime), eventstore.Start, []string{"a"}, func(eventstore.Message) error { return done }), done)
	require.Equal(t, "Read", <-asked, "a subscription finds the leader first")
}

// G: a drop is a bare gRPC status and nothing subscribes again; it must be told.
func TestG_aDroppedSubscriptionReportsIt(t *testing.T) {
	server := newServerFixture(t, memory.New(), esdbserver.Options{})
	store := server.open(t, Options{})
	caughtUp := make(chan struct{})
	ended := make(chan error, 1)
	go func() {
		ended <- store.Subscribe(within(t, waitTime), eventstore.Start, []string{"s-"}, func(m eventstore.Message) error {
			if m.Kind == eventstore.CaughtUp {
				close(caughtUp)
			}
			return nil
		})
	}()
	<-caughtUp
	server.server.Drop()
	require.ErrorIs(t, <-ended, eventstore.ErrUnavailable)
	mustAppend(t, store, opening("s-1"))
}
