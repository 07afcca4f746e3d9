package esdb

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// errNoLeader means that a node knows no leader that is alive.
var errNoLeader = status.Error(codes.Unavailable, "No leader info available")

var (
	// errSameLeader means that the call to this leader is opened already.
	errSameLeader = errors.New("another node has named the same leader")
	// errSuspect means that the leader is the one that has just failed, and that no other
	// node has named it.
	errSuspect = errors.New("the named leader has just failed")
)

// searchHint is what the end of the last call says about the leader. The zero hint says
// nothing.
type searchHint struct {
	leader  string // the address to which a node has referred
	suspect string // the address at which a call has failed
}

// pause returns the time between two rounds of a search.
func (d batchDialer) pause() time.Duration {
	return time.Duration(d.cfg.DiscoveryInterval) * time.Millisecond
}

// open opens a call at the leader: where the hint says that it is, and else where a node of
// the configuration says so. Errors: errNoBatch as it is, and those of the nodes.
func (d batchDialer) open(ctx context.Context, hint searchHint) (*batchSession, error) {
	if hint.leader != "" {
		if session, err := d.openAt(ctx, ctx, hint.leader); err == nil {
			return session, nil
		}
	}
	if isCluster(d.cfg) {
		return d.search(ctx, hint.suspect)
	}
	return d.openAt(ctx, ctx, d.cfg.Address)
}

// search asks all nodes of a cluster for the leader at once, because a silent one takes
// its whole time. A node that is cut off may name a leader that is dead, so the search goes
// on until a call opens. A leader that is cut off goes on naming itself, and may answer
// first: a suspect needs the word of two nodes, or that no other leader is found.
func (d batchDialer) search(ctx context.Context, suspect string) (*batchSession, error) {
	nodes, err := d.nodes(ctx)
	if err != nil {
		return nil, err
	}
	var leaders sync.Map
	var suspected atomic.Int64 // how many nodes have named it
	session, err := firstOf(ctx, nodes, func(searching context.Context, node clusterNode) (*batchSession, error) {
		leader, err := d.leader(searching, node)
		if err != nil {
			return nil, err
		}
		if leader == suspect && suspected.Add(1) == 1 {
			return nil, errSuspect
		}
		if _, named := leaders.LoadOrStore(leader, node); named {
			return nil, errSameLeader
		}
		return d.openAt(ctx, searching, leader)
	})
	if err != nil && suspected.Load() == 1 {
		return d.openAt(ctx, ctx, suspect)
	}
	return session, err
}

// clusterNode is a node that is asked for the leader: the name that its certificate has,
// and the address at which it is dialled.
type clusterNode struct{ name, address string }

func (n clusterNode) String() string { return n.address }

// nodes returns the nodes to ask: those of the configuration, or all that its one name
// stands for now.
func (d batchDialer) nodes(ctx context.Context) ([]clusterNode, error) {
	var nodes []clusterNode
	host, port, err := net.SplitHostPort(d.cfg.Address)
	if err != nil || len(d.cfg.GossipSeeds) > 0 {
		for _, name := range addresses(d.cfg) {
			nodes = append(nodes, clusterNode{name, name})
		}
		return nodes, nil
	}
	limited, cancel := context.WithTimeout(ctx, d.limit())
	defer cancel()
	found, err := d.lookup(limited, host)
	for _, address := range found {
		nodes = append(nodes, clusterNode{d.cfg.Address, net.JoinHostPort(address, port)})
	}
	return nodes, err
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
	conn, err := dialAt(d.cfg, node.name, node.address)
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
