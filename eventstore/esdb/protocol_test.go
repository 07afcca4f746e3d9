package esdb

import (
	"context"
	"math"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/serverfeatures"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nonassociations/eventstore"
)

// odd is a server that says what no in-process server of ours would.
type odd struct {
	streams.UnimplementedStreamsServer
	read func(*streams.ReadReq, streams.Streams_ReadServer) error
}

func (o *odd) Read(request *streams.ReadReq, out streams.Streams_ReadServer) error {
	if name := request.GetOptions().GetStream().GetStreamIdentifier(); string(name.GetStreamName()) == rediscoverStream {
		return out.Send(&streams.ReadResp{Content: &streams.ReadResp_StreamNotFound_{
			StreamNotFound: &streams.ReadResp_StreamNotFound{StreamIdentifier: name},
		}})
	}
	return o.read(request, out)
}

func openOdd(t testing.TB, options Options, read func(*streams.ReadReq, streams.Streams_ReadServer) error) *Store {
	return openServer(t, options, &odd{read: read})
}

func openServer(t testing.TB, options Options, answers streams.StreamsServer) *Store {
	store, _ := openDroppable(t, options, answers)
	return store
}

// openDroppable also returns what closes all connections of the server.
func openDroppable(t testing.TB, options Options, answers streams.StreamsServer) (*Store, *droppable) {
	dir, err := os.MkdirTemp("", "esdb")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	options.Address = "unix:" + filepath.Join(dir, "s")
	unix, err := net.Listen("unix", filepath.Join(dir, "s"))
	require.NoError(t, err)
	listener := &droppable{Listener: unix}
	server := grpc.NewServer(grpc.MaxRecvMsgSize(1 << 26))
	streams.RegisterStreamsServer(server, answers)
	if features, has := answers.(serverfeatures.ServerFeaturesServer); has {
		serverfeatures.RegisterServerFeaturesServer(server, features)
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	t.Cleanup(func() { server.Stop(); require.NoError(t, <-ended) })
	return open(t, "esdb://ignored?tls=false&discoveryInterval=5", options), listener
}

// droppable is a listener whose connections can be cut, as by a server that dies.
type droppable struct {
	net.Listener
	mu    sync.Mutex
	conns []net.Conn
}

func (d *droppable) Accept() (net.Conn, error) {
	conn, err := d.Listener.Accept()
	if err == nil {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.conns = append(d.conns, conn)
	}
	return conn, err
}

func (d *droppable) drop() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, conn := range d.conns {
		_ = conn.Close()
	}
	d.conns = nil
}

func wireEvent(stream, kind string, place uint64) *streams.ReadResp {
	event := &streams.ReadResp_ReadEvent_RecordedEvent{
		Id:              &shared.UUID{Value: &shared.UUID_String_{String_: "00000000-0000-4000-8000-000000000001"}},
		StreamRevision:  place,
		CommitPosition:  place,
		PreparePosition: place,
		Metadata:        map[string]string{"type": kind, "created": strconv.FormatInt(1e16, 10)},
	}
	if stream != "" {
		event.StreamIdentifier = &shared.StreamIdentifier{StreamName: []byte(stream)}
	}
	return &streams.ReadResp{Content: &streams.ReadResp_Event{Event: &streams.ReadResp_ReadEvent{Event: event}}}
}

func confirmed() *streams.ReadResp {
	return &streams.ReadResp{Content: &streams.ReadResp_Confirmation{Confirmation: &streams.ReadResp_SubscriptionConfirmation{SubscriptionId: "s"}}}
}

func wireCheckpoint(commit, prepare uint64) *streams.ReadResp {
	return &streams.ReadResp{Content: &streams.ReadResp_Checkpoint_{Checkpoint: &streams.ReadResp_Checkpoint{CommitPosition: commit, PreparePosition: prepare}}}
}

func wireCaughtUp() *streams.ReadResp {
	return &streams.ReadResp{Content: &streams.ReadResp_CaughtUp_{CaughtUp: &streams.ReadResp_CaughtUp{}}}
}

// say sends some messages, then does what comes next.
func say(out streams.Streams_ReadServer, then error, messages ...*streams.ReadResp) error {
	for _, message := range messages {
		if err := out.Send(message); err != nil {
			return err
		}
	}
	return then
}

