package api_test

import (
	"context"
	"io"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/web/api"
	"nonassociations/web/auth"
)

// passing is a verifier whose tokens end at a time, or when they are withdrawn.
type passing struct {
	tokens

	expires time.Time
	err     *atomic.Pointer[error] // of a token that is verified again
}

func (p passing) Verify(ctx context.Context, token string) (auth.Claims, error) {
	if err := p.err.Load(); err != nil {
		return auth.Claims{}, *err
	}
	claims, err := p.tokens.Verify(ctx, token)
	claims.Expires = p.expires
	return claims, err
}

// ends are the ways in which a token ends while a feed is told; end is called when
// the feed is under way.
func ends() map[string]func() (change func(*api.Options), end func()) {
	withdrawn := func(err error) func() (func(*api.Options), func()) {
		return func() (func(*api.Options), func()) {
			p := passing{err: new(atomic.Pointer[error])}
			return func(o *api.Options) { o.Verifier, o.Feeds.Recheck = p, time.Millisecond }, func() { p.err.Store(&err) }
		}
	}
	return map[string]func() (func(*api.Options), func()){
		"it expires": func() (func(*api.Options), func()) {
			p := passing{err: new(atomic.Pointer[error]), expires: noon.Add(2 * time.Second)}
			return func(o *api.Options) { o.Verifier = p }, func() {}
		},
		"it is withdrawn":        withdrawn(auth.ErrInvalid),
		"the keys cannot be had": withdrawn(auth.ErrUnverifiable),
	}
}

func TestFeed_endsWithItsToken(t *testing.T) {
	for name, prepare := range ends() {
		t.Run(name, func(t *testing.T) {
			plainAndZipped(t, func(t *testing.T, zipped bool) {
				change, end := prepare()
				h := newTestServer(t, change)
				h.quarrels(5)
				client, url := serve(t, h)
				feed := follow(t, client, url+"/history?follow=true", zipped).unzip()
				feed.next()
				end()
				rest, err := feed.rest() // each line is held to be whole
				require.NoError(t, err, "no follower takes its end for the whole")
				require.LessOrEqual(t, len(rest), 4)
			})
		})
	}
}

func TestFeed_thatIsNotThroughWhenItsTokenEndsBreaksOff(t *testing.T) {
	for name, prepare := range ends() {
		t.Run(name, func(t *testing.T) {
			plainAndZipped(t, func(t *testing.T, zipped bool) {
				change, end := prepare()
				ended := make(chan error, 1)
				h := newTestServer(t, change, func(o *api.Options) {
					o.Audit, o.Feeds.Parting = watched{pausing{o.Audit}, ended}, time.Hour // the next line ends it
				})
				client, url := serve(t, h)
				feed := follow(t, client, url+"/history", zipped).unzip()
				feed.next()
				end()
				lines, err := feed.rest() // each is held to be whole
				require.ErrorIs(t, err, io.ErrUnexpectedEOF, "a part must not look whole")
				require.NotEmpty(t, lines)
				require.Error(t, endOf(t, ended))
			})
		})
	}
}

func TestReader_thatTakesNothingIsCutWhenTheTokenEnds(t *testing.T) {
	for name, prepare := range ends() {
		t.Run(name, func(t *testing.T) {
			change, end := prepare()
			told, ended := new(atomic.Int64), make(chan error, 1)
			h := newTestServer(t, change, func(o *api.Options) {
				o.Audit, o.Feeds.Parting = endless{o.Audit, longLine(), told, ended}, time.Millisecond
			})
			feed := follow(t, overPipes(t, h), "http://pipes/history?follow=true", false)
			end()
			select {
			case err := <-ended:
				require.Error(t, err)
			case <-time.After(soon):
				require.Fail(t, "the feed waits for its reader")
			}
			feed.leave()
		})
	}
}

func TestToken_thatHasEndedOpensNoFeed(t *testing.T) {
	for _, ago := range []time.Duration{0, time.Second, 4 * time.Second} { // other calls allow for clocks that differ
		h := newTestServer(t, func(o *api.Options) {
			o.Audit, o.Verifier = untold{o.Audit, t}, passing{err: new(atomic.Pointer[error]), expires: noon.Add(-ago)}
		})
		w := h.call(http.MethodGet, "/history", syncer, "")
		require.Equal(t, http.StatusUnauthorized, w.Code)
		require.NotEmpty(t, w.Header().Get("WWW-Authenticate"))
	}
}

func TestToken_thatEndsBeforeTheFirstLineIsReported(t *testing.T) {
	h := newTestServer(t, func(o *api.Options) {
		o.Audit, o.Verifier = silent{o.Audit}, passing{err: new(atomic.Pointer[error]), expires: noon.Add(time.Millisecond)}
	})
	require.Equal(t, http.StatusUnauthorized, h.call(http.MethodGet, "/history?follow=true", syncer, "").Code)
}
