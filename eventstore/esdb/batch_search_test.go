package esdb

import (
	"context"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nonassociations/eventstore/esdbserver"
)

// patient is what follows the hosts of an address: each node has far longer than an append
// of these tests, which in turn is shorter than gRPC's own 20 s to connect.
const (
	patient = "?tls=false&gossipTimeout=60"
	soon    = waitTime / 2
)

// onLoopback listens at a port of its own.
func onLoopback(t *testing.T) (listener net.Listener, address string, member esdbserver.Member) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address = listener.Addr().String()
	return listener, address, esdbserver.Member{Host: "127.0.0.1", Port: listener.Addr().(*net.TCPAddr).Port, Leader: true, Alive: true}
}

// leading is a node that names a leader.
func leading(leader esdbserver.Member, before func(context.Context, string) error) esdbserver.Options {
	return esdbserver.Options{Members: func() []esdbserver.Member { return []esdbserver.Member{leader} }, Before: before}
}

// gossipAfter lets a node name the leader after a number of facts.
func gossipAfter(facts int, happened <-chan struct{}) func(context.Context, string) error {
	return func(ctx context.Context, method string) error {
		if method != "Gossip" {
			return nil
		}
		return awaitFacts(ctx, facts, happened)
	}
}

func awaitFacts(ctx context.Context, facts int, happened <-chan struct{}) error {
	for range facts {
		select {
		case <-happened:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// silentNode is the port of a node that accepts connections and never answers. It tells
// when one begins and when it ends.
func silentNode(t *testing.T, begun, ended chan<- struct{}) string {
	return taker(t, func(conn net.Conn) {
		begun <- struct{}{}
		swallow(conn)
		ended <- struct{}{}
	})
}

// The only node that answers does so when all others have been asked, and they never answer.
func TestBatch_silentNodesHoldNoSearch(t *testing.T) {
	const silent = 3
	begun, ended := make(chan struct{}, 100), make(chan struct{}, 100)
	listener, address, itself := onLoopback(t)
	servedAt(t, listener, leading(itself, gossipAfter(silent, begun)))
	seeds := []string{address}
	for range silent {
		seeds = append(seeds, "127.0.0.1:"+silentNode(t, begun, ended))
	}
	store := open(t, "esdb://"+strings.Join(seeds, ",")+patient, Options{lookAfter: waitTime}) // a probe would ask them too
	_, err := store.Append(within(t, soon), opening("a"))
	require.NoError(t, err)
	require.NotNil(t, sessionOf(store), "the append went by the client")
	require.NoError(t, awaitFacts(within(t, soon), silent, ended), "a connection is left")
}

// A node that is cut off names a leader that is silent. The other one answers when that
// leader has been called.
func TestBatch_aDeadLeaderHoldsNoSearch(t *testing.T) {
	begun, ended := make(chan struct{}, 100), make(chan struct{}, 100)
	dead := esdbserver.Member{Host: "127.0.0.1", Port: port(t, silentNode(t, begun, ended)), Leader: true, Alive: true}
	cutOff := served(t, leading(dead, nil))
	listener, address, itself := onLoopback(t)
	servedAt(t, listener, leading(itself, gossipAfter(1, begun)))
	store := open(t, "esdb://127.0.0.1:"+cutOff+","+address+patient, Options{lookAfter: waitTime})
	_, err := store.Append(within(t, soon), opening("a"))
	require.NoError(t, err)
	require.NotNil(t, sessionOf(store), "the append went by the client")
	require.NoError(t, awaitFacts(within(t, soon), 1, ended), "a connection is left")
}

// Both tries open a call before either can win.
func TestFirstOf_endsWhatHasLost(t *testing.T) {
	address := "127.0.0.1:" + served(t, esdbserver.Options{})
	cfg, err := configure("esdb://"+address+patient, Options{}.withDefaults())
	require.NoError(t, err)
	ctx := within(t, waitTime)
	opened := make(chan *batchSession, 2)
	var both sync.WaitGroup
	both.Add(2)
	won, err := firstOf(ctx, []clusterNode{{address, address}, {address, address}}, func(searching context.Context, node clusterNode) (*batchSession, error) {
		defer both.Wait()
		defer both.Done()
		session, err := batchDialer{cfg: cfg}.openAt(ctx, searching, node.address)
		opened <- session
		return session, err
	})
	require.NoError(t, err)
	require.False(t, won.isOver())
	for range 2 {
		if session := <-opened; session != won {
			require.True(t, session.isOver())
		}
	}
	won.end()
}

// When no node helps, the error has what each of them said.
func TestSearch_failsWithTheErrorsOfAllNodes(t *testing.T) {
	none := served(t, esdbserver.Options{Members: func() []esdbserver.Member { return nil }})
	closed := closedPort(t)
	cfg, err := configure("esdb://127.0.0.1:"+none+",127.0.0.1:"+closed+patient, Options{}.withDefaults())
	require.NoError(t, err)
	session, err := batchDialer{cfg: cfg}.open(within(t, waitTime), searchHint{})
	require.Nil(t, session)
	require.ErrorIs(t, err, errNoLeader)
	require.ErrorContains(t, err, "127.0.0.1:"+none+": ")
	require.ErrorContains(t, err, "127.0.0.1:"+closed+": ")
}

// All nodes name one leader, which is asked once and refuses.
func TestSearch_callsALeaderOnce(t *testing.T) {
	var asked atomic.Int64
	listener, address, itself := onLoopback(t)
	servedAt(t, listener, leading(itself, func(_ context.Context, method string) error {
		if method != "Features" {
			return nil
		}
		asked.Add(1)
		return status.Error(codes.Unavailable, "Server Is Not Ready")
	}))
	cfg, err := configure("esdb://"+address+",127.0.0.1:"+served(t, leading(itself, nil))+patient, Options{}.withDefaults())
	require.NoError(t, err)
	_, err = batchDialer{cfg: cfg}.open(within(t, soon), searchHint{})
	require.ErrorIs(t, err, errSameLeader)
	require.ErrorContains(t, err, "Server Is Not Ready")
	require.EqualValues(t, 1, asked.Load())
}

// A leader without BatchAppend ends the search, whoever else is silent.
func TestSearch_endsWhereThereIsNoBatchAppend(t *testing.T) {
	events := make(chan struct{}, 100)
	listener, address, itself := onLoopback(t)
	options := leading(itself, gossipAfter(1, events))
	options.NoBatchAppend = true
	servedAt(t, listener, options)
	cfg, err := configure("esdb://"+address+",127.0.0.1:"+silentNode(t, events, events)+patient, Options{}.withDefaults())
	require.NoError(t, err)
	_, err = batchDialer{cfg: cfg}.open(within(t, soon), searchHint{})
	require.Equal(t, errNoBatch, err)
}
