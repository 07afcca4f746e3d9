package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/commands"
	"nonassociations/domain"
	"nonassociations/internal/tracing"
	"nonassociations/web/api"
)

func TestRoutes_unknownOnesAndMethods(t *testing.T) {
	h := newTestServer(t)
	for _, path := range []string{"/", "/non-associations/", "/non-associations/A9109UD/", "/SYNC", "/sync/", "/sync/a/b", "//sync", "/.env"} {
		w := h.call(http.MethodGet, path, "", "")
		require.Equal(t, http.StatusNotFound, w.Code, path)
		require.Zero(t, errorIn(t, w).code())
	}
	for path, allow := range map[string]string{
		"/sync": "POST", "/migrate": "POST", "/sync/x": "DELETE", "/non-associations/A9109UD": "GET, PATCH, HEAD",
		"/non-associations/%419109UD": "GET, PATCH, HEAD", "/non-associations/x/close": "PUT", "/health": "GET, HEAD",
	} {
		for _, method := range []string{http.MethodPut, http.MethodPatch, http.MethodOptions, http.MethodTrace, "BREW"} {
			if strings.Contains(allow, method) {
				continue
			}
			w := h.call(method, path, syncer, "")
			require.Equal(t, http.StatusMethodNotAllowed, w.Code, "%s %s", method, path)
			require.Equal(t, allow, w.Header().Get("Allow"))
			require.Zero(t, errorIn(t, w).code())
		}
	}
}

// panicking commands are a bug.
type panicking struct{ failing }

func (panicking) Sync(context.Context, domain.Cause, []commands.PairSync) (commands.SyncResult, error) {
	panic("the bug")
}

func TestPanic_isAnAnswer(t *testing.T) {
	h := newTestServer(t, func(o *api.Options) { o.Commands = panicking{} })
	w := h.sync(record)
	require.Equal(t, http.StatusInternalServerError, w.Code)
	require.NotContains(t, w.Body.String(), "bug")
	require.Contains(t, h.logs.String(), "the bug")
}

func TestOneLine_isLoggedARequestWithoutPersonalData(t *testing.T) {
	h := newTestServer(t)
	told := toldIn(t, h.call(http.MethodPost, "/sync", syncer, record, "X-Correlation-Id", anID))
	h.list("A9109UD")
	h.sync(swap("VIC", "Staff Name"))
	h.call(http.MethodGet, "/nowhere/A9109UD", "", "")
	lines := strings.Split(strings.TrimSpace(h.logs.String()), "\n")
	require.Len(t, lines, 4, h.logs.String())
	var line struct {
		Method      string   `json:"method"`
		Route       string   `json:"route"`
		Actor       string   `json:"actor"`
		Correlation string   `json:"correlationId"`
		Status      int      `json:"status"`
		Position    *uint64  `json:"position"`
		MS          *float64 `json:"ms"`
	}
	require.NotContains(t, lines[3], "position", "an answer about no records")
	require.NoError(t, json.Unmarshal([]byte(lines[0]), &line))
	require.Equal(t, &told.Position, line.Position)
	require.Equal(t, "POST /sync NOMIS_SYNC 200 "+anID, strings.Join([]string{line.Method, line.Route, line.Actor, itoa(line.Status), line.Correlation}, " "))
	require.NotNil(t, line.MS)
	for _, private := range []string{"A9109UD", "A0135GA", "Staff Name", "location", "Bearer", "NON_ASSOCIATIONS_SYNC"} {
		require.NotContains(t, h.logs.String(), private)
	}
}

// TestRequestID_isOurs: a caller cannot give two requests one id, nor choose what the log and
// a view are found by.
func TestRequestID_isOurs(t *testing.T) {
	var lines strings.Builder
	h := newTestServer(t, func(o *api.Options) { o.Logger = slog.New(tracing.Handler(slog.NewJSONHandler(&lines, nil))) })
	seen := map[string]bool{anID: true}
	for range 2 {
		id := h.call(http.MethodGet, "/non-associations/A9109UD", reader, "", "X-Request-Id", anID).Header().Get("X-Request-ID")
		require.False(t, seen[id], id)
		require.Contains(t, lines.String(), `"requestId":"`+id+`"`, "the line has the id that the answer names")
		seen[id] = true
	}
}

