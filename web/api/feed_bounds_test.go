package api_test

import (
	"context"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/audit"
	"nonassociations/web/api"
)

func TestFeeds_areBoundedOfAClientAndInAll(t *testing.T) {
	h := newTestServer(t, func(o *api.Options) {
		o.Verifier, o.Feeds = clients{}, api.FeedLimits{Most: 5, Each: 2}
	})
	client, url := serve(t, h)
	ask := func(who, query string) *stream {
		return followAs(t, client, url+"/history"+query, anyRole(who), false)
	}
	refused := func(who string) {
		t.Helper()
		for _, query := range []string{"", "?follow=true"} {
			w := h.call(http.MethodGet, "/history"+query, anyRole(who), "")
			full(t, w.Header(), w.Code, errorIn(t, w))
		}
	}
	first := ask("a", "?follow=true")
	for _, who := range []string{"a", "b", "b"} {
		require.Equal(t, http.StatusOK, ask(who, "?follow=true").answer.StatusCode, who)
	}
	refused("a")
	refused("b")
	require.Equal(t, http.StatusOK, ask("c", "?follow=true").answer.StatusCode)
	refused("c")
	refused("d")
	first.leave()
	require.Eventually(t, func() bool {
		w, _ := h.answer(http.MethodGet, "/history", anyRole("d"), "")
		return w.Code == http.StatusOK
	}, soon, time.Millisecond, "a feed that ended is given back")
	h.ShutDown()
}

func TestBounds_ofFeedsByDefault(t *testing.T) {
	h := newTestServer(t, func(o *api.Options) { o.Verifier = clients{} })
	client, url := serve(t, h)
	for i := range 32 {
		feed := followAs(t, client, url+"/history?follow=true", anyRole(strconv.Itoa(i/4)), false)
		require.Equal(t, http.StatusOK, feed.answer.StatusCode)
		if i == 3 {
			require.Equal(t, http.StatusServiceUnavailable, h.call(http.MethodGet, "/history", anyRole("0"), "").Code)
		}
	}
	require.Equal(t, http.StatusServiceUnavailable, h.call(http.MethodGet, "/history", anyRole("new"), "").Code)
	h.ShutDown()
}

// brief is a feed that tells nothing and is done: what it took must be given back.
type brief struct{ api.Audit }

func (brief) Feed(context.Context, audit.Feed) error { return audit.ErrUnavailable }

func TestFeed_thatNeverBeganIsGivenBack(t *testing.T) {
	h := newTestServer(t, func(o *api.Options) { o.Audit = brief{o.Audit} })
	for range 40 {
		w := h.call(http.MethodGet, "/history", syncer, "")
		require.Equal(t, http.StatusServiceUnavailable, w.Code)
		require.NotContains(t, errorIn(t, w).DeveloperMessage, "feeds")
		require.NotContains(t, w.Body.String(), "too many feeds")
	}
}
