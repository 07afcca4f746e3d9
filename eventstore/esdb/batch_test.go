package esdb

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/serverfeatures"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"

	"nonassociations/eventstore"
	"nonassociations/eventstore/esdbserver"
	"nonassociations/eventstore/memory"
)

// batchServer is a server whose call of BatchAppend is a function of the test's. calls
// counts from 1.
type batchServer struct {
	odd
	serverfeatures.UnimplementedServerFeaturesServer

	times bool // takes deadlines as times of day
	asked atomic.Int64
	calls atomic.Int64
	call  func(number int64, stream streams.Streams_BatchAppendServer) error
}

func (b *batchServer) GetSupportedMethods(context.Context, *shared.Empty) (*serverfeatures.SupportedMethods, error) {
	b.asked.Add(1)
	batch := &serverfeatures.SupportedMethod{MethodName: "batchappend", ServiceName: "event_store.client.streams.streams"}
	if !b.times {
		batch.Features = []string{"deadlineduration"}
	}
	return &serverfeatures.SupportedMethods{EventStoreServerVersion: "24.6.0", Methods: []*serverfeatures.SupportedMethod{batch}}, nil
}

func (b *batchServer) BatchAppend(stream streams.Streams_BatchAppendServer) error {
	return b.call(b.calls.Add(1), stream)
}

// numbered is the stream of a test's append with a number, which accepted answers as
// the revision and as the position.
func numbered(number int) eventstore.Append { return opening(fmt.Sprint("s-", number)) }

// accepted is the answer that an append was written.
func accepted(request *streams.BatchAppendReq) *streams.BatchAppendResp {
	_, text, _ := strings.Cut(string(request.GetOptions().GetStreamIdentifier().GetStreamName()), "-")
	number, _ := strconv.ParseUint(text, 10, 64)
	return &streams.BatchAppendResp{CorrelationId: request.GetCorrelationId(), Result: &streams.BatchAppendResp_Success_{Success: &streams.BatchAppendResp_Success{
		CurrentRevisionOption: &streams.BatchAppendResp_Success_CurrentRevision{CurrentRevision: number},
		PositionOption:        &streams.BatchAppendResp_Success_Position{Position: &shared.AllStreamPosition{CommitPosition: number, PreparePosition: number}},
	}}}
}

func requireAccepted(t testing.TB, number int, appended eventstore.Appended) {
	t.Helper()
	place := uint64(number)
	require.Equal(t, eventstore.Appended{Revision: place, Position: eventstore.Position{Commit: place, Prepare: place}}, appended)
}

// acceptAll answers all that comes.
func acceptAll(stream streams.Streams_BatchAppendServer) error {
	for {
		request, err := stream.Recv()
		if err != nil {
			return err
		}
		if err := stream.Send(accepted(request)); err != nil {
			return err
		}
	}
}

// atOnce lets callers append at the same time and returns their errors.
func atOnce(callers int, appends func(number int) error) []error {
	errs := make([]error, callers+1)
	var all sync.WaitGroup
	for number := 1; number <= callers; number++ {
		all.Go(func() { errs[number] = appends(number) })
	}
	all.Wait()
	return errs[1:]
}

// A server answers in any order, twice, with ids of the other form, and for appends
// that nobody sent. Each caller gets its own answer.
func TestBatch_eachCallerGetsItsOwnAnswer(t *testing.T) {
	const callers, rounds = 24, 5
	server := &batchServer{call: func(_ int64, stream streams.Streams_BatchAppendServer) error {
		for {
			var requests []*streams.BatchAppendReq
			for range callers {
				request, err := stream.Recv()
				if err != nil {
					return err
				}
				requests = append(requests, request)
			}
			for i := range requests {
				request := requests[len(requests)-1-i]
				answer := accepted(request)
				if i%2 == 0 {
					answer.CorrelationId = inText(t, answer.GetCorrelationId())
				}
				strange := accepted(&streams.BatchAppendReq{CorrelationId: structured(1, int64(i))})
				for _, answer := range []*streams.BatchAppendResp{strange, {}, answer, answer} {
					if err := stream.Send(answer); err != nil {
						return err
					}
				}
			}
		}
	}}
	store := openServer(t, Options{}, server)
	for range rounds {
		for _, err := range atOnce(callers, func(number int) error {
			appended, err := store.Append(within(t, waitTime), numbered(number))
			if err == nil && (appended.Revision != uint64(number) || appended.Position.Commit != uint64(number)) {
				return fmt.Errorf("%d was answered %v", number, appended)
			}
			return err
		}) {
			require.NoError(t, err)
		}
	}
	require.EqualValues(t, 1, server.calls.Load(), "one call carries all")
}

