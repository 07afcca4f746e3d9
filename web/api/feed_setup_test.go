package api_test

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/audit"
	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/web/api"
)

// watched tells how a feed ended.
type watched struct {
	api.Audit

	ended chan error
}

func (w watched) Feed(ctx context.Context, feed audit.Feed) error {
	err := w.Audit.Feed(ctx, feed)
	w.ended <- err
	return err
}

func withWatch(ended chan error) func(*api.Options) {
	return func(o *api.Options) { o.Audit = watched{o.Audit, ended} }
}

// halfway is a log that breaks when a feed has told some lines.
type halfway struct {
	api.Audit

	lines int
}

func (h halfway) Feed(ctx context.Context, feed audit.Feed) error {
	tell := feed.Line
	feed.Line = func(entry audit.Entry) error {
		if h.lines--; h.lines < 0 {
			return audit.ErrUnavailable
		}
		return tell(entry)
	}
	return h.Audit.Feed(ctx, feed)
}

// endless tells one line again and again, and counts.
type endless struct {
	api.Audit

	line  audit.Entry
	told  *atomic.Int64
	ended chan error
}

func (e endless) Feed(ctx context.Context, feed audit.Feed) error {
	err := feed.Begin(0)
	for err == nil {
		if err = feed.Line(e.line); err == nil {
			e.told.Add(1)
			err = ctx.Err()
		}
	}
	e.ended <- err
	return err
}

// longLine is a line of more than 10 kB.
func longLine() audit.Entry {
	fact := domain.Fact{Event: domain.SequenceLearned{}}
	return audit.Entry{Fact: eventstore.Fact{Fact: fact, Type: strings.Repeat("x", 10_000)}}
}

// pipes is a network without any buffer: a write waits for its reader.
type pipes struct {
	dialled chan net.Conn
	closed  chan struct{}
	once    sync.Once
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.dialled:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.once.Do(func() { close(p.closed) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipes"} }

func (p *pipes) dial(context.Context, string, string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	p.dialled <- theirs
	return ours, nil
}

// overPipes serves without buffers in between.
func overPipes(t *testing.T, h *testServer) *http.Client {
	t.Helper()
	listener, ended := &pipes{dialled: make(chan net.Conn), closed: make(chan struct{})}, make(chan error, 1)
	server := api.Server(h, slog.New(slog.DiscardHandler))
	go func() { ended <- server.Serve(listener) }()
	transport := &http.Transport{DialContext: listener.dial, DisableCompression: true}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		require.NoError(t, server.Close())
		require.ErrorIs(t, <-ended, http.ErrServerClosed)
	})
	return &http.Client{Transport: transport}
}

// limits remembers the last deadlines of a connection.
type limits struct {
	net.Conn

	mu          sync.Mutex
	read, write time.Time
}

func (l *limits) SetReadDeadline(at time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.read = at
	return l.Conn.SetReadDeadline(at)
}

func (l *limits) SetWriteDeadline(at time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.write = at
	return l.Conn.SetWriteDeadline(at)
}

type limitListener struct {
	net.Listener

	conns chan *limits
}

func (l limitListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	limited := &limits{Conn: conn}
	l.conns <- limited
	return limited, nil
}

// silent is a log that does not answer.
type silent struct{ api.Audit }

func (silent) Feed(ctx context.Context, _ audit.Feed) error {
	<-ctx.Done()
	return ctx.Err()
}
