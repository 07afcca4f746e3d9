package esdb

import (
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/stretchr/testify/require"
)

// The first call takes an append and never answers. The same append is sent again by
// another call when the attempt's time has passed, which is far before its caller leaves.
func TestBatch_anAttemptHasATimeOfItsOwn(t *testing.T) {
	attempts := make(chan *streams.BatchAppendReq, 100)
	server := &batchServer{call: func(number int64, stream streams.Streams_BatchAppendServer) error {
		for {
			request, err := stream.Recv()
			if err != nil {
				return err
			}
			attempts <- request
			if number == 1 {
				continue
			}
			if err := stream.Send(accepted(request)); err != nil {
				return err
			}
		}
	}}
	store := openServer(t, Options{attemptTime: 2 * time.Second}, server)
	appended, err := store.Append(within(t, waitTime), numbered(1))
	require.NoError(t, err)
	requireAccepted(t, 1, appended)
	require.EqualValues(t, 2, server.calls.Load())
	require.Len(t, attempts, 2)
	first, second := <-attempts, <-attempts
	require.NotEqual(t, first.GetCorrelationId().String(), second.GetCorrelationId().String(), "a late answer would be taken for the second's")
	require.Equal(t, content(first), content(second))
}

// content is what a server compares of an append.
func content(request *streams.BatchAppendReq) string {
	return (&streams.BatchAppendReq{
		ProposedMessages: request.GetProposedMessages(), IsFinal: request.GetIsFinal(), Options: &streams.BatchAppendReq_Options{
			StreamIdentifier: request.GetOptions().GetStreamIdentifier(), ExpectedStreamPosition: request.GetOptions().GetExpectedStreamPosition(),
		},
	}).String()
}

// A caller that has looked for the reason of the silence, often, still waits for the
// answer to its first attempt.
func TestBatch_isNotSentAgainBeforeItsTime(t *testing.T) {
	looks := make(chan struct{})
	server := &batchServer{call: func(_ int64, stream streams.Streams_BatchAppendServer) error {
		request, err := stream.Recv()
		if err == nil {
			err = awaitFacts(stream.Context(), 3, looks)
		}
		if err == nil {
			err = stream.Send(accepted(request))
		}
		if err == nil {
			<-stream.Context().Done()
		}
		return err
	}}
	store := openServer(t, Options{attemptTime: time.Hour, lookAfter: time.Millisecond}, server)
	store.batch.look = func() {
		select {
		case looks <- struct{}{}:
		default: // the append is not there yet
		}
	}
	appended, err := store.Append(within(t, waitTime), numbered(1))
	require.NoError(t, err)
	requireAccepted(t, 1, appended)
	require.EqualValues(t, 1, server.calls.Load())
}