// J: the client panics on messages that it does not know, and on events without
// a stream name. (That it ends the process for an event without a creation time
// cannot be contained.)
func TestJ_panicsOfTheClientAreErrors(t *testing.T) {
	unknown := &streams.ReadResp{Content: &streams.ReadResp_LastStreamPosition{LastStreamPosition: 7}}
	for name, message := range map[string]*streams.ReadResp{"unknown message": unknown, "no stream name": wireEvent("", "a", 1)} {
		t.Run(name, func(t *testing.T) {
			store := openOdd(t, Options{}, func(_ *streams.ReadReq, out streams.Streams_ReadServer) error { return say(out, nil, message) })
			_, err := store.ReadStream(within(t, waitTime), "a", eventstore.Forwards, 0, 10)
			require.ErrorIs(t, err, eventstore.ErrUnavailable)
			require.ErrorContains(t, err, "panicked")
		})
	}
	t.Run("in a subscription", func(t *testing.T) {
		store := openOdd(t, Options{}, func(_ *streams.ReadReq, out streams.Streams_ReadServer) error {
			return say(out, nil, confirmed(), wireEvent("", "a", 1))
		})
		err := store.Subscribe(within(t, waitTime), eventstore.Start, []string{"a"}, func(eventstore.Message) error { return nil })
		require.ErrorIs(t, err, eventstore.ErrUnavailable)
		require.ErrorContains(t, err, "panicked")
	})
}

// After its first error a stream says io.EOF: half a stream must not pass for a
// whole one.
func TestBrokenRead_isNeverTheEnd(t *testing.T) {
	store := openOdd(t, Options{}, func(_ *streams.ReadReq, out streams.Streams_ReadServer) error {
		return say(out, status.Error(codes.Internal, "disk"), wireEvent("a", "x", 1), wireEvent("a", "x", 2))
	})
	events, err := store.ReadStream(within(t, waitTime), "a", eventstore.Forwards, 0, 10)
	require.ErrorIs(t, err, eventstore.ErrUnavailable)
	require.Empty(t, events)
	many := store.ReadMany(within(t, waitTime), []string{"a"})
	require.ErrorIs(t, many[0].Err, eventstore.ErrUnavailable)
	_, err = store.ReadAll(within(t, waitTime), eventstore.Forwards, eventstore.Start, 10)
	require.ErrorIs(t, err, eventstore.ErrUnavailable)
}

// A gRPC NotFound comes from a proxy, or from a node without a leader: it says
// nothing about the stream.
func TestNotFound_byGRPCIsNoMissingStream(t *testing.T) {
	store := openOdd(t, Options{}, func(*streams.ReadReq, streams.Streams_ReadServer) error {
		return status.Error(codes.NotFound, "no such route")
	})
	_, err := store.ReadStream(within(t, waitTime), "a", eventstore.Forwards, 0, 10)
	require.ErrorIs(t, err, eventstore.ErrUnavailable)
	require.NotErrorIs(t, err, eventstore.ErrStreamNotFound)
}

func TestDenied_saysWhichRightIsMissing(t *testing.T) {
	store := openOdd(t, Options{}, func(*streams.ReadReq, streams.Streams_ReadServer) error {
		return status.Error(codes.PermissionDenied, "Access Denied")
	})
	_, err := store.ReadStream(within(t, waitTime), "a", eventstore.Forwards, 0, 10)
	require.ErrorIs(t, err, eventstore.ErrDenied)
	require.ErrorContains(t, err, "no user was sent")
	_, err = store.ReadAll(within(t, waitTime), eventstore.Backwards, eventstore.End, 1)
	require.ErrorContains(t, err, "read $all")
	err = store.Subscribe(within(t, waitTime), eventstore.Start, []string{"a"}, func(eventstore.Message) error { return nil })
	require.ErrorIs(t, err, eventstore.ErrDenied)
	require.ErrorContains(t, err, "read $all")
}

// The system's own events are left out, and do not count: the read goes on
// until enough are ours or the log ends.
func TestReadAll_passesOverSystemEvents(t *testing.T) {
	const log = 60 // every third is ours
	store := openOdd(t, Options{}, func(request *streams.ReadReq, out streams.Streams_ReadServer) error {
		from := max(1, request.GetOptions().GetAll().GetPosition().GetCommitPosition())
		for place := from; place <= log && place < from+request.GetOptions().GetCount(); place++ {
			message := wireEvent("$$a", "$metadata", place)
			if place%3 == 0 {
				message = wireEvent("a", "x", place)
			}
			if err := out.Send(message); err != nil {
				return err
			}
		}
		return nil
	})
	for _, limit := range []int{1, 5, 19, 20, 21} {
		events, err := store.ReadAll(within(t, waitTime), eventstore.Forwards, eventstore.Start, limit)
		require.NoError(t, err)
		require.Len(t, events, min(limit, log/3))
		for i, event := range events {
			require.Equal(t, uint64(3*(i+1)), event.Position.Commit)
		}
	}
}

