package app_test

import (
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/cmd/internal/app"
	"nonassociations/domain"
	"nonassociations/internal/dev/token"
)

func TestLimit_isRead(t *testing.T) {
	config, err := app.ReadConfig(completeEnvironment(), app.Roles{Serve: true})
	require.NoError(t, err)
	require.Equal(t, app.Limits{FeedsPerClient: 4, Feeds: 32, WaitersPerClient: 64, Connections: 2048}, config.Edge.Limits)

	names := []string{"MAX_FEEDS_PER_CLIENT", "MAX_FEEDS", "MAX_WAITERS_PER_CLIENT", "MAX_CONNECTIONS"}
	environment := completeEnvironment()
	for i, name := range names {
		environment[name] = string(rune('1' + i))
	}
	config, err = app.ReadConfig(environment, app.Roles{Serve: true})
	require.NoError(t, err)
	require.Equal(t, app.Limits{FeedsPerClient: 1, Feeds: 2, WaitersPerClient: 3, Connections: 4}, config.Edge.Limits)

	for _, bad := range []string{"0", "-1", "+4", "1.5", "1e3", "0x10", " ", "4 ", "many", "1000001", "99999999999999999999", "٤"} {
		environment := completeEnvironment()
		for _, name := range names {
			environment[name] = bad
		}
		_, err := app.ReadConfig(environment, app.Roles{Serve: true})
		for _, name := range names {
			require.ErrorContains(t, err, name+" must be a whole number", bad)
		}
		if strings.TrimSpace(bad) == "many" {
			require.NotContains(t, err.Error(), bad)
		}
	}
}

func TestWingParts_areRead(t *testing.T) {
	environment := completeEnvironment()
	config, err := app.ReadConfig(environment, app.Roles{Serve: true})
	require.NoError(t, err)
	require.Empty(t, config.Edge.WingParts)
	environment["WING_PARTS"] = "WWI=2, LEI=3"
	config, err = app.ReadConfig(environment, app.Roles{Serve: true})
	require.NoError(t, err)
	require.Equal(t, domain.WingParts{"WWI": 2, "LEI": 3}, config.Edge.WingParts)
	for _, bad := range []string{"secret", "WWI", "WWI=0", "WWI=5", "WWI=2,", "WWI=2,WWI=3", "OUT=2", " "} {
		environment["WING_PARTS"] = bad
		_, err := app.ReadConfig(environment, app.Roles{Serve: true})
		require.ErrorContains(t, err, "WING_PARTS must be prisons with the parts of their wings' names, such as WWI=2,LEI=2: entry ", bad)
		require.NotContains(t, err.Error(), "secret")
	}
}

// limited is a process with an environment that bounds what it gives.
func limited(t *testing.T, roles app.Roles, bounds ...string) *service {
	t.Helper()
	environment := map[string]string{"EVENTSTORE_URL": app.Embedded}
	for i := 0; i < len(bounds); i += 2 {
		environment[bounds[i]] = bounds[i+1]
	}
	if environment["DATABASE_URL"] == "" {
		environment["DATABASE_URL"] = migrated(t)
	}
	claims := token.Request{User: "NOMIS", Roles: []string{"NON_ASSOCIATIONS_SYNC"}}
	r := runOf(t, roles, claims, time.Now(), environment)
	t.Cleanup(func() {
		r.stop()
		require.NoError(t, <-r.ended)
	})
	if roles.Project {
		<-r.ready
	}
	return r
}

var both = app.Roles{Serve: true, Project: true}

// feed begins one and leaves it open.
func (r *service) feed(t *testing.T, query string) *http.Response {
	t.Helper()
	answer, err := r.client.Do(r.request(t, http.MethodGet, "/history"+query, http.NoBody))
	require.NoError(t, err)
	t.Cleanup(func() { _ = answer.Body.Close() })
	return answer
}

func TestProcess_keepsTheBoundsOfItsFeeds(t *testing.T) {
	for name, bound := range map[string]string{"MAX_FEEDS_PER_CLIENT": "2", "MAX_FEEDS": "2"} {
		t.Run(name, func(t *testing.T) {
			r := limited(t, both, name, bound)
			require.Equal(t, http.StatusOK, r.feed(t, "?follow=true").StatusCode)
			require.Equal(t, http.StatusOK, r.feed(t, "?follow=true").StatusCode)
			require.Equal(t, http.StatusServiceUnavailable, r.feed(t, "?follow=true").StatusCode)
		})
	}
}

