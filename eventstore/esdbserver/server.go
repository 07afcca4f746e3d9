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

// Options of a Server. The zero value serves without TLS and injects no faults.
type Options struct {
	// TLS serves with this certificate instead of in clear.
	TLS *tls.Config
	// Before is called at the start of each call, with the name of the method
	// (Append, Read, Subscribe, Delete, Tombstone, Features, Gossip), and for each append
	// of BatchAppend. Its error, if any, is the answer: a gRPC status, an error of the
	// port, or NotLeader. The context carries the headers of the request. NotLeader,
	// Unauthenticated and Unimplemented end the whole call of BatchAppend.
	Before func(ctx context.Context, method string) error
	// Written is called when an append is stored and not answered yet. Its error
	// replaces the answer, which makes the outcome unknown to the client.
	Written func(ctx context.Context) error
	// HoldSame is how long an append waits that arrives while the same one (same
	// stream, ids and expected revision) is being written, before it is answered
	// Aborted, or Timeout by BatchAppend. A real server waits two seconds; 0: both are
	// written.
	HoldSame time.Duration
	// Members returns the cluster for gossip; nil: gossip is refused.
	Members func() []Member
	// Rights are checked for each call; nil: every call is allowed.
	Rights *Rights
	// NoBatchAppend leaves BatchAppend out, as servers before 21.10 do.
	NoBatchAppend bool
}

// Server serves one store. Make one with New. It cannot be used again after Stop or
// Kill. Its methods may be called at any time and from any goroutine.
type Server struct {
	streams.UnimplementedStreamsServer
	serverfeatures.UnimplementedServerFeaturesServer

	store   eventstore.Store
	options Options
	grpc    *grpc.Server
	// stopping is closed by stop. It ends the subscriptions, which never end by
	// themselves and would block a graceful stop.
	stopping chan struct{}
	stop     func()
	// open are the connections for Drop, inFlight the appends for HoldSame.
	open     connections
	inFlight inFlight
}

const (
	// maxMessage is the limit of the client. It is above that of an append, so that an
	// append that is too large is refused by its size and not by gRPC.
	maxMessage = 17 << 20
	// grace is the time of calls in flight at Stop.
	grace = 2 * time.Second
	// The client never closes the connection that it replaces after an Unavailable.
	// Like a real server, this one closes idle connections.
	maxIdle = 2 * time.Minute
)

// New makes a server over a store. The caller closes the store, after the server has
// stopped. Nothing is served before Serve.
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

// grpcOptions are the settings of the gRPC server, which match those of a real server.
func (s *Server) grpcOptions() []grpc.ServerOption {
	options := []grpc.ServerOption{
		grpc.MaxRecvMsgSize(maxMessage),
		// The client pings every 10 s, also when idle. By default the server answers
		// that with GOAWAY too_many_pings.
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 2 * time.Second, PermitWithoutStream: true}),
		grpc.KeepaliveParams(keepalive.ServerParameters{MaxConnectionIdle: maxIdle}),
		grpc.WaitForHandlers(true),
	}
	if s.options.TLS != nil {
		options = append(options, grpc.Creds(credentials.NewTLS(s.options.TLS)))
	}
	return options
}

// Serve accepts connections on a listener, which it closes at the end. It returns nil
// after Stop or Kill. It may be called with several listeners.
func (s *Server) Serve(listener net.Listener) error {
	err := s.grpc.Serve(&tracked{Listener: listener, open: &s.open})
	if errors.Is(err, grpc.ErrServerStopped) {
		return nil
	}
	return err
}

// Stop ends the subscriptions, gives the calls in flight two seconds to finish, and
// returns when none is running. Calls that are still running then are aborted. It may
// be called twice.
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

// Kill aborts all calls and connections at once, as a crash of the server does. Their
// outcome is unknown to the clients.
func (s *Server) Kill() {
	s.stop()
	s.grpc.Stop()
}

// Drop closes all connections, as a network fault does. Calls on them fail, and new
// connections are accepted.
func (s *Server) Drop() { s.open.closeAll() }

// before calls the hook of the options, through which tests inject faults.
func (s *Server) before(ctx context.Context, method string) error {
	if s.options.Before == nil {
		return nil
	}
	return s.options.Before(ctx, method)
}

// connections are the open connections of a server, for Drop.
type connections struct {
	mu  sync.Mutex
	all map[net.Conn]struct{}
}

// add registers a connection.
func (c *connections) add(conn net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.all == nil {
		c.all = map[net.Conn]struct{}{}
	}
	c.all[conn] = struct{}{}
}

// remove forgets a closed connection.
func (c *connections) remove(conn net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.all, conn)
}

// closeAll closes the connections without the lock, because Close calls remove.
func (c *connections) closeAll() {
	c.mu.Lock()
	all := c.all
	c.all = nil
	c.mu.Unlock()
	for conn := range all {
		_ = conn.Close()
	}
}

// tracked is a listener that registers its connections.
type tracked struct {
	net.Listener
	open *connections
}

// Accept implements net.Listener.
func (t *tracked) Accept() (net.Conn, error) {
	accepted, err := t.Listener.Accept()
	if err != nil {
		return nil, err
	}
	conn := &trackedConn{Conn: accepted, open: t.open}
	t.open.add(conn)
	return conn, nil
}

// trackedConn is a connection that unregisters itself.
type trackedConn struct {
	net.Conn
	open *connections
}

// Close implements net.Conn.
func (c *trackedConn) Close() error {
	c.open.remove(c)
	return c.Conn.Close()
}
