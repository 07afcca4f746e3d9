package esdb

import (
	"context"
	"log/slog"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/status"

	"nonassociations/eventstore/esdbserver"
	"nonassociations/internal/dev/doubles"
)

// searchIn opens a call at the leader that the nodes name, as one that follows a failure.
func searchIn(t *testing.T, suspect string, nodes ...string) (*batchSession, error) {
	cfg, err := configure("esdb://"+strings.Join(nodes, ",")+patient, Options{}.withDefaults())
	require.NoError(t, err)
	session, err := batchDialer{cfg: cfg}.open(within(t, soon), searchHint{suspect: suspect})
	t.Cleanup(session.end)
	return session, err
}

// A leader that is cut off names itself, and does so first.
func TestSearch_aSuspectDoesNotWinByItsOwnWord(t *testing.T) {
	named := make(chan struct{}, 100)
	cutOff, suspect, itself := onLoopback(t)
	servedAt(t, cutOff, leading(itself, func(context.Context, string) error {
		named <- struct{}{}
		return nil
	}))
	listener, address, leader := onLoopback(t)
	servedAt(t, listener, leading(leader, gossipAfter(1, named)))
	session, err := searchIn(t, suspect, suspect, address)
	require.NoError(t, err)
	require.Equal(t, address, session.node)
}

// A leader that has failed for a moment is still the leader when another node says so, or
// when no node says otherwise.
func TestSearch_aSuspectIsCalledWhenNoOtherIsTheLeader(t *testing.T) {
	listener, suspect, itself := onLoopback(t)
	servedAt(t, listener, leading(itself, nil))
	begun, ended := make(chan struct{}, 100), make(chan struct{}, 100)
	for name, others := range map[string][]string{
		"two say so, and one is silent": {"127.0.0.1:" + served(t, leading(itself, nil)), "127.0.0.1:" + silentNode(t, begun, ended)},
		"no other answers":              {"127.0.0.1:" + closedPort(t)},
		"it is the only one":            nil,
	} {
		t.Run(name, func(t *testing.T) {
			session, err := searchIn(t, suspect, append(others, suspect)...)
			require.NoError(t, err)
			require.Equal(t, suspect, session.node)
		})
	}
}

// The node that takes appends and answers none is asked first again, and gets no second
// call.
func TestBatch_aLeaderThatIsCutOffGetsNoSecondCall(t *testing.T) {
	var named, calls atomic.Int64
	again := make(chan struct{})
	cutOff, suspect, itself := onLoopback(t)
	servedAt(t, cutOff, leading(itself, func(ctx context.Context, method string) error {
		switch method {
		case "Gossip":
			if named.Add(1) == 2 {
				close(again)
			}
		case "Append":
			calls.Add(1)
			<-ctx.Done()
			return ctx.Err()
		}
		return nil
	}))
	listener, address, leader := onLoopback(t)
	servedAt(t, listener, leading(leader, gossipAfter(1, again)))
	store := open(t, "esdb://"+suspect+","+address+patient, Options{attemptTime: time.Second, lookAfter: waitTime}) // a probe asks too
	mustAppend(t, store, opening("a"))
	require.Equal(t, address, sessionOf(store).node)
	require.EqualValues(t, 1, calls.Load())
}

// What a call leaves behind for the next search, by the way in which it ended.
func TestHint_isOfACallThatFailed(t *testing.T) {
	const node = "10.0.0.1:2113"
	ended := func(err error, leader string) *batchSession {
		session := &batchSession{node: node, over: make(chan struct{}), err: err, leader: leader}
		close(session.over)
		return session
	}
	refusing := &batchSession{node: node, over: make(chan struct{}), cancel: func(error) {}}
	refusing.refuse()
	require.True(t, refusing.retired)
	for name, row := range map[string]struct {
		session *batchSession
		want    searchHint
	}{
		"open":          {&batchSession{node: node, over: make(chan struct{})}, searchHint{}},
		"not ready":     {refusing, searchHint{suspect: node}},
		"old":           {ended(errRetired, ""), searchHint{}},
		"silent":        {ended(errNoLeader, ""), searchHint{suspect: node}},
		"no leader now": {ended(status.Error(5, ""), "10.0.0.2:2113"), searchHint{leader: "10.0.0.2:2113", suspect: node}},
	} {
		require.Equal(t, row.want, row.session.hint(), name)
	}
}

// A name stands for two nodes. The first one takes connections and answers nothing.
func TestSearch_asksAllNodesOfAName(t *testing.T) {
	begun, ended := make(chan struct{}, 100), make(chan struct{}, 100)
	silent := silentNode(t, begun, ended)
	listener, err := net.Listen("tcp", "127.0.0.2:"+silent)
	require.NoError(t, err)
	itself := esdbserver.Member{Host: "127.0.0.2", Port: port(t, silent), Leader: true, Alive: true}
	servedAt(t, listener, leading(itself, gossipAfter(1, begun)))
	cfg, err := configure("esdb+discover://nodes.example:"+silent+patient, Options{}.withDefaults())
	require.NoError(t, err)
	dialer := batchDialer{cfg: cfg, lookup: func(_ context.Context, host string) ([]string, error) {
		require.Equal(t, "nodes.example", host)
		return []string{"127.0.0.1", "127.0.0.2"}, nil
	}}
	session, err := dialer.open(within(t, soon), searchHint{})
	require.NoError(t, err)
	t.Cleanup(session.end)
	require.Equal(t, "127.0.0.2:"+silent, session.node)

	dialer.lookup = func(context.Context, string) ([]string, error) { return nil, &net.DNSError{Err: "no such host"} }
	_, err = dialer.open(within(t, soon), searchHint{})
	require.ErrorContains(t, err, "no such host")
}

// The reasons of a search that goes on are in the log, once.
func TestSearch_thatFailsIsLogged(t *testing.T) {
	var lines doubles.Log
	var asked atomic.Int64
	none := served(t, esdbserver.Options{Members: func() []esdbserver.Member {
		asked.Add(1)
		return nil
	}})
	store, err := Open(t.Context(), "esdb://127.0.0.1:"+none+",127.0.0.1:"+closedPort(t)+"?tls=false&discoveryInterval=5", Options{
		Logger: slog.New(slog.NewTextHandler(&lines, nil)), lookAfter: waitTime,
	})
	require.NoError(t, err)
	t.Cleanup(func() { closed(t, store) })
	ctx, leave := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() {
		_, err := store.Append(ctx, opening("a"))
		left <- err
	}()
	require.Eventually(t, func() bool { return asked.Load() >= 3 }, waitTime, time.Millisecond)
	leave()
	require.ErrorIs(t, <-left, context.Canceled)
	require.Equal(t, 1, strings.Count(lines.String(), "no server was found for appends"), lines.String())
	require.Contains(t, lines.String(), "No leader info available")
}
