package esdbserver_test

import (
	"context"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/serverfeatures"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"nonassociations/eventstore"
	"nonassociations/eventstore/esdbserver"
	"nonassociations/eventstore/memory"
)

// A deadline is kept in both forms, and cut to the server's own.
func TestBatch_aDeadlineIsAnsweredTimeout(t *testing.T) {
	t.Parallel()
	begun := time.Now()
	for name, set := range map[string]func(*streams.BatchAppendReq_Options){
		"a time span": func(o *streams.BatchAppendReq_Options) {
			o.DeadlineOption = &streams.BatchAppendReq_Options_Deadline{Deadline: durationpb.New(30 * time.Millisecond)}
		},
		"a time of day": func(o *streams.BatchAppendReq_Options) {
			o.DeadlineOption = &streams.BatchAppendReq_Options_Deadline_21_10_0{Deadline_21_10_0: timestamppb.New(time.Now().Add(30 * time.Millisecond))}
		},
		"a long one": func(o *streams.BatchAppendReq_Options) {
			o.DeadlineOption = &streams.BatchAppendReq_Options_Deadline{Deadline: durationpb.New(time.Hour)}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, conn := dial(t, stuck{memory.New()}, esdbserver.Options{})
			call, one := openBatch(t, conn, ""), request(1, "a", 1)
			set(one.GetOptions())
			send(t, call, one)
			require.IsType(t, &shared.Timeout{}, detailOf(t, answersOf(t, call, 1)[1]))
			if name == "a long one" {
				require.GreaterOrEqual(t, time.Since(begun), 2*time.Second)
			}
		})
	}
}

// The same append several times at once is written once, and those that come meanwhile
// are answered Timeout.
func TestBatch_racingRepeatsAreAnsweredTimeout(t *testing.T) {
	written := make(chan struct{})
	log := memory.New()
	_, conn := dial(t, log, esdbserver.Options{HoldSame: time.Millisecond, Written: func(ctx context.Context) error {
		select {
		case <-written:
		case <-ctx.Done():
		}
		return nil
	}})
	call, same := openBatch(t, conn, ""), request(0, "a", 1)
	for i := range 5 {
		send(t, call, &streams.BatchAppendReq{CorrelationId: numbered(int64(i)), Options: same.GetOptions(), ProposedMessages: same.GetProposedMessages(), IsFinal: true})
	}
	for _, answer := range answersOf(t, call, 4) {
		require.IsType(t, &shared.Timeout{}, detailOf(t, answer))
	}
	close(written)
	for _, answer := range answersOf(t, call, 1) {
		require.NotNil(t, answer.GetSuccess())
	}
}

// The right to write is looked at for each append, with the user of the call. A wrong
// password ends the call.
func TestBatch_rightsAreThoseOfTheCallsUser(t *testing.T) {
	system := memory.New()
	_, conn := dial(t, memory.New(), esdbserver.Options{Rights: &esdbserver.Rights{
		Users: map[string]string{"service": "secret", "admin": "secret"}, Admins: []string{"admin"}, System: system,
	}})
	call := openBatch(t, conn, "service:secret")
	send(t, call, request(1, "a", 1), request(2, "$settings", 1), request(3, "b", 1))
	answers := answersOf(t, call, 3)
	require.NotNil(t, answers[1].GetSuccess())
	require.IsType(t, &shared.AccessDenied{}, detailOf(t, answers[2]))
	require.NotNil(t, answers[3].GetSuccess(), "the neighbour of a denied one")

	admin := openBatch(t, conn, "admin:secret")
	send(t, admin, request(1, "$$$all", 1))
	require.NotNil(t, answersOf(t, admin, 1)[1].GetSuccess())
	_, err := system.ReadStream(t.Context(), "$$$all", eventstore.Forwards, 0, 1)
	require.NoError(t, err, "kept apart from the log")

	nobody := openBatch(t, conn, "")
	send(t, nobody, request(1, "c", 1))
	require.IsType(t, &shared.AccessDenied{}, detailOf(t, answersOf(t, nobody, 1)[1]))

	_, err = openBatch(t, conn, "service:guess").Recv()
	require.Equal(t, codes.Unauthenticated, status.Code(err))
}

// The hooks of the options see each append. What they say is answered as a real server
// would, and a node that is no leader ends the call and names the leader.
func TestBatch_hooksAnswerForEachAppend(t *testing.T) {
	say := make(chan error, 1)
	_, conn := dial(t, memory.New(), esdbserver.Options{Before: func(_ context.Context, method string) error {
		if method != "Append" {
			return nil
		}
		return <-say
	}})
	call := openBatch(t, conn, "")
	for i, row := range []struct {
		said   error
		detail any
		text   string
	}{
		{eventstore.ErrUnavailable, &emptypb.Empty{}, "Server Is Not Ready"},
		{status.Error(codes.Unavailable, "Server Is Busy"), &emptypb.Empty{}, "Server Is Busy"},
		{status.Error(codes.NotFound, "No leader info available"), &emptypb.Empty{}, "No leader info available"},
		{status.Error(codes.Aborted, "x"), &shared.Timeout{}, "x"},
		{context.DeadlineExceeded, &shared.Timeout{}, "context deadline exceeded"},
		{status.Error(codes.Internal, "x"), &shared.Unknown{}, "Unexpected x"},
		{eventstore.ErrDenied, &shared.AccessDenied{}, "AccessDenied"},
	} {
		say <- row.said
		send(t, call, request(int64(i), "a", 1))
		answer := answersOf(t, call, 1)[int64(i)]
		require.IsType(t, row.detail, detailOf(t, answer))
		require.Equal(t, row.text, answer.GetError().GetMessage())
	}
	say <- esdbserver.NotLeader{Host: "10.0.0.1", Port: 2113}
	send(t, call, request(1, "a", 1))
	_, err := call.Recv()
	require.Equal(t, codes.NotFound, status.Code(err))
	require.Equal(t, []string{"not-leader"}, call.Trailer().Get("exception"))
	require.Equal(t, []string{"10.0.0.1"}, call.Trailer().Get("leader-endpoint-host"))
	require.Equal(t, []string{"2113"}, call.Trailer().Get("leader-endpoint-port"))
}

// Stop ends the call, which would never end by itself.
func TestBatch_endsWhenTheServerStops(t *testing.T) {
	server, conn := dial(t, memory.New(), esdbserver.Options{})
	call := openBatch(t, conn, "")
	send(t, call, request(1, "a", 1))
	answersOf(t, call, 1)
	server.Stop()
	_, err := call.Recv()
	require.Equal(t, codes.Unavailable, status.Code(err))
}

// The features list the call, unless it is left out.
func TestBatch_isListedWhereItIsServed(t *testing.T) {
	for _, without := range []bool{false, true} {
		_, conn := dial(t, memory.New(), esdbserver.Options{NoBatchAppend: without})
		methods, err := serverfeatures.NewServerFeaturesClient(conn).GetSupportedMethods(within(t), &shared.Empty{})
		require.NoError(t, err)
		var features []string
		for _, method := range methods.GetMethods() {
			if method.GetMethodName() == "batchappend" {
				features = method.GetFeatures()
			}
		}
		if !without {
			require.Equal(t, []string{"deadline_duration"}, features)
			continue
		}
		require.Empty(t, features)
		_, err = openBatch(t, conn, "").Recv()
		require.Equal(t, codes.Unimplemented, status.Code(err))
	}
}
