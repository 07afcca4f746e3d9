package esdb

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nonassociations/eventstore"
)

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
