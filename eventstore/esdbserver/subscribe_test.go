package esdbserver_test

import (
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nonassociations/eventstore/esdbserver"
)

// heard takes messages until the subscription has caught up: the streams of the
// events, and the checkpoints. The checkpoint must be the last before CaughtUp.
func heard(t testing.TB, opened *esdb.Subscription, err error) (streams []string, checkpoints []esdb.Position) {
	t.Helper()
	require.NoError(t, err)
	last := false
	for {
		message := opened.Recv()
		switch {
		case message.EventAppeared != nil:
			streams, last = append(streams, message.EventAppeared.OriginalEvent().StreamID), false
		case message.CheckPointReached != nil:
			checkpoints, last = append(checkpoints, *message.CheckPointReached), true
		case message.CaughtUp != nil:
			require.Equal(t, len(checkpoints) > 0, last)
			return streams, checkpoints
		default:
			require.Fail(t, "dropped", "%v", message.SubscriptionDropped.Error)
		}
	}
}

func TestFilters(t *testing.T) {
	_, client := serve(t, esdbserver.Options{})
	write(t, client, "s-1", esdb.NoStream{}, events("opened", "closed")...)
	write(t, client, "t-1", esdb.NoStream{}, events("opened")...)
	write(t, client, "u-1", esdb.NoStream{}, events("amended")...)

	for name, row := range map[string]struct {
		filter *esdb.SubscriptionFilter
		want   []string
	}{
		"no filter":          {nil, []string{"s-1", "s-1", "t-1", "u-1"}},
		"stream prefix":      {&esdb.SubscriptionFilter{Type: esdb.StreamFilterType, Prefixes: []string{"s-"}}, []string{"s-1", "s-1"}},
		"stream prefixes":    {&esdb.SubscriptionFilter{Type: esdb.StreamFilterType, Prefixes: []string{"t-", "u-"}}, []string{"t-1", "u-1"}},
		"stream expression":  {&esdb.SubscriptionFilter{Type: esdb.StreamFilterType, Regex: "^[tu]"}, []string{"t-1", "u-1"}},
		"type prefix":        {&esdb.SubscriptionFilter{Type: esdb.EventFilterType, Prefixes: []string{"open"}}, []string{"s-1", "t-1"}},
		"no system events":   {esdb.ExcludeSystemEventsFilter(), []string{"s-1", "s-1", "t-1", "u-1"}},
		"nothing that fits":  {&esdb.SubscriptionFilter{Type: esdb.EventFilterType, Regex: "^x$"}, nil},
		"a later event only": {&esdb.SubscriptionFilter{Type: esdb.EventFilterType, Regex: "^amended$"}, []string{"u-1"}},
	} {
		t.Run(name, func(t *testing.T) {
			opened, err := client.SubscribeToAll(within(t), esdb.SubscribeToAllOptions{From: esdb.Start{}, Filter: row.filter, MaxSearchWindow: 2})
			streams, checkpoints := heard(t, opened, err)
			require.Equal(t, row.want, streams)
			require.Equal(t, row.filter != nil, len(checkpoints) > 0, "only a filtered subscription has checkpoints")
			require.NoError(t, opened.Close())
		})
	}
	_, err := client.SubscribeToAll(within(t), esdb.SubscribeToAllOptions{From: esdb.Start{}, Filter: &esdb.SubscriptionFilter{Regex: "("}})
	require.Equal(t, codes.InvalidArgument, status.Code(err))
}

func TestOneStream_isFollowed(t *testing.T) {
	_, client := serve(t, esdbserver.Options{})
	write(t, client, "s-1", esdb.NoStream{}, events("a", "b", "c")...)
	write(t, client, "s-10", esdb.NoStream{}, events("a")...) // a longer name is another stream
	for _, row := range []struct {
		from esdb.StreamPosition
		want int
	}{{esdb.Start{}, 3}, {esdb.Revision(1), 1}, {esdb.End{}, 0}} {
		opened, err := client.SubscribeToStream(within(t), "s-1", esdb.SubscribeToStreamOptions{From: row.from})
		streams, _ := heard(t, opened, err)
		require.Len(t, streams, row.want)
		require.NoError(t, opened.Close())
	}
}

// Stop ends a subscription, which would never end by itself, with Unavailable.
func TestStop_endsSubscriptions(t *testing.T) {
	server, client := serve(t, esdbserver.Options{})
	opened, err := client.SubscribeToAll(within(t), esdb.SubscribeToAllOptions{From: esdb.Start{}})
	heard(t, opened, err)
	server.Stop()
	dropped := opened.Recv().SubscriptionDropped
	require.NotNil(t, dropped)
	require.Equal(t, codes.Unavailable, status.Code(dropped.Error))
}