// TestOpenAPI_everyAnswerNamesItsRequest, so that a caller can report it whatever became of
// the request.
func TestOpenAPI_everyAnswerNamesItsRequest(t *testing.T) {
	for _, o := range operations(t) {
		method, path, _ := strings.Cut(o.name, " ")
		for status := range o.whole["responses"].(map[string]any) {
			header, pointer := openContract(t).at(t, "paths", path, strings.ToLower(method), "responses", status, "headers", "X-Request-Id")
			require.Equal(t, "/components/headers/X-Request-Id", pointer, "%s, %s", o.name, status)
			require.Equal(t, true, header["required"])
		}
	}
}

// lateWriter writes nothing before it is opened.
type lateWriter struct{ opened chan struct{} }

func (w lateWriter) Write(p []byte) (int, error) {
	<-w.opened
	return len(p), nil
}

// The client has its answer while the line about it is not written yet.
func TestAnswer_doesNotWaitForItsLine(t *testing.T) {
	late := lateWriter{make(chan struct{})}
	h := newTestServer(t, func(o *api.Options) { o.Logger = slog.New(slog.NewJSONHandler(late, nil)) })
	client, url := serve(t, h)
	open := sync.OnceFunc(func() { close(late.opened) })
	t.Cleanup(open) // before the server is closed
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/info", nil)
	require.NoError(t, err)
	response, err := client.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NotEmpty(t, body)
	open()
}

// serve runs the API on a real connection.
func serve(t *testing.T, h *testServer) (*http.Client, string) {
	server := httptest.NewUnstartedServer(nil)
	server.Config = api.Server(h, slog.New(slog.DiscardHandler))
	server.Start()
	t.Cleanup(server.Close)
	return server.Client(), server.URL
}

func TestHEAD_isGETWithoutTheBody(t *testing.T) {
	h := newTestServer(t)
	h.sync(record)
	client, url := serve(t, h)
	ask := func(method string) (*http.Response, string) {
		r, err := http.NewRequestWithContext(t.Context(), method, url+"/non-associations/A9109UD", nil)
		require.NoError(t, err)
		r.Header.Set("Authorization", "Bearer "+reader)
		answer, err := client.Do(r)
		require.NoError(t, err)
		body, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		answer.Header.Del("Date")
		return answer, string(body)
	}
	get, body := ask(http.MethodGet)
	require.JSONEq(t, record, body)
	head, none := ask(http.MethodHead)
	require.Empty(t, none)
	require.Equal(t, get.StatusCode, head.StatusCode)
	require.Equal(t, ofAnyRequest(get.Header), ofAnyRequest(head.Header))
}

func TestBody_withoutALengthHasTheSameLimit(t *testing.T) {
	h := newTestServer(t)
	client, url := serve(t, h)
	for size, status := range map[int]int{1 << 20: http.StatusOK, 1<<20 + 1: http.StatusRequestEntityTooLarge, 8 << 20: http.StatusRequestEntityTooLarge} {
		body := io.MultiReader(strings.NewReader(record), bytes.NewReader(bytes.Repeat([]byte(" "), size-len(record))))
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/sync", io.NopCloser(body))
		require.NoError(t, err)
		r.Header.Set("Authorization", "Bearer "+syncer)
		r.Header.Set("Content-Type", "application/json")
		answer, err := client.Do(r)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, status, answer.StatusCode, size)
	}
}

func TestBody_thatBreaksOffStoresNothing(t *testing.T) {
	h := newTestServer(t)
	_, url := serve(t, h)
	var dialer net.Dialer
	conn, err := dialer.DialContext(t.Context(), "tcp", strings.TrimPrefix(url, "http://"))
	require.NoError(t, err)
	require.NoError(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
	_, err = io.WriteString(conn, "POST /sync HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+syncer+
		"\r\nContent-Type: application/json\r\nContent-Length: 10000\r\n\r\n"+record)
	require.NoError(t, err)
	require.NoError(t, conn.(*net.TCPConn).CloseWrite())
	answer, err := io.ReadAll(conn)
	require.NoError(t, err)
	require.NoError(t, conn.Close())
	require.True(t, strings.HasPrefix(string(answer), "HTTP/1.1 400 "), "%s", answer)
	require.Zero(t, h.facts())
}

// slowBody is what the server makes of a body when its time is over.
type slowBody struct{}

func (slowBody) Read([]byte) (int, error) { return 0, os.ErrDeadlineExceeded }
func (slowBody) Close() error             { return nil }

func TestBody_thatDoesNotArrive(t *testing.T) {
	h := newTestServer(t)
	r := httptest.NewRequest(http.MethodPost, "/sync", slowBody{})
	r.Header.Set("Authorization", "Bearer "+syncer)
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	require.Equal(t, http.StatusRequestTimeout, w.Code)
	documented(t, http.MethodPost, "/sync", w.Result(), w.Body.Bytes())
}
