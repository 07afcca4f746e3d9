package api_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/audit"
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

func TestAShutdownEndsAFollowerBehindItsLastWholeLine(t *testing.T) {
	plainAndZipped(t, func(t *testing.T, zipped bool) {
		h := newHouse(t)
		h.quarrels(5)
		client, url := serve(t, h)
		feed := follow(t, client, url+"/history?follow=true", zipped).unzip()
		for range 5 {
			feed.next()
		}
		h.ShutDown()
		rest, err := feed.rest()
		require.NoError(t, err, "it ends like an answer that is whole")
		require.Empty(t, rest)

		late := follow(t, client, url+"/history?follow=true", zipped)
		require.Equal(t, http.StatusServiceUnavailable, late.answer.StatusCode)
		whole, err := follow(t, client, url+"/history", zipped).unzip().rest()
		require.NoError(t, err)
		require.Len(t, whole, 5, "what does not follow is a request in flight")
	})
}

func TestAnOutageBreaksAFeedOffBehindItsWholeLines(t *testing.T) {
	plainAndZipped(t, func(t *testing.T, zipped bool) {
		h := newHouse(t)
		h.quarrels(5)
		client, url := serve(t, h)
		feed := follow(t, client, url+"/history?follow=true", zipped).unzip()
		for range 5 {
			feed.next()
		}
		require.NoError(t, h.store.Close(context.Background()))
		_, err := feed.rest()
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	})
}

// halfway is a log that breaks when a feed has told some lines.
type halfway struct {
	api.Audit

	lines int
}

func (h halfway) Feed(ctx context.Context, feed audit.Feed) error {
	tell := feed.Line
	feed.Line = func(entry audit.FeedEntry) error {
		if h.lines--; h.lines < 0 {
			return audit.ErrUnavailable
		}
		return tell(entry)
	}
	return h.Audit.Feed(ctx, feed)
}

func TestAFeedThatIsBrokenOffIsNotTakenForTheWhole(t *testing.T) {
	plainAndZipped(t, func(t *testing.T, zipped bool) {
		h := newHouse(t, func(o *api.Options) { o.Audit = halfway{o.Audit, 4} })
		h.quarrels(9)
		client, url := serve(t, h)
		lines, err := follow(t, client, url+"/history", zipped).unzip().rest()
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		require.Len(t, lines, 4, "what was told is whole")
		require.EqualValues(t, 4, lines[3].Position)
	})
}

func TestAClientThatLeavesEndsItsFeed(t *testing.T) {
	plainAndZipped(t, func(t *testing.T, zipped bool) {
		ended := make(chan error, 1)
		h := newHouse(t, withWatch(ended))
		client, url := serve(t, h)
		feed := follow(t, client, url+"/history?follow=true", zipped)
		feed.leave()
		require.Error(t, <-ended)
	})
}

// endless tells one line again and again, and counts.
type endless struct {
	api.Audit

	line  audit.FeedEntry
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
func longLine() audit.FeedEntry {
	return audit.FeedEntry{Entry: audit.Entry{Type: strings.Repeat("x", 10_000)}}
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
func overPipes(t *testing.T, h *house) *http.Client {
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

func TestTheLogWaitsForASlowReader(t *testing.T) {
	told, ended := new(atomic.Int64), make(chan error, 1)
	h := newHouse(t, func(o *api.Options) { o.Audit = endless{o.Audit, longLine(), told, ended} })
	feed := follow(t, overPipes(t, h), "http://pipes/history", false)
	for read := int64(1); read <= 100; read++ {
		feed.next()
		require.LessOrEqual(t, told.Load(), read+20, "only what the buffers hold is ahead of the reader")
	}
	feed.leave()
	require.Error(t, <-ended)
}

func TestAReaderWhoTakesNothingIsLetGo(t *testing.T) {
	told, ended := new(atomic.Int64), make(chan error, 1)
	h := newHouse(t, func(o *api.Options) {
		o.Audit, o.Stall = endless{o.Audit, longLine(), told, ended}, time.Millisecond
	})
	feed := follow(t, overPipes(t, h), "http://pipes/history?follow=true", false)
	require.Error(t, <-ended)
	_, err := io.Copy(io.Discard, feed.body)
	require.Error(t, err)
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

func TestTheTimesOfARequestAreNotThoseOfAFeed(t *testing.T) {
	h := newHouse(t)
	server := httptest.NewUnstartedServer(nil)
	server.Config = api.Server(h, slog.New(slog.DiscardHandler))
	conns := make(chan *limits, 2)
	server.Listener = limitListener{server.Listener, conns}
	server.Start()
	t.Cleanup(server.Close)
	feed := follow(t, server.Client(), server.URL+"/history?follow=true", false)
	conn := <-conns
	conn.mu.Lock()
	require.True(t, conn.read.IsZero(), "the server would take the end of it for a client who left")
	require.True(t, conn.write.IsZero())
	conn.mu.Unlock()
	h.ShutDown()
	_, err := feed.rest()
	require.NoError(t, err)
}

// silent is a log that does not answer.
type silent struct{ api.Audit }

func (silent) Feed(ctx context.Context, _ audit.Feed) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestALogThatDoesNotAnswerInTimeIsSaid(t *testing.T) {
	h := newHouse(t, func(o *api.Options) { o.Audit, o.Patience = silent{o.Audit}, time.Millisecond })
	w := h.call(http.MethodGet, "/history?follow=true", syncer, "")
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
}

// syncedLog is a log of lines that a server writes while a test reads it.
type syncedLog struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *syncedLog) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func TestAFeedThatIsBrokenOffIsLoggedWithoutWhatItTold(t *testing.T) {
	logs, ended := new(syncedLog), make(chan error, 1)
	h := newHouse(t, func(o *api.Options) {
		o.Audit = watched{halfway{o.Audit, 2}, ended}
		o.Logger = slog.New(slog.NewJSONHandler(logs, nil))
	})
	h.quarrels(3)
	server := httptest.NewUnstartedServer(nil)
	server.Config = api.Server(h, slog.New(slog.DiscardHandler))
	server.Start()
	_, err := follow(t, server.Client(), server.URL+"/history", false).rest()
	require.Error(t, err)
	require.True(t, errors.Is(<-ended, audit.ErrUnavailable))
	server.Close() // behind the last line of the log
	logs.mu.Lock()
	defer logs.mu.Unlock()
	require.Contains(t, logs.text.String(), "feed cut off")
	require.Contains(t, logs.text.String(), `"route":"/history","status":200`)
	require.NotContains(t, logs.text.String(), "B0001BB")
	require.NotContains(t, logs.text.String(), "change")
}
