package esdbserver_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"

	"nonassociations/eventstore"
	"nonassociations/eventstore/esdbserver"
	"nonassociations/eventstore/memory"
)

// dial serves a store and connects without a client: the client has no batch append.
func dial(t testing.TB, store eventstore.Store, options esdbserver.Options) (*esdbserver.Server, *grpc.ClientConn) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := esdbserver.New(store, options)
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, conn.Close())
		server.Stop()
		require.NoError(t, <-ended)
	})
	return server, conn
}

// openBatch opens the long call, as a user when one is named.
func openBatch(t testing.TB, conn *grpc.ClientConn, user string) streams.Streams_BatchAppendClient {
	ctx := within(t)
	if user != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(user)))
	}
	call, err := streams.NewStreamsClient(conn).BatchAppend(ctx)
	require.NoError(t, err)
	return call
}

// request is one whole append to a stream that does not exist, with events of a size.
func request(correlation int64, stream string, sizes ...int) *streams.BatchAppendReq {
	one := &streams.BatchAppendReq{CorrelationId: numbered(correlation), IsFinal: true, Options: &streams.BatchAppendReq_Options{
		StreamIdentifier:       &shared.StreamIdentifier{StreamName: []byte(stream)},
		ExpectedStreamPosition: &streams.BatchAppendReq_Options_NoStream{NoStream: &emptypb.Empty{}},
	}}
	for _, size := range sizes {
		most, least := esdb.UUIDAsInt64(uuid.New())
		one.ProposedMessages = append(one.ProposedMessages, &streams.BatchAppendReq_ProposedMessage{
			Id:       &shared.UUID{Value: &shared.UUID_Structured_{Structured: &shared.UUID_Structured{MostSignificantBits: most, LeastSignificantBits: least}}},
			Metadata: map[string]string{"type": "a", "content-type": "application/json"}, Data: make([]byte, size),
		})
	}
	return one
}

func numbered(correlation int64) *shared.UUID {
	return &shared.UUID{Value: &shared.UUID_Structured_{Structured: &shared.UUID_Structured{LeastSignificantBits: correlation}}}
}

// after expects a revision.
func after(one *streams.BatchAppendReq, revision uint64) *streams.BatchAppendReq {
	one.Options.ExpectedStreamPosition = &streams.BatchAppendReq_Options_StreamPosition{StreamPosition: revision}
	return one
}

func send(t testing.TB, call streams.Streams_BatchAppendClient, requests ...*streams.BatchAppendReq) {
	t.Helper()
	for _, one := range requests {
		require.NoError(t, call.Send(one))
	}
}

// answersOf receives some answers, by correlation id.
func answersOf(t testing.TB, call streams.Streams_BatchAppendClient, n int) map[int64]*streams.BatchAppendResp {
	t.Helper()
	answers := map[int64]*streams.BatchAppendResp{}
	for range n {
		answer, err := call.Recv()
		require.NoError(t, err)
		answers[answer.GetCorrelationId().GetStructured().GetLeastSignificantBits()] = answer
	}
	require.Len(t, answers, n)
	return answers
}

// detailOf is the detail of an answer that is no success.
func detailOf(t testing.TB, answer *streams.BatchAppendResp) any {
	t.Helper()
	require.Nil(t, answer.GetSuccess())
	details := status.FromProto(answer.GetError()).Details()
	require.Len(t, details, 1)
	return details[0]
}

// Parts of several appends come mixed, and each append is one: its events are stored
// together when its last part is there.
func TestBatch_partsOfSeveralAppendsMayBeMixed(t *testing.T) {
	log := memory.New()
	_, conn := dial(t, log, esdbserver.Options{})
	call := openBatch(t, conn, "")
	whole := map[int64]*streams.BatchAppendReq{1: request(1, "a", 1, 2, 3), 2: request(2, "b", 4, 5, 6)}
	for part := range 3 {
		for id, one := range whole {
			piece := &streams.BatchAppendReq{CorrelationId: numbered(id), ProposedMessages: one.GetProposedMessages()[part : part+1], IsFinal: part == 2}
			if part == 0 {
				piece.Options = one.GetOptions()
			}
			send(t, call, piece)
		}
	}
	for id, answer := range answersOf(t, call, 2) {
		require.Equal(t, uint64(2), answer.GetSuccess().GetCurrentRevision())
		name := string(whole[id].GetOptions().GetStreamIdentifier().GetStreamName())
		stored, err := log.ReadStream(t.Context(), name, eventstore.Forwards, 0, 10)
		require.NoError(t, err)
		require.Len(t, stored, 3)
		require.Equal(t, stored[2].Position.Commit, answer.GetSuccess().GetPosition().GetCommitPosition())
		require.Equal(t, name, string(answer.GetStreamIdentifier().GetStreamName()))
	}
}

