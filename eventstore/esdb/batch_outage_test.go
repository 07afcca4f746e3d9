package esdb

import (
	"context"
	"fmt"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nonassociations/eventstore"
	"nonassociations/eventstore/esdbserver"
	"nonassociations/eventstore/memory"
)

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
