package esdb

import (
	"context"
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

// A call that has become old gets no more appends. The one in flight is answered on it,
// and then it ends.
func TestBatch_anOldCallEndsWithItsLastAnswer(t *testing.T) {
	held, answer := make(chan struct{}), make(chan struct{})
	server := &batchServer{call: func(number int64, stream streams.Streams_BatchAppendServer) error {
		if number > 1 {
			return acceptAll(stream)
		}
		request, err := stream.Recv()
		if err != nil {
			return err
		}
		close(held)
		<-answer
		if err := stream.Send(accepted(request)); err != nil {
			return err
		}
		<-stream.Context().Done()
		return nil
	}}
	store := openServer(t, Options{sessionAge: time.Nanosecond}, server)
	first := make(chan error, 1)
	go func() {
		_, err := store.Append(within(t, waitTime), numbered(1))
		first <- err
	}()
	<-held
	old := sessionOf(store)
	appended, err := store.Append(within(t, waitTime), numbered(2))
	require.NoError(t, err)
	requireAccepted(t, 2, appended)
	require.False(t, old.isOver(), "an append is in flight")
	close(answer)
	require.NoError(t, <-first)
	<-old.over
}

// A server looks at rights before it recognises a repeat. So a denial after an attempt
// without an outcome does not say that nothing was written.
func TestAppend_deniedAfterAnUnknownOutcomeIsUnknown(t *testing.T) {
	bothWays(t, func(t *testing.T, alone bool) {
		for name, refusal := range map[string]error{"denied": eventstore.ErrDenied, "deleted": eventstore.ErrStreamDeleted} {
			t.Run(name, func(t *testing.T) {
				var asked atomic.Int64
				log := memory.New()
				store := newServerFixture(t, log, esdbserver.Options{
					NoBatchAppend: alone,
					Before: func(_ context.Context, method string) error {
						if method == "Append" && asked.Add(1) > 1 {
							return refusal
						}
						return nil
					},
					Written: func(context.Context) error { return status.Error(codes.Aborted, "Operation timed out") },
				}).open(t, Options{})
				_, err := store.Append(within(t, waitTime), opening("a"))
				require.ErrorIs(t, err, eventstore.ErrUnavailable)
				require.NotErrorIs(t, err, refusal)
				if alone { // the client may lose a refusal (D), and then the append is asked again
					require.GreaterOrEqual(t, asked.Load(), int64(2))
				} else {
					require.EqualValues(t, 2, asked.Load())
				}
				events, err := log.ReadStream(t.Context(), "a", eventstore.Forwards, 0, 1)
				require.NoError(t, err)
				require.Len(t, events, 1)
			})
		}
	})
}
