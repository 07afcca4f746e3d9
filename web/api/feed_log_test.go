package api_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/audit"
	"nonassociations/web/api"
)

func TestFeed_namesTheLogItGives(t *testing.T) {
	h := newTestServer(t)
	h.quarrels(2)
	for _, query := range []string{"", "?logId=" + theLog.String(), "?from=1&logId=" + strings.ToUpper(theLog.String())} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			w := h.plainly(method, "/history"+query, syncer)
			require.Equal(t, http.StatusOK, w.Code, query)
			require.Equal(t, theLog.String(), w.Header().Get("X-Log-Id"))
		}
	}
}

// untold is a log of which nothing may be told.
type untold struct {
	api.Audit

	t *testing.T
}

func (u untold) Feed(context.Context, audit.Feed) error {
	u.t.Error("the log was asked")
	return audit.ErrUnavailable
}

func TestFeed_ofAnotherLogIsRefused(t *testing.T) {
	h := newTestServer(t, func(o *api.Options) { o.Audit = untold{o.Audit, t} })
	for _, query := range []string{"", "&from=1", "&follow=true", "&from=9223372036854775807"} {
		for _, other := range []uuid.UUID{uuid.Nil, uuid.New()} {
			w := h.call(http.MethodGet, "/history?logId="+other.String()+query, syncer, "")
			require.Equal(t, http.StatusConflict, w.Code)
			require.Nil(t, errorIn(t, w).ErrorCode)
			require.Equal(t, theLog.String(), w.Header().Get("X-Log-Id"))
			require.Contains(t, errorIn(t, w).DeveloperMessage, theLog.String())
			require.Contains(t, errorIn(t, w).DeveloperMessage, other.String())
		}
	}
}

func TestLogID_thatIsInvalidIsNamed(t *testing.T) {
	h := newTestServer(t, func(o *api.Options) { o.Audit = untold{o.Audit, t} })
	id := theLog.String()
	for _, bad := range []string{
		"", "x", "null", strings.ReplaceAll(id, "-", ""), "{" + id + "}", "urn:uuid:" + id, id + "0", id[:35], " " + id[1:],
		id[:35] + "g", "../../../../../../../../etc/passwd..", "<script>alert(1)</script>-----------", strings.Repeat("8", 10_000), id + "\x00",
	} {
		w := h.call(http.MethodGet, "/history?from=x&logId="+url.QueryEscape(bad), syncer, "")
		require.Equal(t, http.StatusBadRequest, w.Code, bad)
		require.Equal(t, []string{"from", "logId"}, errorIn(t, w).sources(), bad)
		require.Less(t, w.Body.Len(), 1000, "it is not given back")
		require.NotContains(t, w.Body.String(), "script")
	}
	w := h.call(http.MethodGet, "/history?logId="+id+"&logId="+id, syncer, "")
	require.Equal(t, []string{"logId"}, errorIn(t, w).sources())
}

func TestFeed_ofALogThatIsNotKnownYetWaits(t *testing.T) {
	for name, logID := range map[string]func() (uuid.UUID, bool){
		"unknown": func() (uuid.UUID, bool) { return uuid.Nil, false }, "none": nil,
	} {
		h := newTestServer(t, func(o *api.Options) { o.Audit, o.LogID = untold{o.Audit, t}, logID })
		w := h.call(http.MethodGet, "/history?logId="+uuid.Nil.String(), syncer, "")
		full(t, w.Header(), w.Code, errorIn(t, w))
		require.Empty(t, w.Header().Get("X-Log-Id"), name)
	}
}

func TestFeed_fromBeyondTheEndOfTheLogIsRefused(t *testing.T) {
	h := newTestServer(t)
	h.quarrels(3)
	for _, query := range []string{"from=4", "from=4&follow=true", "from=9223372036854775807", "from=1000&logId=" + theLog.String()} {
		w := h.call(http.MethodGet, "/history?"+query, syncer, "")
		require.Equal(t, http.StatusBadRequest, w.Code, query)
		require.Equal(t, []string{"from"}, errorIn(t, w).sources())
		require.Equal(t, 102, errorIn(t, w).code())
	}
	require.Empty(t, h.feed("?from=3"))
	h.quarrels(5)
	require.Len(t, h.feed("?from=4"), 1, "the end is asked for each time")
}

// oldest asks over HTTP/1.0 and reads until the server ends the connection.
func oldest(t *testing.T, address, method, path, more string) (status int, head, body string) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(soon)))
	_, err = fmt.Fprintf(conn, "%s %s HTTP/1.0\r\nHost: x\r\n%s\r\n", method, path, more)
	require.NoError(t, err)
	whole, err := io.ReadAll(conn)
	require.NoError(t, err)
	answer, err := http.ReadResponse(bufio.NewReader(strings.NewReader(string(whole))), &http.Request{Method: method})
	require.NoError(t, err, "%s", whole)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	head, _, _ = strings.Cut(string(whole), "\r\n\r\n")
	return answer.StatusCode, head, string(text)
}

func TestFeed_overHTTP10IsRefused(t *testing.T) {
	h := newTestServer(t, func(o *api.Options) { o.Audit = untold{o.Audit, t} })
	_, base := serve(t, h)
	address := strings.TrimPrefix(base, "http://")
	bearer := "Authorization: Bearer " + syncer + "\r\n"
	for _, path := range []string{"/history", "/history?follow=true", "/history?from=1", "/history?from=x&logId=x"} {
		for _, more := range []string{"", bearer, bearer + "Accept-Encoding: gzip\r\n", bearer + "TE: chunked\r\n"} {
			status, head, body := oldest(t, address, http.MethodGet, path, more)
			require.Equal(t, http.StatusHTTPVersionNotSupported, status, "%s %s", path, more)
			require.Contains(t, head, "Content-Length: ")
			var said errorBody
			require.NoError(t, json.Unmarshal([]byte(body), &said))
			require.Equal(t, 505, said.Status)
			require.Nil(t, said.ErrorCode)
			requireJSON(t, openContract(t), "/paths/~1history/get/responses/505/content/application~1json/schema", []byte(body))
		}
	}
	status, _, _ := oldest(t, address, http.MethodHead, "/history", bearer)
	require.Equal(t, http.StatusHTTPVersionNotSupported, status)
}

func TestHTTP10_otherCallsGoOn(t *testing.T) {
	h := newTestServer(t)
	h.sync(record)
	_, base := serve(t, h)
	token := "U:" + strings.Join(allRoles, ",") + ":write"
	values := strings.NewReplacer("{reference}", "A9109UD", "{prisonerNumber}", "A9109UD", "{id}", anID, "*", "index.html")
	walked := 0
	for _, route := range h.Routes() {
		path, is := strings.CutPrefix(route, "GET ")
		if !is || path == "/history" {
			continue
		}
		walked++
		path = values.Replace(path) + map[bool]string{true: "?prn=A9109UD"}[path == "/subject-access-request"]
		w, _ := h.answer(http.MethodGet, path, token, "")
		status, head, body := oldest(t, strings.TrimPrefix(base, "http://"), http.MethodGet, path, "Authorization: Bearer "+token+"\r\n")
		require.Equal(t, w.Code, status, path)
		if w.Body.Len() > 0 && path != "/health" { // which says how long it took
			require.Contains(t, head, "Content-Length: ", path)
			require.Equal(t, w.Body.String(), body, path)
		}
	}
	require.Greater(t, walked, 10)
}