// inText is an id in the other form of the protocol.
func inText(t testing.TB, id *shared.UUID) *shared.UUID {
	value := id.GetStructured()
	parsed, err := esdb.ParseUUIDFromInt64(value.GetMostSignificantBits(), value.GetLeastSignificantBits())
	require.NoError(t, err)
	return &shared.UUID{Value: &shared.UUID_String_{String_: parsed.String()}}
}

// The first attempt of each append is not answered in time. The same append is sent
// again, with the same ids and the same revision. Its late answer disturbs nobody, and
// an append that is answered meanwhile keeps the call alive.
func TestBatch_whatIsNotAnsweredIsSentAgainUnchanged(t *testing.T) {
	const callers = 8
	var mu sync.Mutex
	sent := map[string][]*streams.BatchAppendReq{}
	stop := make(chan struct{})
	server := &batchServer{call: func(_ int64, stream streams.Streams_BatchAppendServer) error {
		for {
			request, err := stream.Recv()
			if err != nil {
				return err
			}
			name := string(request.GetOptions().GetStreamIdentifier().GetStreamName())
			mu.Lock()
			sent[name] = append(sent[name], request)
			all := sent[name]
			mu.Unlock()
			if len(all) == 1 && name != "s-100" {
				continue
			}
			for _, one := range all {
				if err := stream.Send(accepted(one)); err != nil {
					return err
				}
			}
		}
	}}
	store := openServer(t, Options{attemptTime: 300 * time.Millisecond}, server)
	lively := make(chan struct{})
	go func() { // its answers show that the call is not dead
		defer close(lively)
		for {
			select {
			case <-stop:
				return
			default:
				_, _ = store.Append(t.Context(), numbered(100))
			}
		}
	}()
	for number, err := range atOnce(callers, func(number int) error {
		appended, err := store.Append(within(t, waitTime), numbered(number))
		if err == nil && appended.Revision != uint64(number) {
			return fmt.Errorf("%d was answered %v", number, appended)
		}
		return err
	}) {
		require.NoError(t, err, number)
	}
	close(stop)
	<-lively
	require.EqualValues(t, 1, server.calls.Load())
	mu.Lock()
	defer mu.Unlock()
	for number := 1; number <= callers; number++ {
		requests := sent[fmt.Sprint("s-", number)]
		require.Len(t, requests, 2)
		require.Equal(t, requests[0].GetProposedMessages()[0].GetId().GetStructured().String(), requests[1].GetProposedMessages()[0].GetId().GetStructured().String())
		require.NotNil(t, requests[1].GetOptions().GetNoStream())
		require.NotEqual(t, requests[0].GetCorrelationId().String(), requests[1].GetCorrelationId().String())
	}
}

// A call on which nothing comes any more is given up, by those who wait and by those
// who leave. No append waits behind it.
func TestBatch_aDeadCallIsGivenUp(t *testing.T) {
	for name, patience := range map[string]time.Duration{"callers stay": waitTime / 2, "callers leave": 30 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			server := &batchServer{call: func(number int64, stream streams.Streams_BatchAppendServer) error {
				if number == 1 {
					<-stream.Context().Done()
					return nil
				}
				return acceptAll(stream)
			}}
			store := openServer(t, Options{attemptTime: 100 * time.Millisecond}, server)
			limit := within(t, waitTime/2)
			for _, err := range atOnce(16, func(number int) error {
				for {
					ctx, cancel := context.WithTimeout(limit, patience)
					appended, err := store.Append(ctx, numbered(number))
					cancel()
					if err == nil {
						requireAccepted(t, number, appended)
					}
					if err == nil || limit.Err() != nil {
						return err
					}
				}
			}) {
				require.NoError(t, err)
			}
			require.EqualValues(t, 2, server.calls.Load())
			require.Positive(t, store.Connections())
		})
	}
}

