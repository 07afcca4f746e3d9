package esdb

import (
	"fmt"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
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

// The server is told how long an attempt waits, as a time span. One that takes a time of
// day is told nothing, because its clock may be another.
func TestBatch_theServerIsToldTheDeadline(t *testing.T) {
	for features, spans := range map[string]bool{"deadline_duration": true, "deadlineduration": true, "": false} {
		t.Run(features, func(t *testing.T) {
			options := make(chan *streams.BatchAppendReq_Options, 2)
			server := &batchServer{features: []string{features}, call: func(_ int64, stream streams.Streams_BatchAppendServer) error {
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
			for _, limit := range []time.Duration{waitTime, 2 * time.Second} { // the first one connects
				_, err := store.Append(within(t, limit), numbered(1))
				require.NoError(t, err)
				told := <-options
				require.Nil(t, told.GetDeadline_21_10_0())
				require.Equal(t, spans, told.GetDeadline() != nil)
				if left := told.GetDeadline().AsDuration(); spans {
					require.Positive(t, left)
					require.LessOrEqual(t, left, min(limit, 3500*time.Millisecond))
				}
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
