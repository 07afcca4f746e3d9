package esdbserver

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/gossip"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/serverfeatures"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/keepalive"

	"nonassociations/eventstore"
)

// Options of a Server. The zero value serves in clear and fails nothing.
type Options struct {
	// TLS serves with this certificate instead of in clear.
	TLS *tls.Config
	// Before is asked at the start of each call, with the name of the method
	// (Append, Read, Subscribe, Delete, Tombstone, Features, Gossip). Its error
	// is the answer: a gRPC status, an error of the port, or NotLeader. The
	// context carries the headers of the request.
	Before func(ctx context.Context, method string) error
	// Written is asked when an append is in the store and not answered yet.
	Written func(ctx context.Context) error
	// HoldSame is how long an append is held that arrives while the same one (same
	// stream, ids and expected revision) is under way, before it is answered
	// Aborted. A real server does so for two seconds; 0 lets both go on.
	HoldSame time.Duration
	// Members is what gossip tells of the cluster; without it gossip is refused.
	Members func() []Member
	// Rights, if they are given, say which user may do what.
	Rights *Rights
}

// Server serves one store. Make one with New; after Stop or Kill it is spent.
type Server struct {
	streams.UnimplementedStreamsServer
	serverfeatures.UnimplementedServerFeaturesServer

	store    eventstore.Store
	options  Options
	grpc     *grpc.Server
	stopping chan struct{} // closed to end the subscriptions, which never end by themselves
	stop     func()
	open     connections
	inFlight inFlight
}

const (
	maxMessage = 17 << 20        // what the client takes
	grace      = 2 * time.Second // for the calls in flight at Stop
	// A client never closes the connection that it replaces after an
	// Unavailable; like the real server, this one closes what lies idle.
	maxIdle = 2 * time.Minute
)

// New makes a server over a store, which stays the caller's to close.
func New(store eventstore.Store, options Options) *Server {
	s := &Server{store: store, options: options, stopping: make(chan struct{})}
	s.stop = sync.OnceFunc(func() { close(s.stopping) })
	s.grpc = grpc.NewServer(s.grpcOptions()...)
	streams.RegisterStreamsServer(s.grpc, s)
	serverfeatures.RegisterServerFeaturesServer(s.grpc, s)
	if options.Members != nil {
		gossip.RegisterGossipServer(s.grpc, &gossipServer{server: s})
	}
	return s
}

func (s *Server) grpcOptions() []grpc.ServerOption {
	options := []grpc.ServerOption{
		grpc.MaxRecvMsgSize(maxMessage),
		// The client pings every 10 s, also when idle; by default that is
		// punished with GOAWAY too_many_pings.
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 2 * time.Second, PermitWithoutStream: true}),
		grpc.KeepaliveParams(keepalive.ServerParameters{MaxConnectionIdle: maxIdle}),
		grpc.WaitForHandlers(true),
	}
	if s.options.TLS != nil {
		options = append(options, grpc.Creds(credentials.NewTLS(s.options.TLS)))
	}
	return options
}

// Serve answers on a listener, which it closes at the end. It returns nil after
// Stop or Kill.
func (s *Server) Serve(listener net.Listener) error {
	err := s.grpc.Serve(&tracked{Listener: listener, open: &s.open})
	if errors.Is(err, grpc.ErrServerStopped) {
		return nil
	}
	return err
}

// Stop ends the subscriptions, lets the calls in flight finish for at most two
// seconds, and returns when nothing runs any more.
func (s *Server) Stop() {
	s.stop()
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		s.grpc.GracefulStop()
	}()
	late := time.NewTimer(grace)
	defer late.Stop()
	select {
	case <-finished:
	case <-late.C:
		s.grpc.Stop()
		<-finished
	}
}

// Kill breaks everything off at once, as the death of a server does.
func (s *Server) Kill() {
	s.stop()
	s.grpc.Stop()
}

// Drop breaks all connections; new ones are accepted.
func (s *Server) Drop() { s.open.closeAll() }

func (s *Server) before(ctx context.Context, method string) error {
	if s.options.Before == nil {
		return nil
	}
	return s.options.Before(ctx, method)
}

// connections are those that were accepted and not closed yet.
type connections struct {
	mu  sync.Mutex
	all map[net.Conn]struct{}
}

func (c *connections) add(conn net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.all == nil {
		c.all = map[net.Conn]struct{}{}
	}
	c.all[conn] = struct{}{}
}

func (c *connections) remove(conn net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.all, conn)
}

func (c *connections) closeAll() {
	c.mu.Lock()
	all := c.all
	c.all = nil
	c.mu.Unlock()
	for conn := range all {
		_ = conn.Close()
	}
}

// tracked is a listener that knows its connections.
type tracked struct {
	net.Listener
	open *connections
}

func (t *tracked) Accept() (net.Conn, error) {
	accepted, err := t.Listener.Accept()
	if err != nil {
		return nil, err
	}
	conn := &trackedConn{Conn: accepted, open: t.open}
	t.open.add(conn)
	return conn, nil
}

type trackedConn struct {
	net.Conn
	open *connections
}

func (c *trackedConn) Close() error {
	c.open.remove(c)
	return c.Conn.Close()
}