// A server that reads nothing holds no caller: sending is not theirs to wait for.
func TestBatch_flowControlHoldsNoCaller(t *testing.T) {
	server := &batchServer{call: func(_ int64, stream streams.Streams_BatchAppendServer) error {
		<-stream.Context().Done()
		return nil
	}}
	store := openServer(t, Options{}, server)
	for _, err := range atOnce(200, func(number int) error {
		wanted := numbered(number)
		wanted.Events[0].Data = make([]byte, 100<<10)
		_, err := store.Append(within(t, 200*time.Millisecond), wanted)
		return err
	}) {
		require.ErrorIs(t, err, context.DeadlineExceeded)
	}
}

// One append that is refused, or that cannot be encoded, spoils no other one's.
func TestBatch_aBadAppendSpoilsNoOther(t *testing.T) {
	log := memory.New()
	log.Tombstone("deleted")
	mustAppend(t, log, opening("taken"))
	var features atomic.Int64
	store := newServerFixture(t, log, esdbserver.Options{
		Before: func(ctx context.Context, method string) error {
			if method == "Features" {
				features.Add(1)
			}
			return nil
		},
	}).open(t, Options{})
	mustAppend(t, store, opening("first"))
	asked := features.Load()
	notUTF8 := opening("not-utf8")
	notUTF8.Events[0].Type = "\xff"
	bad := map[int]struct {
		append eventstore.Append
		want   error
	}{
		0: {opening("taken"), eventstore.ErrConflict}, 1: {following("nothing", 7), eventstore.ErrConflict},
		2: {opening("deleted"), eventstore.ErrStreamDeleted}, 3: {notUTF8, eventstore.ErrUnavailable}, 4: {opening(""), eventstore.ErrUnavailable},
	}
	for number, err := range atOnce(60, func(number int) error {
		if number%2 == 0 {
			_, err := store.Append(within(t, waitTime), numbered(number))
			return err
		}
		one := bad[number%len(bad)]
		_, err := store.Append(within(t, waitTime), one.append)
		if !errors.Is(err, one.want) {
			return fmt.Errorf("%s: %w", one.append.Stream, err)
		}
		return nil
	}) {
		require.NoError(t, err, number)
	}
	require.Zero(t, store.batch.renewed.Load(), "the call goes on")
	require.LessOrEqual(t, features.Load(), asked+1, "the client connects once for itself")
}

// Many callers meet a server that is away. One of them searches, and all are served.
func TestBatch_oneSearchesForAll(t *testing.T) {
	var opened atomic.Int64
	server := newServerFixture(t, memory.New(), esdbserver.Options{Before: func(_ context.Context, method string) error {
		if method == "Features" {
			opened.Add(1)
		}
		return nil
	}})
	server.kill(t)
	store := server.open(t, Options{lookAfter: time.Hour}) // a probe asks for the features too
	ended := make(chan []error, 1)
	go func() {
		ended <- atOnce(50, func(number int) error {
			_, err := store.Append(within(t, waitTime), numbered(number))
			return err
		})
	}()
	require.Eventually(t, func() bool { return store.callers.Load() == 50 }, waitTime, time.Millisecond)
	server.start(t)
	for _, err := range <-ended {
		require.NoError(t, err)
	}
	require.EqualValues(t, 1, opened.Load())
}

// The server dies at every point of a conversation: the connection is cut before or
// after each message. What was acknowledged is there once and in order.
func TestBatch_nothingIsLostWhenTheServerDiesBetweenTwoMessages(t *testing.T) {
	t.Parallel()
	const writers, each = 3, 3
	for cut := range 2*writers*each + 2 {
		t.Run(strconv.Itoa(cut), func(t *testing.T) {
			t.Parallel()
			log := memory.New()
			server := &dying{Server: esdbserver.New(log, esdbserver.Options{})}
			store, conns := openDroppable(t, Options{attemptTime: time.Hour}, server)
			server.message = func() {
				if server.messages.Add(1) == int64(cut) {
					conns.drop()
				}
			}
			answers := make([]eventstore.Appended, writers*each)
			for _, err := range atOnce(writers, func(writer int) error {
				var chain []eventstore.Append
				for i := range each {
					chain = append(chain, following(fmt.Sprint("w-", writer), eventstore.Expected(i-1)))
				}
				for i, outcome := range store.AppendMany(within(t, waitTime), chain) {
					if outcome.Err != nil {
						return outcome.Err
					}
					answers[(writer-1)*each+i] = outcome.Appended
				}
				return nil
			}) {
				require.NoError(t, err)
			}
			for writer := 1; writer <= writers; writer++ {
				events, err := log.ReadStream(t.Context(), fmt.Sprint("w-", writer), eventstore.Forwards, 0, 100)
				require.NoError(t, err)
				require.Len(t, events, each)
				for i, event := range events {
					require.Equal(t, eventstore.Appended{Revision: uint64(i), Position: event.Position}, answers[(writer-1)*each+i])
				}
			}
		})
	}
}

