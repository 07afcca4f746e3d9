package esdb

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/eventstore/esdbserver"
	"nonassociations/internal/dev/doubles"
)

// searchIn opens a call at the leader that the nodes name, as one that follows a failure.
func searchIn(t *testing.T, suspect string, nodes ...string) (*batchSession, error) {
	cfg, err := configure("esdb://"+strings.Join(nodes, ",")+patient, Options{}.withDefaults())
	require.NoError(t, err)
	session, err := batchDialer{cfg: cfg}.open(within(t, soon), searchHint{suspects: []string{suspect}})
	t.Cleanup(session.end)
	return session, err
}

// cutOff is a leader that names itself at once. It tells when it has, and counts the calls
// that begin.
func cutOff(t *testing.T) (address string, named chan struct{}, calls *atomic.Int64) {
	named, calls = make(chan struct{}, 100), &atomic.Int64{}
	listener, address, itself := onLoopback(t)
	servedAt(t, listener, leading(itself, func(_ context.Context, method string) error {
		switch method {
		case "Gossip":
			named <- struct{}{}
		case "Features":
			calls.Add(1)
		}
		return nil
	}))
	return address, named, calls
}

// A leader that is cut off names itself, and does so first.
func TestSearch_aSuspectDoesNotWinByItsOwnWord(t *testing.T) {
	suspect, named, calls := cutOff(t)
	listener, address, leader := onLoopback(t)
	servedAt(t, listener, leading(leader, gossipAfter(1, named)))
	session, err := searchIn(t, suspect, suspect, address)
	require.NoError(t, err)
	require.Equal(t, address, session.node)
	require.Zero(t, calls.Load())
}

// The other leader has no BatchAppend, and that is the answer of the search.
func TestSearch_aSuspectIsNoWayAroundTheLeader(t *testing.T) {
	suspect, named, calls := cutOff(t)
	listener, address, leader := onLoopback(t)
	options := leading(leader, gossipAfter(1, named))
	options.NoBatchAppend = true
	servedAt(t, listener, options)
	_, err := searchIn(t, suspect, suspect, address)
	require.Equal(t, errNoBatch, err)
	require.Zero(t, calls.Load())
}

// A leader that has failed for a moment is still the leader when no other node leads.
func TestSearch_aSuspectIsCalledWhenNoOtherIsTheLeader(t *testing.T) {
	listener, suspect, itself := onLoopback(t)
	servedAt(t, listener, leading(itself, nil))
	for name, others := range map[string][]string{
		"another says so":     {"127.0.0.1:" + served(t, leading(itself, nil))},
		"no other answers":    {"127.0.0.1:" + closedPort(t)},
		"it is the only one":  nil,
		"another knows of no": {"127.0.0.1:" + served(t, esdbserver.Options{Members: func() []esdbserver.Member { return nil }})},
	} {
		t.Run(name, func(t *testing.T) {
			session, err := searchIn(t, suspect, append(others, suspect)...)
			require.NoError(t, err)
			require.Equal(t, suspect, session.node)
		})
	}
}

// While another node is silent, which it is for longer than this test waits, the suspect is
// called after a part of that time.
func TestSearch_aSilentNodeHoldsASuspectForAWhile(t *testing.T) {
	begun, ended := make(chan struct{}, 100), make(chan struct{}, 100)
	listener, suspect, itself := onLoopback(t)
	servedAt(t, listener, leading(itself, nil))
	cfg, err := configure("esdb://127.0.0.1:"+silentNode(t, begun, ended)+","+suspect+"?tls=false&gossipTimeout=12", Options{}.withDefaults())
	require.NoError(t, err)
	session, err := batchDialer{cfg: cfg}.open(within(t, soon), searchHint{suspects: []string{suspect}})
	require.NoError(t, err)
	t.Cleanup(session.end)
	require.Equal(t, suspect, session.node)
}

