package api

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
)

// DefaultConnections is the default limit of connections.
const DefaultConnections = 2048

// refusing is how many connections beyond the limit are answered with 503. Further
// ones are closed without an answer, which costs no goroutine.
const refusing = 128

// Connections is a listener with a limit of open connections. A request on a
// connection beyond the limit is answered with 503 and the connection is closed.
// Liveness is answered there too: a busy process must not be restarted for it. It is
// safe for concurrent use.
type Connections struct {
	net.Listener

	most int64
	open atomic.Int64
}

// LimitConnections limits a listener to most connections; 0 means DefaultConnections.
func LimitConnections(listener net.Listener, most int) *Connections {
	if most == 0 {
		most = DefaultConnections
	}
	return &Connections{Listener: listener, most: int64(most)}
}

// Accept returns the next connection that is to be served or refused.
func (c *Connections) Accept() (net.Conn, error) {
	for {
		conn, err := c.Listener.Accept()
		if err != nil {
			return nil, err
		}
		open := c.open.Add(1)
		if open <= c.most+refusing {
			return &counted{Conn: conn, of: c, beyond: open > c.most}, nil
		}
		c.open.Add(-1)
		_ = conn.Close() // nothing uses it yet
	}
}

// counted is a connection that counts against the limit until it is closed.
type counted struct {
	net.Conn

	of     *Connections
	beyond bool // of the limit
	once   sync.Once
}

// Close gives the place back, once.
func (c *counted) Close() error {
	c.once.Do(func() { c.of.open.Add(-1) })
	return c.Conn.Close()
}

// CloseWrite passes on the half-close with which net/http ends an answer while the
// client still sends.
func (c *counted) CloseWrite() error {
	if half, is := c.Conn.(interface{ CloseWrite() error }); is {
		return half.CloseWrite()
	}
	return nil
}

// beyondKey marks the context of a connection beyond the limit.
type beyondKey struct{}

// Bind makes a server refuse requests on connections beyond the limit. It must be
// called before the server serves this listener.
func (c *Connections) Bind(server *http.Server) {
	next := server.Handler
	server.ConnContext = func(ctx context.Context, conn net.Conn) context.Context {
		if mine, is := conn.(*counted); is && mine.beyond {
			return context.WithValue(ctx, beyondKey{}, true)
		}
		return ctx
	}
	server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Context().Value(beyondKey{}) == nil {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Connection", "close")
		if r.URL.Path == pathLiveness {
			next.ServeHTTP(w, r)
			return
		}
		unavailable(errConnections).reply().write(w, r)
	})
}

// errConnections is the cause of a 503 beyond the limit.
var errConnections = errors.New("too many connections are open")

// pathLiveness is the path of the liveness probe.
const pathLiveness = "/health/liveness"