// dying is a server that is told of each message of a call, before it is received or
// sent.
type dying struct {
	*esdbserver.Server
	messages atomic.Int64
	message  func()
}

func (d *dying) BatchAppend(stream streams.Streams_BatchAppendServer) error {
	return d.Server.BatchAppend(dyingStream{stream, d})
}

type dyingStream struct {
	streams.Streams_BatchAppendServer
	server *dying
}

func (d dyingStream) Recv() (*streams.BatchAppendReq, error) {
	request, err := d.Streams_BatchAppendServer.Recv()
	d.server.message()
	return request, err
}

func (d dyingStream) Send(answer *streams.BatchAppendResp) error {
	d.server.message()
	return d.Streams_BatchAppendServer.Send(answer)
}

// endings are ways in which a server ends a whole call.
var endings = map[string]error{
	"in order":                   nil,
	"not ready":                  status.Error(codes.Unavailable, "Server Is Not Ready"),
	"aborted":                    status.Error(codes.Aborted, "Operation timed out"),
	"cancelled":                  status.Error(codes.Canceled, ""),
	"too many":                   status.Error(codes.ResourceExhausted, ""),
	"a bad request":              status.Error(codes.InvalidArgument, ""),
	"out of range":               status.Error(codes.OutOfRange, ""),
	"another user since":         status.Error(codes.PermissionDenied, ""),
	"another password since":     status.Error(codes.Unauthenticated, ""),
	"no longer served":           status.Error(codes.Unimplemented, ""),
	"not found":                  status.Error(codes.NotFound, "No leader info available"),
	"internal":                   status.Error(codes.Internal, ""),
	"the precondition of a call": status.Error(codes.FailedPrecondition, ""),
}

// However a call ends, all that was in flight is sent again on the next one: none of it
// was answered.
func TestBatch_theEndOfACallIsAnUnknownOutcome(t *testing.T) {
	for name, end := range endings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const callers = 8
			server := &batchServer{call: func(number int64, stream streams.Streams_BatchAppendServer) error {
				if number > 1 {
					return acceptAll(stream)
				}
				for range callers {
					if _, err := stream.Recv(); err != nil {
						return err
					}
				}
				// An answer, so that the call was not refused as a whole.
				if err := stream.Send(&streams.BatchAppendResp{CorrelationId: structured(0, 0)}); err != nil {
					return err
				}
				return end
			}}
			store := openServer(t, Options{attemptTime: time.Hour}, server)
			for _, err := range atOnce(callers, func(number int) error {
				appended, err := store.Append(within(t, waitTime), numbered(number))
				if err == nil && appended.Revision != uint64(number) {
					return fmt.Errorf("%d was answered %v", number, appended)
				}
				return err
			}) {
				require.NoError(t, err)
			}
			require.EqualValues(t, 2, server.calls.Load())
		})
	}
}

// A call that is refused before any answer has written nothing.
func TestBatch_aRefusedCallIsCertain(t *testing.T) {
	for name, end := range map[string]error{"user": status.Error(codes.PermissionDenied, ""), "password": status.Error(codes.Unauthenticated, "")} {
		t.Run(name, func(t *testing.T) {
			server := &batchServer{call: func(_ int64, stream streams.Streams_BatchAppendServer) error {
				_, _ = stream.Recv()
				return end
			}}
			_, err := openServer(t, Options{}, server).Append(within(t, waitTime), numbered(1))
			require.ErrorIs(t, err, eventstore.ErrDenied)
			require.EqualValues(t, 1, server.calls.Load())
		})
	}
}