// The node that takes appends and answers none names itself first again, and gets no
// second call.
func TestBatch_aLeaderThatIsCutOffGetsNoSecondCall(t *testing.T) {
	var named, calls atomic.Int64
	again := make(chan struct{})
	listener, suspect, itself := onLoopback(t)
	servedAt(t, listener, leading(itself, func(ctx context.Context, method string) error {
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
	store := open(t, "esdb://"+suspect+","+address+patient, Options{attemptTime: 3 * time.Second})
	store.diagnosis.ask = func(context.Context) finding { return finding{} } // a probe asks for the leader too
	mustAppend(t, store, opening("a"))
	require.Equal(t, address, sessionOf(store).node)
	require.EqualValues(t, 1, calls.Load())
}

// What a call leaves behind for the next search, by the way in which it ended.
func TestHint_isOfACallThatFailed(t *testing.T) {
	const node = "10.0.0.1:2113"
	ended := func(err error, leader string) *batchSession {
		session := &batchSession{node: node, over: make(chan struct{}), err: err, leader: leader, cancel: func(error) {}}
		if !errors.Is(err, errRetired) {
			session.fail()
		}
		close(session.over)
		return session
	}
	refusing, old := ended(errRetired, ""), ended(errRetired, "")
	refusing.refuse()
	old.retire()
	for name, row := range map[string]struct {
		session *batchSession
		want    searchHint
	}{
		"open":          {&batchSession{node: node, over: make(chan struct{})}, searchHint{}},
		"not ready":     {refusing, searchHint{suspects: []string{node}}},
		"old":           {old, searchHint{leader: node}},
		"silent":        {ended(errNoLeader, ""), searchHint{suspects: []string{node}}},
		"no leader now": {ended(errNoLeader, "10.0.0.2:2113"), searchHint{leader: "10.0.0.2:2113", suspects: []string{node}}},
	} {
		appender := batchAppender{session: row.session, failed: map[string]time.Time{}}
		require.Equal(t, row.want, appender.hint(), name)
	}
}

// A node stays suspect when the one that came after it fails too, and not for ever.
func TestHint_remembersForAWhile(t *testing.T) {
	failing := &batchSession{node: "10.0.0.2:2113", over: make(chan struct{}), err: errNoLeader, failed: time.Now()}
	close(failing.over)
	appender := batchAppender{session: failing, failed: map[string]time.Time{
		"10.0.0.1:2113": time.Now(), "10.0.0.3:2113": time.Now().Add(-2 * suspectFor),
	}}
	require.ElementsMatch(t, []string{"10.0.0.1:2113", "10.0.0.2:2113"}, appender.hint().suspects)
	failing.failed = time.Now().Add(-2 * suspectFor) // and nothing was appended since
	require.Equal(t, []string{"10.0.0.1:2113"}, appender.hint().suspects)
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
}

// The certificate has the name, and the node is asked at its address.
func TestSearch_byANameExpectsItsCertificate(t *testing.T) {
	caFile, certificate := authority(t)
	listener, _, itself := onLoopback(t)
	itself.Host = "localhost"
	options := leading(itself, nil)
	options.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: []string{"h2"}}
	port := servedAt(t, listener, options)
	open := func(name string) (*batchSession, error) {
		cfg, err := configure("esdb+discover://"+net.JoinHostPort(name, port)+"?tlsCaFile="+caFile+"&gossipTimeout=60", Options{}.withDefaults())
		require.NoError(t, err)
		return batchDialer{cfg: cfg, lookup: func(context.Context, string) ([]string, error) { return []string{"127.0.0.1"}, nil }}.
			open(within(t, soon), searchHint{})
	}
	session, err := open("localhost")
	require.NoError(t, err)
	t.Cleanup(session.end)
	_, err = open("elsewhere.example")
	require.ErrorContains(t, err, "not elsewhere.example")
}

// What cannot be looked up here is left to the call, which may go by a proxy.
func TestSearch_asksANameThatIsNotFound(t *testing.T) {
	listener, address, itself := onLoopback(t)
	servedAt(t, listener, leading(itself, nil))
	cfg, err := configure("esdb+discover://"+address+patient, Options{}.withDefaults())
	require.NoError(t, err)
	session, err := batchDialer{cfg: cfg, lookup: func(context.Context, string) ([]string, error) {
		return nil, &net.DNSError{Err: "no such host"}
	}}.open(within(t, soon), searchHint{})
	require.NoError(t, err)
	t.Cleanup(session.end)
	require.Equal(t, address, session.node)
}

// The reasons of a search that goes on are in the log, once a search.
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
