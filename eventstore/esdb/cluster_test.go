package esdb

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/metadata"

	"nonassociations/eventstore"
	"nonassociations/eventstore/esdbserver"
	"nonassociations/eventstore/memory"
)

// cluster is a few nodes over one log, of which one leads. Who is asked for the
// leader and is not says who it is.
type cluster struct {
	log        eventstore.Store
	alone      bool // without BatchAppend
	mu         sync.Mutex
	ports      []int
	nodes      []*esdbserver.Server // nil when dead
	ended      []chan error
	leader     atomic.Int64
	unready    atomic.Int64 // the node that answers appends "Not Ready"; 0: none
	turned     atomic.Int64 // requests that were sent on to the leader
	subscribed atomic.Int64 // the node of the last subscription
}

func newCluster(t testing.TB, nodes int, alone bool) *cluster {
	c := &cluster{log: memory.New(), alone: alone, ports: make([]int, nodes), nodes: make([]*esdbserver.Server, nodes), ended: make([]chan error, nodes)}
	for i := range nodes {
		c.start(t, i)
	}
	t.Cleanup(func() {
		for i := range nodes {
			c.kill(t, i)
		}
	})
	return c
}

func (c *cluster) start(t testing.TB, i int) {
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", c.ports[i]))
	require.NoError(t, err)
	node := esdbserver.New(c.log, esdbserver.Options{
		Members:       c.members,
		NoBatchAppend: c.alone,
		Before:        func(ctx context.Context, method string) error { return c.before(ctx, i, method) },
	})
	ended := make(chan error, 1)
	go func() { ended <- node.Serve(listener) }()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ports[i], c.nodes[i], c.ended[i] = listener.Addr().(*net.TCPAddr).Port, node, ended
}

func (c *cluster) kill(t testing.TB, i int) {
	c.mu.Lock()
	node := c.nodes[i]
	c.nodes[i] = nil
	c.mu.Unlock()
	if node == nil {
		return
	}
	node.Kill()
	require.NoError(t, <-c.ended[i])
}

func (c *cluster) before(ctx context.Context, i int, method string) error {
	leader := int(c.leader.Load())
	if method == "Subscribe" {
		c.subscribed.Store(int64(i))
	}
	if method == "Append" && i > 0 && i == int(c.unready.Load()) {
		c.turned.Add(1)
		return eventstore.ErrUnavailable
	}
	headers, _ := metadata.FromIncomingContext(ctx)
	if i == leader || method == "Features" || method == "Gossip" || len(headers.Get("requires-leader")) == 0 {
		return nil
	}
	c.turned.Add(1)
	c.mu.Lock()
	defer c.mu.Unlock()
	return esdbserver.NotLeader{Host: "127.0.0.1", Port: c.ports[leader]}
}

func (c *cluster) members() []esdbserver.Member {
	c.mu.Lock()
	defer c.mu.Unlock()
	members := make([]esdbserver.Member, len(c.ports))
	for i, port := range c.ports {
		members[i] = esdbserver.Member{Host: "127.0.0.1", Port: port, Leader: i == int(c.leader.Load()), Alive: c.nodes[i] != nil}
	}
	return members
}

func (c *cluster) open(t testing.TB) *Store {
	seeds := make([]string, len(c.ports))
	for i, port := range c.ports {
		seeds[i] = fmt.Sprintf("127.0.0.1:%d", port)
	}
	return open(t, "esdb://"+strings.Join(seeds, ",")+"?tls=false&discoveryInterval=5", Options{})
}

// H: a read that cannot be opened does not make the client look for the new
// leader; only readers are there to do it.
func TestH_readersFindTheNewLeader(t *testing.T) {
	c := newCluster(t, 2, true)
	store := c.open(t)
	mustAppend(t, store, opening("a"))
	c.kill(t, 0)
	c.leader.Store(1)

	ctx := within(t, waitTime)
	_, err := store.ReadStream(ctx, "a", eventstore.Forwards, 0, 1)
	for ; err != nil; _, err = store.ReadStream(ctx, "a", eventstore.Forwards, 0, 1) {
		require.ErrorIs(t, err, eventstore.ErrUnavailable)
	}
}

// A leader that resigns says who leads now; the same call goes there.
func TestLeader_thatResignsCostsNoCall(t *testing.T) { bothWays(t, resigningCostsNoCall) }

func resigningCostsNoCall(t *testing.T, alone bool) {
	c := newCluster(t, 3, alone)
	store := c.open(t)
	mustAppend(t, store, opening("a"))
	c.leader.Store(2)
	mustAppend(t, store, opening("b"))
	turned := c.turned.Load() // once, or more often when it was told nothing but the end
	require.Positive(t, turned)
	_, err := store.ReadStream(within(t, waitTime), "b", eventstore.Forwards, 0, 1)
	require.NoError(t, err)
	require.Equal(t, turned, c.turned.Load(), "the client stays with the new leader")
}

// A leader that shuts down answers "Not Ready" and leaves the call open. The next append
// looks for the new leader.
func TestBatch_leavesANodeThatIsNotReady(t *testing.T) {
	c := newCluster(t, 3, false)
	c.leader.Store(1)
	store := c.open(t)
	mustAppend(t, store, opening("a"))
	first := sessionOf(store)
	c.unready.Store(1)
	c.leader.Store(2)
	mustAppend(t, store, opening("b"))
	require.Positive(t, c.turned.Load())
	<-first.over
	require.NotSame(t, first, sessionOf(store))
}

// G: a subscription of the old leader breaks and tells the client nothing; the
// next one goes to the new leader by itself.
func TestSubscription_goesToTheNewLeader(t *testing.T) {
	c := newCluster(t, 2, true)
	store := c.open(t)
	mustAppend(t, store, opening("a"))
	for leader := range 2 {
		c.leader.Store(int64(leader))
		done := errors.New("done")
		err := store.Subscribe(within(t, waitTime), eventstore.Start, []string{"a"}, func(eventstore.Message) error { return done })
		require.ErrorIs(t, err, done)
		require.Equal(t, int64(leader), c.subscribed.Load())
	}
}