func TestFeed_ofAProcessKnowsItsLogAndItsToken(t *testing.T) {
	r := limited(t, both)
	r.feed(t, "").Body.Close() // it answers
	whole := r.token
	r.token = r.endsIn(t, 8*time.Second)
	feed := r.feed(t, "?follow=true")
	r.token = whole
	id, err := uuid.Parse(feed.Header.Get("X-Log-Id"))
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, r.feed(t, "?logId="+id.String()).StatusCode)
	require.Equal(t, http.StatusConflict, r.feed(t, "?logId="+uuid.NewString()).StatusCode)
	require.Equal(t, http.StatusBadRequest, r.feed(t, "?from=1000000").StatusCode)
	late := time.AfterFunc(time.Minute, func() { _ = feed.Body.Close() })
	_, err = io.ReadAll(feed.Body)
	require.NoError(t, err, "a feed that follows ends with its token")
	require.True(t, late.Stop())
}

// atOnce asks six times at once and counts the 503s by what they say.
func (r *service) atOnce(t *testing.T, method, path string) (tooMany, beyondEnd, behind int) {
	t.Helper()
	said := make(chan string, 6)
	for range cap(said) {
		request := r.request(t, method, path, http.NoBody)
		go func() {
			status, text := r.answer(request)
			said <- strconv.Itoa(status) + text
		}()
	}
	for range cap(said) {
		text := <-said
		require.True(t, strings.HasPrefix(text, "503"), text)
		switch {
		case strings.Contains(text, "Too many requests wait"):
			tooMany++
		case strings.Contains(text, "behind the end of the log"):
			beyondEnd++
		default:
			behind++
		}
	}
	return tooMany, beyondEnd, behind
}

// A read model without a projector is waited for in vain, by reads and by commands that
// need an id. A machine that is slow for two seconds lets a second one wait after the first.
func TestProcess_keepsTheBoundOfThoseThatWait(t *testing.T) {
	dsn := migrated(t)
	first := run(t, app.Embedded, dsn)
	<-first.ready
	first.stop()
	require.NoError(t, <-first.ended)
	r := limited(t, app.Roles{Serve: true}, "DATABASE_URL", dsn, "MAX_WAITERS_PER_CLIENT", "1")
	require.Eventually(t, func() bool {
		status, _ := r.answer(r.request(t, http.MethodPost, "/sync", strings.NewReader(syncBody)))
		return status == http.StatusOK
	}, time.Minute, 20*time.Millisecond)
	for path, method := range map[string]string{"/constants?atLeast=2": http.MethodGet, "/sync/" + uuid.NewString(): http.MethodDelete} {
		tooMany, _, behind := r.atOnce(t, method, path)
		require.Positive(t, tooMany, path)
		require.Positive(t, behind, path)
	}
	require.Eventually(t, func() bool {
		_, beyondEnd, _ := r.atOnce(t, http.MethodGet, "/constants?atLeast=1000000")
		return beyondEnd == 6
	}, time.Minute, 20*time.Millisecond, "it will not come, and is not waited for")
}

func TestProcess_keepsTheBoundOfItsConnections(t *testing.T) {
	r := limited(t, both, "MAX_CONNECTIONS", "5")
	r.client.CloseIdleConnections()
	var held []net.Conn
	defer func() {
		for _, conn := range held {
			_ = conn.Close()
		}
	}()
	require.Eventually(t, func() bool {
		conn, err := net.Dial("tcp", strings.TrimPrefix(r.base, "http://"))
		require.NoError(t, err)
		held = append(held, conn)
		status, _ := r.get(t, "/health/ping")
		r.client.CloseIdleConnections()
		return status == http.StatusServiceUnavailable
	}, 20*time.Second, time.Millisecond)
	require.LessOrEqual(t, len(held), 6)
	status, _ := r.get(t, "/health/liveness")
	require.Equal(t, http.StatusOK, status)
}