// Close waits for what is in flight, and ends the call.
func TestBatch_closeWaitsForThoseInFlight(t *testing.T) {
	received, answer := make(chan struct{}), make(chan struct{})
	server := &batchServer{call: func(_ int64, stream streams.Streams_BatchAppendServer) error {
		request, err := stream.Recv()
		if err != nil {
			return err
		}
		close(received)
		<-answer
		return errors.Join(stream.Send(accepted(request)), acceptAll(stream))
	}}
	store := openServer(t, Options{}, server)
	done := make(chan error, 1)
	go func() {
		_, err := store.Append(within(t, waitTime), numbered(1))
		done <- err
	}()
	<-received
	ended := make(chan error, 1)
	go func() { ended <- store.Close(within(t, waitTime)) }()
	<-store.closing
	_, err := store.Append(within(t, waitTime), numbered(2))
	require.ErrorIs(t, err, eventstore.ErrUnavailable, "no new one begins")
	close(answer)
	require.NoError(t, <-done)
	require.NoError(t, <-ended)
}

// A call that is not answered does not hold Close beyond its context, and the caller
// learns that the outcome is unknown.
func TestBatch_closeEndsInTime(t *testing.T) {
	received := make(chan struct{})
	server := &batchServer{call: func(_ int64, stream streams.Streams_BatchAppendServer) error {
		_, _ = stream.Recv()
		close(received)
		<-stream.Context().Done()
		return nil
	}}
	store := openServer(t, Options{}, server)
	done := make(chan error, 1)
	go func() {
		_, err := store.Append(within(t, waitTime), numbered(1))
		done <- err
	}()
	<-received
	require.ErrorIs(t, store.Close(within(t, 20*time.Millisecond)), context.DeadlineExceeded)
	require.ErrorIs(t, <-done, eventstore.ErrUnavailable)
}

// The server is told how long an attempt waits: as a time span, or as a time of day
// where it knows no other.
func TestBatch_theServerIsToldTheDeadline(t *testing.T) {
	for _, times := range []bool{false, true} {
		t.Run(strconv.FormatBool(times), func(t *testing.T) {
			options := make(chan *streams.BatchAppendReq_Options, 2)
			server := &batchServer{times: times, call: func(_ int64, stream streams.Streams_BatchAppendServer) error {
				for {
					request, err := stream.Recv()
					if err != nil {
						return err
					}
					options <- request.GetOptions()
					if err := stream.Send(accepted(request)); err != nil {
						return err
					}
				}
			}}
			store := openServer(t, Options{}, server)
			for _, limit := range []time.Duration{time.Second, waitTime} {
				begun := time.Now()
				_, err := store.Append(within(t, limit), numbered(1))
				require.NoError(t, err)
				told := <-options
				require.Equal(t, times, told.GetDeadline() == nil)
				left := told.GetDeadline().AsDuration()
				if times {
					left = told.GetDeadline_21_10_0().AsTime().Sub(begun)
				}
				require.Positive(t, left)
				require.LessOrEqual(t, left, min(limit, 3*time.Second)+time.Since(begun))
			}
		})
	}
}

// A connection that breaks while nothing is in flight is noticed too: the log behind
// it may be another one.
func TestBatch_aNewConnectionIsCounted(t *testing.T) {
	server := newServerFixture(t, memory.New(), esdbserver.Options{})
	store := server.open(t, Options{})
	mustAppend(t, store, opening("a"))
	require.Zero(t, store.Connections())
	first := store.batch.session
	server.server.Drop()
	<-first.over
	mustAppend(t, store, opening("b"))
	require.Positive(t, store.Connections())
}

// Appends go to the leader, whatever node reads prefer, and without being sent on.
func TestBatch_goesToTheLeader(t *testing.T) {
	c := newCluster(t, 3, false)
	c.leader.Store(2)
	for _, url := range []string{
		fmt.Sprintf("esdb://127.0.0.1:%d,127.0.0.1:%d", c.ports[0], c.ports[1]), fmt.Sprintf("esdb+discover://localhost:%d", c.ports[0]),
	} {
		mustAppend(t, open(t, url+"?tls=false&nodePreference=follower", Options{}), opening(url))
		require.Zero(t, c.turned.Load())
	}
	single := open(t, fmt.Sprintf("esdb://127.0.0.1:%d?tls=false", c.ports[0]), Options{})
	mustAppend(t, single, opening("b"))
	require.EqualValues(t, 1, c.turned.Load(), "a node that is asked without gossip names the leader once")
}

