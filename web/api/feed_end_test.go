package api_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/audit"
	"nonassociations/internal/dev/doubles"
	"nonassociations/web/api"
)

func TestShutdown_endsAFeedAfterAWholeLine(t *testing.T) {
	plainAndZipped(t, func(t *testing.T, zipped bool) {
		h := newTestServer(t)
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

func TestOutage_cutsAFeedAfterAWholeLine(t *testing.T) {
	plainAndZipped(t, func(t *testing.T, zipped bool) {
		h := newTestServer(t)
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

func TestFeed_thatIsBrokenOffIsNotTakenForTheWhole(t *testing.T) {
	plainAndZipped(t, func(t *testing.T, zipped bool) {
		h := newTestServer(t, func(o *api.Options) { o.Audit = halfway{o.Audit, 4} })
		h.quarrels(9)
		client, url := serve(t, h)
		lines, err := follow(t, client, url+"/history", zipped).unzip().rest()
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		require.Len(t, lines, 4, "what was told is whole")
		require.EqualValues(t, 4, lines[3].Position)
	})
}

func TestClient_thatLeavesEndsItsFeed(t *testing.T) {
	plainAndZipped(t, func(t *testing.T, zipped bool) {
		ended := make(chan error, 1)
		h := newTestServer(t, withWatch(ended))
		client, url := serve(t, h)
		feed := follow(t, client, url+"/history?follow=true", zipped)
		feed.leave()
		require.Error(t, endOf(t, ended))
	})
}

func TestLog_waitsForASlowReader(t *testing.T) {
	told, ended := new(atomic.Int64), make(chan error, 1)
	h := newTestServer(t, func(o *api.Options) { o.Audit = endless{o.Audit, longLine(), told, ended} })
	feed := follow(t, overPipes(t, h), "http://pipes/history", false)
	for read := int64(1); read <= 100; read++ {
		feed.next()
		require.LessOrEqual(t, told.Load(), read+20, "only what the buffers hold is ahead of the reader")
	}
	feed.leave()
	require.Error(t, endOf(t, ended))
}

// TestReader_thatTakesNothingIsLetGo: on a busy machine even before it has taken the
// headers.
func TestReader_thatTakesNothingIsLetGo(t *testing.T) {
	told, ended := new(atomic.Int64), make(chan error, 1)
	h := newTestServer(t, func(o *api.Options) {
		o.Audit, o.StallTimeout = endless{o.Audit, longLine(), told, ended}, time.Millisecond
	})
	ctx, leave := context.WithTimeout(t.Context(), soon)
	t.Cleanup(leave)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://pipes/history?follow=true", nil)
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+syncer)
	answer, err := overPipes(t, h).Do(r)
	require.Error(t, endOf(t, ended))
	if err == nil {
		_, err = io.Copy(io.Discard, answer.Body)
		require.NoError(t, answer.Body.Close())
	}
	require.Error(t, err)
	require.NoError(t, ctx.Err(), "it was let go, and did not give up")
}

func TestTimes_ofARequestAreNotThoseOfAFeed(t *testing.T) {
	h := newTestServer(t)
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

func TestFeed_thatIsCutIsLoggedWithoutItsContent(t *testing.T) {
	logs, ended := new(doubles.Log), make(chan error, 1)
	h := newTestServer(t, func(o *api.Options) {
		o.Audit = watched{halfway{o.Audit, 2}, ended}
		o.Logger = slog.New(slog.NewJSONHandler(logs, nil))
	})
	h.quarrels(3)
	server := httptest.NewUnstartedServer(nil)
	server.Config = api.Server(h, slog.New(slog.DiscardHandler))
	server.Start()
	_, err := follow(t, server.Client(), server.URL+"/history", false).rest()
	require.Error(t, err)
	require.ErrorIs(t, endOf(t, ended), audit.ErrUnavailable)
	server.Close() // behind the last line of the log
	require.Contains(t, logs.String(), "feed cut off")
	require.Contains(t, logs.String(), `"route":"/history","status":200`)
	require.NotContains(t, logs.String(), "B0001BB")
	require.NotContains(t, logs.String(), "change")
}

// endOf is how a feed ended, which it must.
func endOf(t *testing.T, ended <-chan error) error {
	t.Helper()
	select {
	case err := <-ended:
		return err
	case <-time.After(soon):
		require.Fail(t, "the feed does not end")
		return nil
	}
}