func TestPosition_thatIsMissingIsZero(t *testing.T) {
	store := openOdd(t, Options{}, func(_ *streams.ReadReq, out streams.Streams_ReadServer) error {
		return say(out, nil, wireEvent("a", "x", math.MaxUint64))
	})
	events, err := store.ReadStream(within(t, waitTime), "a", eventstore.Forwards, 0, 10)
	require.NoError(t, err)
	require.Zero(t, events[0].Position)
}

// Servers repeat checkpoints, send a second CaughtUp after a slow reader, write
// a tombstone into the stream itself, and newer ones say what we do not know.
func TestSubscription_isCalmAboutOddMessages(t *testing.T) {
	store := openOdd(t, Options{}, func(_ *streams.ReadReq, out streams.Streams_ReadServer) error {
		return say(out, status.Error(codes.Aborted, "enough"),
			confirmed(), wireEvent("a", "x", 5), wireEvent("a", "x", 5), wireCheckpoint(9, 0), wireCheckpoint(9, 0), wireCheckpoint(4, 4),
			wireCaughtUp(), wireCaughtUp(), &streams.ReadResp{Content: &streams.ReadResp_FellBehind_{FellBehind: &streams.ReadResp_FellBehind{}}},
			&streams.ReadResp{Content: &streams.ReadResp_LastStreamPosition{LastStreamPosition: 7}},
			wireEvent("a", "$streamDeleted", 10), wireEvent("a", "x", 11))
	})
	var kinds []eventstore.Kind
	var places []uint64
	err := store.Subscribe(within(t, waitTime), eventstore.Start, []string{"a"}, func(m eventstore.Message) error {
		kinds, places = append(kinds, m.Kind), append(places, m.Position.Commit)
		return nil
	})
	require.ErrorIs(t, err, eventstore.ErrUnavailable)
	require.Equal(t, []eventstore.Kind{eventstore.EventAppeared, eventstore.Checkpoint, eventstore.CaughtUp, eventstore.EventAppeared}, kinds)
	require.Equal(t, []uint64{5, 9, 0, 11}, places)

	quiet := &liveSubscription{deliver: func(eventstore.Message) error { return nil }}
	require.NoError(t, quiet.take(t.Context(), &esdb.SubscriptionEvent{}, true), "a message with nothing set")
}

// After a fail-over a subscription may never be confirmed.
func TestSubscription_isConfirmedInTimeOrBroken(t *testing.T) {
	store := openOdd(t, Options{Timeout: 50 * time.Millisecond}, func(_ *streams.ReadReq, out streams.Streams_ReadServer) error {
		<-out.Context().Done()
		return nil
	})
	err := store.Subscribe(within(t, waitTime), eventstore.Start, []string{"a"}, func(eventstore.Message) error { return nil })
	require.ErrorIs(t, err, eventstore.ErrUnavailable)
}

// There is no heart-beat: silence is looked into, and broken off when the log
// holds something that never came.
func TestSubscription_thatFellSilentIsBrokenOff(t *testing.T) {
	looked := make(chan struct{}, 100)
	behind := func(yes bool) func(*streams.ReadReq, streams.Streams_ReadServer) error {
		return func(request *streams.ReadReq, out streams.Streams_ReadServer) error {
			if _, subscription := request.GetOptions().GetCountOption().(*streams.ReadReq_Options_Subscription); subscription {
				err := say(out, nil, confirmed(), wireEvent("s-1", "x", 5), wireCheckpoint(8, 8), wireCaughtUp())
				<-out.Context().Done()
				return err
			}
			looked <- struct{}{}
			if yes {
				return say(out, nil, wireEvent("$x", "$y", 10), wireEvent("s-2", "x", 9))
			}
			return say(out, nil, wireEvent("other", "x", 9), wireEvent("s-1", "x", 7))
		}
	}
	deliver := func(eventstore.Message) error { return nil }

	silent := openOdd(t, Options{Silence: 20 * time.Millisecond}, behind(true))
	err := silent.Subscribe(within(t, waitTime), eventstore.Start, []string{"s-"}, deliver)
	require.ErrorIs(t, err, eventstore.ErrUnavailable)
	require.ErrorContains(t, err, "silent")

	nothingThere := openOdd(t, Options{Silence: 20 * time.Millisecond}, behind(false))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- nothingThere.Subscribe(ctx, eventstore.Start, []string{"s-"}, deliver) }()
	for range 5 {
		<-looked
	}
	cancel()
	require.ErrorIs(t, <-ended, context.Canceled)
}
