package esdb

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/serverfeatures"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nonassociations/eventstore"
)

// finding is the result of a probe. The zero finding means that a node is reached.
type finding struct {
	cause  eventstore.Cause
	detail string
}

// found makes a finding; an unknown cause counts as silence.
func found(cause eventstore.Cause, err error) finding {
	if cause == "" {
		cause = eventstore.CauseSilent
	}
	return finding{cause, err.Error()}
}

// prober finds out why the nodes of a configuration are not reached.
type prober struct {
	cfg      *esdb.Configuration
	stepTime time.Duration
}

// probe takes the client's steps one by one, for all nodes at once: the client does
// not report the reason. No step needs a user's right. A proxy of the environment is
// not used.
func (p prober) probe(ctx context.Context) finding {
	nodes := addresses(p.cfg)
	findings := make([]finding, len(nodes))
	var all sync.WaitGroup
	for i, node := range nodes {
		all.Go(func() { findings[i] = p.probeNode(ctx, node) })
	}
	all.Wait()
	return mostSpecific(findings)
}

// mostSpecific returns the zero finding when one node is reached, else the one with the most
// specific cause.
func mostSpecific(findings []finding) finding {
	if slices.Contains(findings, finding{}) {
		return finding{}
	}
	order := eventstore.Causes()
	return slices.MinFunc(findings, func(a, b finding) int {
		return slices.Index(order, a.cause) - slices.Index(order, b.cause)
	})
}

// probeNode probes the transport, then asks the node as the client does: for the
// leader in a cluster, else for its features.
func (p prober) probeNode(ctx context.Context, node string) finding {
	if seen := p.probeTransport(ctx, node); seen != (finding{}) {
		return seen
	}
	if isCluster(p.cfg) {
		return p.probeCluster(ctx, node)
	}
	return p.ask(ctx, node, func(ctx context.Context, conn *grpc.ClientConn) error {
		_, err := serverfeatures.NewServerFeaturesClient(conn).GetSupportedMethods(ctx, &shared.Empty{})
		return err
	})
}

// probeCluster asks a node for the leader, and probes the leader at the address that
// gossip has for it.
func (p prober) probeCluster(ctx context.Context, node string) finding {
	var leader string
	seen := p.ask(ctx, node, func(ctx context.Context, conn *grpc.ClientConn) (err error) {
		leader, err = leaderOf(ctx, conn)
		return err
	})
	switch {
	case seen != (finding{}):
		return seen
	case leader == "":
		return finding{eventstore.CauseNoLeader, "gossip names no leader"}
	case leader == node:
		return finding{}
	}
	return p.probeTransport(ctx, leader)
}

// ask sends one gRPC request to a node. An answer that the node does not know the
// method counts as reached.
func (p prober) ask(ctx context.Context, node string, question func(context.Context, *grpc.ClientConn) error) finding {
	conn, err := dialNode(p.cfg, node)
	if err != nil {
		return found(eventstore.CauseSilent, err)
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(ctx, p.stepTime)
	defer cancel()
	err = question(ctx, conn)
	switch {
	case err == nil, status.Code(err) == codes.Unimplemented, status.Code(err) == codes.NotFound:
		return finding{}
	case leaderless(err):
		return found(eventstore.CauseNoLeader, err)
	case status.Code(err) == codes.PermissionDenied, status.Code(err) == codes.Unauthenticated:
		return found(eventstore.CauseDenied, err)
	}
	return found(eventstore.CauseSilent, err)
}

// leaderless reports whether a node has answered that there is no leader. A single
// node answers so while it starts.
func leaderless(err error) bool {
	message := status.Convert(err).Message()
	return strings.Contains(message, "Server Is Not Ready") || strings.Contains(message, "No leader info available")
}

// probeTransport dials a node and starts TLS, or HTTP/2 without TLS.
func (p prober) probeTransport(ctx context.Context, node string) finding {
	conn, err := p.dial(ctx, node)
	if err != nil {
		return found(eventstore.NetworkCause(err), err)
	}
	defer conn.Close()
	if p.cfg.DisableTLS {
		return p.inClear(ctx, conn, node)
	}
	config, err := tlsConfig(p.cfg, node)
	if err != nil {
		return found(eventstore.CauseDenied, err)
	}
	secure := tls.Client(conn, config)
	if err = secure.HandshakeContext(ctx); err == nil {
		err = greet(secure) // a missing client certificate is reported after the handshake
	}
	if err == nil {
		return finding{}
	}
	cause := eventstore.NetworkCause(err)
	if cause == eventstore.CauseSilent && p.clearAnswers(ctx, node) {
		cause = eventstore.CauseNoTLS
	}
	return found(cause, err)
}

// inClear starts HTTP/2 without TLS. When that fails, it checks for TLS.
func (p prober) inClear(ctx context.Context, conn net.Conn, node string) finding {
	err := greet(conn)
	if err == nil {
		return finding{}
	}
	if p.tlsAnswers(ctx, node) {
		return finding{eventstore.CauseTLSWanted, "the server speaks TLS"}
	}
	return found(eventstore.NetworkCause(err), err)
}

// errNoHTTP2 means that the answering server is no EventStoreDB.
var errNoHTTP2 = errors.New("the answer is not HTTP/2")

// greet sends the start of an HTTP/2 connection, a preface and empty settings, and
// reads the settings of the server.
func greet(conn net.Conn) error {
	const (
		preface  = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
		settings = "\x00\x00\x00\x04\x00\x00\x00\x00\x00"
		typeAt   = 3 // index of the frame type in its header
	)
	if _, err := io.WriteString(conn, preface+settings); err != nil {
		return err
	}
	head := make([]byte, len(settings))
	if _, err := io.ReadFull(conn, head); err != nil {
		return err
	}
	if head[typeAt] != settings[typeAt] {
		return errNoHTTP2
	}
	return nil
}

// clearAnswers reports whether a server speaks HTTP/2 without TLS.
func (p prober) clearAnswers(ctx context.Context, node string) bool {
	conn, err := p.dial(ctx, node)
	if err != nil {
		return false
	}
	defer conn.Close()
	return greet(conn) == nil
}

// tlsAnswers reports whether a server speaks TLS; its certificate is not checked.
func (p prober) tlsAnswers(ctx context.Context, node string) bool {
	conn, err := p.dial(ctx, node)
	if err != nil {
		return false
	}
	defer conn.Close()
	err = tls.Client(conn, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}}).HandshakeContext(ctx) //nolint:gosec // no data is exchanged
	return err == nil || eventstore.IsTLSAlert(err)
}

// dial opens a connection whose deadline is the time of one step.
func (p prober) dial(ctx context.Context, node string) (net.Conn, error) {
	network, address := "tcp", node
	if path, is := strings.CutPrefix(node, "unix:"); is {
		network, address = "unix", path
	}
	conn, err := (&net.Dialer{Timeout: p.stepTime}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return conn, conn.SetDeadline(time.Now().Add(p.stepTime))
}
