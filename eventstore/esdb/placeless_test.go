package esdb

import (
	"context"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/stretchr/testify/require"

	"nonassociations/eventstore"
	"nonassociations/eventstore/esdbserver"
	"nonassociations/eventstore/memory"
)

// placeless is a log of which only reads of the whole log and subscriptions tell
// positions, as some servers do.
type placeless struct{ *memory.Store }

func (p placeless) Append(ctx context.Context, wanted eventstore.Append) (eventstore.Appended, error) {
	appended, err := p.Store.Append(ctx, wanted)
	appended.Position = eventstore.Start
	return appended, err
}

func (p placeless) AppendMany(ctx context.Context, appends []eventstore.Append) []eventstore.Outcome {
	outcomes := p.Store.AppendMany(ctx, appends)
	for i := range outcomes {
		outcomes[i].Position = eventstore.Start
	}
	return outcomes
}

func (p placeless) ReadStream(ctx context.Context, stream string, direction eventstore.Direction, from uint64, limit int) ([]eventstore.RecordedEvent, error) {
	events, err := p.Store.ReadStream(ctx, stream, direction, from, limit)
	for i := range events {
		events[i].Position = eventstore.Start
	}
	return events, err
}

// The position that an append is answered with is its own while that can be
// found, and else one behind it; it is never the place before everything.
func TestAppend_withoutAPositionIsLookedUp(t *testing.T) {
	t.Parallel()
	bothWays(t, withoutAPosition)
}

func withoutAPosition(t *testing.T, alone bool) {
	log := placeless{memory.New()}
	store := newServerFixture(t, log, esdbserver.Options{NoBatchAppend: alone}).open(t, Options{})
	first, second := opening("a"), opening("b")
	require.Equal(t, eventstore.Position{Commit: 1, Prepare: 1}, mustAppend(t, store, first).Position)
	require.Equal(t, eventstore.Position{Commit: 2, Prepare: 2}, mustAppend(t, store, second).Position)
	require.Equal(t, eventstore.Position{Commit: 1, Prepare: 1}, mustAppend(t, store, first).Position, "the same again")
	for i := range lookBack / 512 * 3 {
		var many []eventstore.Event
		for range 512 {
			many = append(many, opening("").Events...)
		}
		_, err := log.Append(t.Context(), eventstore.Append{Stream: "many", Expected: eventstore.Expected(512*i - 1), Events: many})
		require.NoError(t, err)
	}
	again := mustAppend(t, store, first)
	require.Equal(t, uint64(0), again.Revision)
	require.Equal(t, uint64(2+3*lookBack), again.Position.Commit, "far back: the head")
}

// answering is a server over a log that answers every append alike, whether it
// writes it or not.
type answering struct {
	*esdbserver.Server

	writes bool
	answer *streams.AppendResp
}

func (a answering) Append(out streams.Streams_AppendServer) error {
	if a.writes {
		return a.Server.Append(overruled{out, a.answer})
	}
	for {
		if _, err := out.Recv(); err != nil {
			return out.SendAndClose(a.answer)
		}
	}
}

type overruled struct {
	streams.Streams_AppendServer

	answer *streams.AppendResp
}

func (o overruled) SendAndClose(*streams.AppendResp) error {
	return o.Streams_AppendServer.SendAndClose(o.answer)
}

func placedAt(position uint64) *streams.AppendResp {
	return &streams.AppendResp{Result: &streams.AppendResp_Success_{Success: &streams.AppendResp_Success{
		PositionOption: &streams.AppendResp_Success_Position{Position: &streams.AppendResp_Position{CommitPosition: position, PreparePosition: position}},
	}}}
}

// However a server says that it tells no position, the position is looked up. The
// client takes an answer that it does not understand for a success too, so what
// is not in the log was not written.
func TestAppend_isNeverAnsweredWithPositionZero(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]*streams.AppendResp{
		"no position": {Result: &streams.AppendResp_Success_{Success: &streams.AppendResp_Success{
			PositionOption: &streams.AppendResp_Success_NoPosition{NoPosition: &shared.Empty{}},
		}}},
		"not set":        {Result: &streams.AppendResp_Success_{Success: &streams.AppendResp_Success{}}},
		"position 0":     placedAt(0),
		"position 2⁶⁴−1": placedAt(math.MaxUint64),
	} {
		for _, writes := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, written: %t", name, writes), func(t *testing.T) {
				log := memory.New()
				mustAppend(t, log, opening("before"))
				if !writes { // and another's event lies where ours would
					mustAppend(t, log, opening("a"))
				}
				server := answering{esdbserver.New(log, esdbserver.Options{NoBatchAppend: true}), writes, answer}
				limit := 300 * time.Millisecond // only an append that fails uses it up
				if writes {
					limit = waitTime
				}
				store := openServer(t, Options{Timeout: limit}, server)
				appended, err := store.Append(t.Context(), opening("a"))
				if !writes {
					require.ErrorIs(t, err, eventstore.ErrUnavailable)
					return
				}
				require.NoError(t, err)
				require.Equal(t, eventstore.Appended{Position: eventstore.Position{Commit: 2, Prepare: 2}}, appended)
			})
		}
	}
	t.Run("no result", func(t *testing.T) {
		server := answering{esdbserver.New(memory.New(), esdbserver.Options{NoBatchAppend: true}), false, &streams.AppendResp{}}
		_, err := openServer(t, Options{Timeout: 300 * time.Millisecond}, server).Append(t.Context(), opening("a"))
		require.ErrorIs(t, err, eventstore.ErrUnavailable)
	})
}

// Without positions the order of the whole log cannot be followed: that is told,
// and no event is passed over.
func TestEvent_ofTheWholeLogWithoutAPositionBreaksTheReading(t *testing.T) {
	store := openOdd(t, Options{}, func(request *streams.ReadReq, out streams.Streams_ReadServer) error {
		if _, subscription := request.GetOptions().GetCountOption().(*streams.ReadReq_Options_Subscription); subscription {
			return say(out, nil, confirmed(), wireEvent("a", "x", 1), wireEvent("a", "x", math.MaxUint64), wireEvent("a", "x", 3))
		}
		return say(out, nil, wireEvent("a", "x", 1), wireEvent("a", "x", math.MaxUint64))
	})
	_, err := store.ReadAll(within(t, waitTime), eventstore.Forwards, eventstore.Start, 10)
	require.ErrorIs(t, err, eventstore.ErrUnavailable)
	var seen []uint64
	err = store.Subscribe(within(t, waitTime), eventstore.Start, []string{"a"}, func(m eventstore.Message) error {
		seen = append(seen, m.Position.Commit)
		return nil
	})
	require.ErrorIs(t, err, eventstore.ErrUnavailable)
	require.ErrorContains(t, err, "without its position")
	require.Equal(t, []uint64{1}, seen)
}
