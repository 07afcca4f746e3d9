package esdb

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// errNoLeader means that a node knows no leader that is alive.
var errNoLeader = status.Error(codes.Unavailable, "No leader info available")

// errSameLeader means that the call to this leader is opened already.
var errSameLeader = errors.New("another node has named the same leader")

// suspectFor is how long the node of a call that has failed is called after all others. A
// node that is cut off for longer has noticed it itself.
const suspectFor = time.Minute

// searchHint is what earlier calls say about the leader. The zero hint says nothing.
type searchHint struct {
	leader   string   // the address that is tried first; "" when none is known
	suspects []string // the addresses at which calls have failed
}

// pause returns the time between two rounds of a search.
func (d batchDialer) pause() time.Duration {
	return time.Duration(d.cfg.DiscoveryInterval) * time.Millisecond
}

// open opens a call at the leader: where the hint says that it is, and else where a node of
// the configuration says so. Errors: errNoBatch as it is, and those of the nodes.
func (d batchDialer) open(ctx context.Context, hint searchHint) (*batchSession, error) {
	if hint.leader != "" && (isCluster(d.cfg) || hint.leader != d.cfg.Address) {
		if session, err := d.openAt(ctx, ctx, hint.leader); err == nil {
			return session, nil
		}
	}
	if isCluster(d.cfg) {
		return d.search(ctx, hint.suspects)
	}
	return d.openAt(ctx, ctx, d.cfg.Address)
}

// search asks all nodes of a cluster for the leader at once, because a silent one takes
// its whole time. A node that is cut off may name a leader that is dead, so the search goes
// on until a call opens. A leader that is cut off goes on naming itself, and may answer
// first: a suspect is called when no other node is left to ask, or after a while.
func (d batchDialer) search(ctx context.Context, suspects []string) (*batchSession, error) {
	nodes := d.nodes(ctx)
	var leaders sync.Map
	others := newOthers(len(nodes))
	return firstOf(ctx, nodes, func(searching context.Context, node clusterNode) (*batchSession, error) {
		end := sync.OnceFunc(others.end)
		defer end()
		leader, err := d.leader(searching, node)
		if err != nil {
			return nil, err
		}
		if _, named := leaders.LoadOrStore(leader, node); named {
			return nil, errSameLeader
		}
		if slices.Contains(suspects, leader) {
			end()
			if err := pause(searching, nil, d.limit()/4, others.none); err != nil {
				return nil, err
			}
		}
		return d.openAt(ctx, searching, leader)
	})
}

// others counts the nodes of a search that may still lead to a leader who is no suspect.
type others struct {
	left atomic.Int64
	none chan struct{} // closed when none is left
}

func newOthers(nodes int) *others {
	o := &others{none: make(chan struct{})}
	o.left.Store(int64(nodes))
	return o
}

// end takes one node off.
func (o *others) end() {
	if o.left.Add(-1) == 0 {
		close(o.none)
	}
}

// clusterNode is a node that is asked for the leader: the name that its certificate has,
// and the address at which it is dialled.
type clusterNode struct{ name, address string }

func (n clusterNode) String() string { return n.address }

// nodes returns the nodes to ask: those of the configuration, or all that its one name
// stands for now. A name that only a proxy can look up stands for itself.
func (d batchDialer) nodes(ctx context.Context) []clusterNode {
	var nodes []clusterNode
	if len(d.cfg.GossipSeeds) == 0 {
		limited, cancel := context.WithTimeout(ctx, d.limit())
		defer cancel()
		host, port, _ := net.SplitHostPort(d.cfg.Address)
		found, _ := d.lookup(limited, host) // the call to the name will say the same
		for _, address := range found {
			nodes = append(nodes, clusterNode{d.cfg.Address, net.JoinHostPort(address, port)})
		}
	}
	if len(nodes) > 0 {
		return nodes
	}
	for _, name := range addresses(d.cfg) {
		nodes = append(nodes, clusterNode{name, name})
	}
	return nodes
}

// firstOf tries all nodes at once. The first call that opens wins, or the first errNoBatch.
// The other tries are cancelled, and over when it returns.
func firstOf(ctx context.Context, nodes []clusterNode, try func(searching context.Context, node clusterNode) (*batchSession, error)) (*batchSession, error) {
	searching, settle := context.WithCancel(ctx)
	defer settle()
	won, errs := make(chan result[*batchSession], 1), make([]error, len(nodes))
	var all sync.WaitGroup
	for i, node := range nodes {
		all.Go(func() {
			session, err := try(searching, node)
			if err != nil && !errors.Is(err, errNoBatch) {
				errs[i] = fmt.Errorf("%s: %w", node, err)
				return
			}
			select {
			case won <- result[*batchSession]{session, err}:
				settle()
			default:
				session.end()
			}
		})
	}
	all.Wait()
	select {
	case first := <-won:
		return first.value, first.err
	default:
		return nil, errors.Join(errs...)
	}
}

// leader asks a node for the leader. The connection is closed again, since the next one
// is another node's as a rule.
func (d batchDialer) leader(ctx context.Context, node clusterNode) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, d.limit())
	defer cancel()
	conn, err := dialAt(d.cfg, node)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	leader, err := leaderOf(ctx, conn)
	if err == nil && leader == "" {
		err = errNoLeader
	}
	return leader, err
}