// Each append has its own answer, in the words of a real server.
func TestBatch_answersAsARealServer(t *testing.T) {
	log := memory.New()
	log.Tombstone("deleted")
	_, conn := dial(t, log, esdbserver.Options{})
	call := openBatch(t, conn, "")
	same := request(1, "a", 1)
	send(t, call, same)
	first := answersOf(t, call, 1)[1]
	again := request(3, "a", 1)
	again.ProposedMessages = same.GetProposedMessages()
	anything := request(9, "b", 1)
	anything.Options.ExpectedStreamPosition = &streams.BatchAppendReq_Options_Any{Any: &emptypb.Empty{}}
	noID := request(10, "b", 1)
	noID.ProposedMessages[0].Id = nil
	send(t, call, request(2, "a", 1), again, after(request(4, "c", 1), 7), request(5, "deleted", 1), request(6, "large", 1<<20+1),
		request(7, "many", 300<<10, 300<<10, 300<<10, 300<<10), request(8, "nothing"), anything, noID, request(11, "", 1))
	answers := answersOf(t, call, 10)
	require.Equal(t, uint64(0), detailOf(t, answers[2]).(*shared.WrongExpectedVersion).GetCurrentStreamRevision())
	require.NotNil(t, detailOf(t, answers[2]).(*shared.WrongExpectedVersion).GetExpectedNoStream())
	require.Equal(t, first.GetSuccess().String(), answers[3].GetSuccess().String(), "the same append again")
	require.NotNil(t, detailOf(t, answers[4]).(*shared.WrongExpectedVersion).GetCurrentNoStream())
	require.Equal(t, uint64(7), detailOf(t, answers[4]).(*shared.WrongExpectedVersion).GetExpectedStreamPosition())
	require.IsType(t, &shared.StreamDeleted{}, detailOf(t, answers[5]))
	require.Equal(t, uint32(1<<20), detailOf(t, answers[6]).(*shared.MaximumAppendSizeExceeded).GetMaxAppendSize())
	require.IsType(t, &shared.MaximumAppendSizeExceeded{}, detailOf(t, answers[7]))
	require.NotNil(t, answers[8].GetSuccess(), "no events: success, and nothing is written")
	for _, id := range []int64{9, 10, 11} {
		require.IsType(t, &shared.BadRequest{}, detailOf(t, answers[id]), id)
	}
	for _, name := range []string{"large", "many", "nothing"} {
		_, err := log.ReadStream(t.Context(), name, eventstore.Forwards, 0, 1)
		require.ErrorIs(t, err, eventstore.ErrStreamNotFound)
	}
}

// A client that closes its side gets every answer, and then the end.
func TestBatch_everythingReceivedIsAnsweredBeforeTheEnd(t *testing.T) {
	for name, options := range map[string]esdbserver.Options{"": {}, "with hooks": {
		Before: func(context.Context, string) error { return nil }, Written: func(context.Context) error { return nil },
	}} {
		t.Run(name, func(t *testing.T) {
			_, conn := dial(t, memory.New(), options)
			call := openBatch(t, conn, "")
			for i := range 300 {
				send(t, call, request(int64(i), fmt.Sprint("s-", i), 1))
			}
			require.NoError(t, call.CloseSend())
			for _, answer := range answersOf(t, call, 300) {
				require.NotNil(t, answer.GetSuccess())
			}
			_, err := call.Recv()
			require.ErrorIs(t, err, io.EOF)
		})
	}
}

// slow holds the first write until all others have arrived, and counts how many come
// together.
type slow struct {
	*memory.Store
	held   chan struct{}
	once   sync.Once
	mu     sync.Mutex
	groups []int
}

func (s *slow) AppendMany(ctx context.Context, appends []eventstore.Append) []eventstore.Outcome {
	s.once.Do(func() { <-s.held })
	s.mu.Lock()
	s.groups = append(s.groups, len(appends))
	s.mu.Unlock()
	return s.Store.AppendMany(ctx, appends)
}

// What waits is written together, and appends to one stream in their order: no one
// waits for the answer of the one before.
func TestBatch_whatWaitsIsWrittenTogetherAndInOrder(t *testing.T) {
	const n = 100
	log := &slow{Store: memory.New(), held: make(chan struct{})}
	_, conn := dial(t, log, esdbserver.Options{})
	call := openBatch(t, conn, "")
	send(t, call, request(0, "chain", 1))
	for i := range n - 1 {
		send(t, call, after(request(int64(i+1), "chain", 1), uint64(i)))
	}
	close(log.held)
	for id, answer := range answersOf(t, call, n) {
		require.Equal(t, uint64(id), answer.GetSuccess().GetCurrentRevision(), "%v", answer)
	}
	log.mu.Lock()
	defer log.mu.Unlock()
	require.Less(t, len(log.groups), n)
}

// stuck never writes.
type stuck struct{ *memory.Store }

func (stuck) AppendMany(ctx context.Context, appends []eventstore.Append) []eventstore.Outcome {
	<-ctx.Done()
	outcomes := make([]eventstore.Outcome, len(appends))
	for i := range outcomes {
		outcomes[i].Err = ctx.Err()
	}
	return outcomes
}
