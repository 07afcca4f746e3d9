package esdb

import (
	"context"
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

	"nonassociations/eventstore"
)

// batchServer is a server whose call of BatchAppend is a function of the test's. calls
// counts from 1.
type batchServer struct {
	odd
	serverfeatures.UnimplementedServerFeaturesServer

	features []string // of BatchAppend; nil: those of a real server
	asked    atomic.Int64
	calls    atomic.Int64
	call     func(number int64, stream streams.Streams_BatchAppendServer) error
}

func (b *batchServer) GetSupportedMethods(context.Context, *shared.Empty) (*serverfeatures.SupportedMethods, error) {
	b.asked.Add(1)
	batch := &serverfeatures.SupportedMethod{
		MethodName: "batchappend", ServiceName: "event_store.client.streams.streams", Features: b.features,
	}
	if b.features == nil {
		batch.Features = []string{"deadline_duration"}
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
	store := openServer(t, Options{attemptTime: time.Second}, server)
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
		require.Greater(t, len(requests), 1)
		for _, again := range requests[1:] {
			require.Equal(t, content(requests[0]), content(again))
			require.NotNil(t, again.GetOptions().GetNoStream())
			require.NotEqual(t, requests[0].GetCorrelationId().String(), again.GetCorrelationId().String())
		}
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
			require.Greater(t, server.calls.Load(), int64(1)) // a slow machine gives up more of them
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
