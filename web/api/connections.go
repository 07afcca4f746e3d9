package api

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
)

// DefaultConnections is how many connections are served at once.
const DefaultConnections = 2048

// refusing is how many connections beyond the limit are told so at once; what
// comes beyond these is closed without a word.
const refusing = 128

// Connections is a listener whose server answers so many connections at once:
// one beyond is answered 503 and closed, so that its caller knows. Only liveness
// is answered there too: a process that is busy is not dead. It is safe for
// concurrent use.
type Connections struct {
	net.Listener

	most int64
	open atomic.Int64
}

// LimitConnections limits a listener; to DefaultConnections when most is 0.
func LimitConnections(listener net.Listener, most int) *Connections {
	if most == 0 {
		most = DefaultConnections
	}
	return &Connections{Listener: listener, most: int64(most)}
}

// Accept is [net.Listener]'s.
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
		_ = conn.Close() // it is not known to anybody
	}
}

// counted is a connection that counts until it is closed.
type counted struct {
	net.Conn

	of     *Connections
	beyond bool // of the limit
	once   sync.Once
}

// Close is [net.Conn]'s.
func (c *counted) Close() error {
	c.once.Do(func() { c.of.open.Add(-1) })
	return c.Conn.Close()
}

// CloseWrite lets the server end an answer before the caller has ended.
func (c *counted) CloseWrite() error {
	if half, is := c.Conn.(interface{ CloseWrite() error }); is {
		return half.CloseWrite()
	}
	return nil
}

type beyondKey struct{}

// Bind makes a server refuse what comes by a connection beyond the limit. It is
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

var errConnections = errors.New("there are as many connections as may be")

// pathLiveness asks whether the process lives.
const pathLiveness = "/health/liveness"
