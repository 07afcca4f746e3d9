package api_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/audit"
	"nonassociations/web/api"
)

// stuck is the writer of a reader that takes nothing once it has the headers: what
// is written waits until the time of a write is over, as in a connection.
type stuck struct {
	http.ResponseWriter

	once    sync.Once
	waiting chan struct{} // closed when a write waits
	over    chan struct{} // closed when no write may wait any longer
}

func newStuck() *stuck {
	return &stuck{ResponseWriter: httptest.NewRecorder(), waiting: make(chan struct{}), over: make(chan struct{})}
}

func (s *stuck) Write([]byte) (int, error) {
	s.once.Do(func() { close(s.waiting) })
	<-s.over
	return 0, io.ErrClosedPipe
}

func (s *stuck) Flush()                          {}
func (s *stuck) SetReadDeadline(time.Time) error { return nil }

func (s *stuck) SetWriteDeadline(at time.Time) error {
	if at.IsZero() || at.After(time.Now()) {
		return nil
	}
	select {
	case <-s.over:
	default:
		close(s.over)
	}
	return nil
}

// stages are what a feed can be at when its reader leaves: asking the log, writing
// a line that no reader takes, and waiting for the next fact.
func stages(t *testing.T) map[string]func(o *api.Options, at chan<- struct{}) {
	t.Helper()
	return map[string]func(o *api.Options, at chan<- struct{}){
		"before the log answers": func(o *api.Options, at chan<- struct{}) { o.Audit = hanging{o.Audit, at} },
		"in a line":              func(o *api.Options, _ chan<- struct{}) { o.Audit = endlessly{o.Audit} },
		"behind the last line":   func(o *api.Options, at chan<- struct{}) { o.Audit = tailing{o.Audit, at} },
	}
}

// hanging is a log that does not answer, and says that it was asked.
type hanging struct {
	api.Audit

	at chan<- struct{}
}

func (h hanging) Feed(ctx context.Context, _ audit.Feed) error {
	close(h.at)
	<-ctx.Done()
	return ctx.Err()
}

// endlessly is a log without an end that takes the error of a line for its own, and
// looks at no context.
type endlessly struct{ api.Audit }

func (endlessly) Feed(_ context.Context, feed audit.Feed) error {
	err := feed.Begin(0)
	for err == nil {
		err = feed.Line(longLine())
	}
	return err
}

// pausing is a log without an end that pauses after some lines until the feed is to
// end, so that a client reads little.
type pausing struct{ api.Audit }

func (pausing) Feed(ctx context.Context, feed audit.Feed) error {
	err := feed.Begin(0)
	for lines := 0; err == nil; lines++ {
		if lines == 100 {
			if err := feed.CaughtUp(); err != nil { // it sends what is there
				return err
			}
			<-ctx.Done()
		}
		err = feed.Line(longLine())
	}
	return err
}

// tailing is a log that has told everything, and waits.
type tailing struct {
	api.Audit

	at chan<- struct{}
}

func (l tailing) Feed(ctx context.Context, feed audit.Feed) error {
	if err := errors.Join(feed.Begin(0), feed.CaughtUp()); err != nil {
		return err
	}
	close(l.at)
	<-ctx.Done()
	return ctx.Err()
}

// kindsOfFeed are all ways to ask for one.
var kindsOfFeed = []struct{ query, accept string }{
	{"", ""}, {"", "gzip"}, {"?follow=true", ""}, {"?follow=true", "gzip"},
}

// served runs a request to its end, which must come; the panic of an answer that is
// broken off is one.
func served(t *testing.T, h http.Handler, w http.ResponseWriter, r *http.Request, then func()) {
	t.Helper()
	ended := make(chan any, 1)
	go func() {
		defer func() { ended <- recover() }()
		h.ServeHTTP(w, r)
	}()
	then()
	select {
	case panicked := <-ended:
		if panicked != nil {
			require.Equal(t, http.ErrAbortHandler, panicked)
		}
	case <-time.After(soon):
		require.Fail(t, "the feed does not end")
	}
}

func TestFeed_isCutWhenItsReaderLeaves(t *testing.T) {
	for name, stage := range stages(t) {
		for _, kind := range kindsOfFeed {
			t.Run(name+" "+kind.query+kind.accept, func(t *testing.T) {
				at, w := make(chan struct{}), newStuck()
				if name != "in a line" {
					close(w.over) // the headers of gzip, or the refusal, are taken
				}
				h := newTestServer(t, func(o *api.Options) { stage(o, at) })
				ctx, leave := context.WithCancel(t.Context())
				defer leave()
				r := httptest.NewRequest(http.MethodGet, "/history"+kind.query, nil).WithContext(ctx)
				r.Header.Set("Authorization", "Bearer "+syncer)
				r.Header.Set("Accept-Encoding", kind.accept)
				served(t, h, w, r, func() {
					select {
					case <-at:
					case <-w.waiting:
					case <-time.After(soon):
						t.Error("the feed does not come so far")
					}
					leave()
				})
			})
		}
	}
}

func TestFeed_beginsInTimeOrNotAtAll(t *testing.T) {
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		for _, kind := range kindsOfFeed {
			t.Run(method+" "+kind.query+kind.accept, func(t *testing.T) {
				h := newTestServer(t, func(o *api.Options) { o.Audit, o.Timeout = silent{o.Audit}, time.Millisecond })
				ctx, leave := context.WithCancel(t.Context())
				defer leave()
				r := httptest.NewRequest(method, "/history"+kind.query, nil).WithContext(ctx)
				r.Header.Set("Authorization", "Bearer "+syncer)
				r.Header.Set("Accept-Encoding", kind.accept)
				w := httptest.NewRecorder()
				served(t, h, w, r, func() {})
				full(t, w.Header(), w.Code, errorIn(t, w))
			})
		}
	}
}

// late is a log that answers when the time of the start is over.
type late struct{ api.Audit }

func (late) Feed(ctx context.Context, feed audit.Feed) error {
	<-ctx.Done()
	return feed.Begin(0)
}

func TestFeed_thatWasGivenUpDoesNotBegin(t *testing.T) {
	h := newTestServer(t, func(o *api.Options) { o.Audit, o.Timeout = late{o.Audit}, time.Millisecond })
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "/history?follow=true", nil)
	r.Header.Set("Authorization", "Bearer "+syncer)
	served(t, h, w, r, func() {})
	full(t, w.Header(), w.Code, errorIn(t, w))
}