// A server that has none yet is asked again, and one that says that it has it and
// refuses the call is served by the client's own append.
func TestBatch_isLeftOutWhereItIsNotServed(t *testing.T) {
	log := memory.New()
	server := refusing{esdbserver.New(log, esdbserver.Options{})}
	store := openServer(t, Options{}, server)
	for i := range 3 {
		mustAppend(t, store, following("a", eventstore.Expected(i-1)))
	}
	require.Zero(t, store.batch.renewed.Load())
}

type refusing struct{ *esdbserver.Server }

func (refusing) BatchAppend(streams.Streams_BatchAppendServer) error {
	return status.Error(codes.Unimplemented, "a proxy knows no such call")
}

// However a server says that it tells no position, the position is looked up.
func TestBatch_withoutAPositionIsLookedUp(t *testing.T) {
	none := &streams.BatchAppendResp_Success_NoPosition{NoPosition: &emptypb.Empty{}}
	zero := &streams.BatchAppendResp_Success_Position{Position: &shared.AllStreamPosition{}}
	for name, success := range map[string]*streams.BatchAppendResp_Success{"none": {PositionOption: none}, "zero": {PositionOption: zero}, "unset": {}} {
		for _, writes := range []bool{true, false} {
			t.Run(fmt.Sprint(name, " ", writes), func(t *testing.T) {
				log := memory.New()
				mustAppend(t, log, opening("before"))
				server := &answeringBatch{Server: esdbserver.New(log, esdbserver.Options{}), log: log, writes: writes, success: success}
				limit := 300 * time.Millisecond // only an append that fails uses it up
				if writes {
					limit = waitTime
				}
				appended, err := openServer(t, Options{Timeout: limit}, server).Append(t.Context(), opening("a"))
				if !writes {
					require.ErrorIs(t, err, eventstore.ErrUnavailable)
					return
				}
				require.NoError(t, err)
				require.Equal(t, eventstore.Appended{Position: eventstore.Position{Commit: 2, Prepare: 2}}, appended)
			})
		}
	}
}

// answeringBatch answers every append alike, whether it writes it or not.
type answeringBatch struct {
	*esdbserver.Server
	log     eventstore.Store
	writes  bool
	success *streams.BatchAppendResp_Success
}

func (a *answeringBatch) BatchAppend(stream streams.Streams_BatchAppendServer) error {
	for {
		request, err := stream.Recv()
		if err != nil {
			return err
		}
		if a.writes {
			id := request.GetProposedMessages()[0].GetId().GetStructured()
			event, _ := esdb.ParseUUIDFromInt64(id.GetMostSignificantBits(), id.GetLeastSignificantBits())
			_, _ = a.log.Append(stream.Context(), eventstore.Append{
				Stream: "a", Expected: eventstore.NoStream, Events: []eventstore.Event{{ID: event, Type: "happened.v1", Data: []byte("{}")}},
			})
		}
		success := &streams.BatchAppendResp_Success{
			CurrentRevisionOption: &streams.BatchAppendResp_Success_CurrentRevision{}, PositionOption: a.success.GetPositionOption(),
		}
		if err := stream.Send(&streams.BatchAppendResp{
			CorrelationId: request.GetCorrelationId(), Result: &streams.BatchAppendResp_Success_{Success: success},
		}); err != nil {
			return err
		}
	}
}

// An append whose caller has left before it was sent is not sent any more.
func TestBatch_whoseCallerLeftIsNotSent(t *testing.T) {
	session := &batchSession{waiting: map[int64]*waitingAppend{}, queue: make(chan *waitingAppend, queued), over: make(chan struct{})}
	waiting := &waitingAppend{id: 1}
	session.leave(waiting)
	session.queue <- waiting
	ended := make(chan struct{})
	go func() { defer close(ended); session.sendAll() }() // would fail without a call
	require.Eventually(t, func() bool { return len(session.queue) == 0 }, waitTime, time.Millisecond)
	close(session.over)
	<-ended
}

func TestLeaderIn_takesNoNonsense(t *testing.T) {
	for text, pairs := range map[string][]string{
		"10.0.0.1:2113": {"leader-endpoint-host", "10.0.0.1", "leader-endpoint-port", "2113"},
		"":              {"leader-endpoint-host", "10.0.0.1"},
	} {
		require.Equal(t, text, leaderIn(metadata.Pairs(pairs...)))
	}
	require.Empty(t, leaderIn(metadata.Pairs("leader-endpoint-host", "x", "leader-endpoint-port", "70000")))
	require.Empty(t, leaderIn(nil))
}
