package api_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/web/api"
)

// The policies of answers that are no page, and of the page for people.
const (
	nothing = "default-src 'none'; frame-ancestors 'none'"
	ownPage = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

// fixed are the routes whose good answers are public and the same for every caller,
// with their policy. All others are about a person, or of this moment.
var fixed = map[string]string{
	"/info": nothing, "/openapi.json": nothing, "/v3/api-docs": nothing, "/swagger-ui/{file}": ownPage,
}

// guardedAnswer holds any answer to the headers that it must have.
func guardedAnswer(t testing.TB, what, route string, status int, h http.Header) {
	t.Helper()
	cache, policy := "no-store", nothing
	if own, is := fixed[route]; is && (status == http.StatusOK || status == http.StatusNotModified) {
		cache, policy = "no-cache", own
	}
	if strings.HasPrefix(route, "/evidence/tile/") && (status == http.StatusOK || status == http.StatusNotModified) {
		cache = "private, max-age=31536000, immutable"
	}
	for name, value := range map[string]string{
		"Cache-Control": cache, "Content-Security-Policy": policy, "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff",
	} {
		require.Equal(t, []string{value}, h[name], "%s of %s (%d)", name, what, status)
	}
	require.Len(t, h["X-Request-Id"], 1, "X-Request-Id of %s (%d)", what, status)
	require.NoError(t, uuid.Validate(h.Get("X-Request-ID")), what)
	for _, name := range []string{"Pragma", "Expires", "Strict-Transport-Security"} {
		require.Empty(t, h[name], "%s of %s (%d)", name, what, status)
	}
}

// filled is a path of a route.
func filled(t testing.TB, path string) string {
	path = strings.NewReplacer("{reference}", "A9109UD", "{id}", anID, "{prisonerNumber}", "A9109UD", "{otherPrisonerNumber}", "A0135GA", "{prisonId}", "MDI", "{file}", "index.html",
		"{dlq}", "q", "{queue}", "q", "{eventId}", anID, "{level}", "0", "{x1}", "x001", "{x2}", "x002", "{x3}", "x003", "{n}", "004",
		"{firstOffenderNo}", "A9109UD", "{secondOffenderNo}", "A0135GA", "{typeSequence}", "2", "{label}", "2026-12-01T10:15:00",
		"{planId}", anID, "{firstPrisonerNumber}", "A9109UD", "{secondPrisonerNumber}", "A0135GA").Replace(path)
	require.NotContains(t, path, "{", "say what this parameter is")
	return path
}

// wholeRole may do everything.
var wholeRole = "EVERYBODY:" + strings.Join(allRoles, ",") + ":read,write"

// TestRoute_hasItsHeaders walks all routes that are served: with a token and
// without, as HEAD, by a wrong method, when nothing can be verified and when the
// service has a fault.
func TestRoute_hasItsHeaders(t *testing.T) {
	usual, down, broken := newTestServer(t), newTestServer(t, func(o *api.Options) { o.Verifier = unverifiable{} }), newTestServer(t, allPanic)
	usual.sync(record)
	seen := map[int]bool{}
	routes := usual.Routes()
	require.NotEmpty(t, routes)
	for _, route := range routes {
		method, pattern, _ := strings.Cut(route, " ")
		path := filled(t, pattern)
		methods := []string{method}
		if method == http.MethodGet {
			methods = append(methods, http.MethodHead)
		}
		for _, h := range []*testServer{usual, down, broken} {
			for _, token := range []string{"", "bad", "NOBODY:NONE", wholeRole} {
				for _, method := range methods {
					w, _ := h.answer(method, path, token, "")
					guardedAnswer(t, method+" "+path, pattern, w.Code, w.Header())
					seen[w.Code] = true
				}
			}
		}
		w, _ := usual.answer("BREW", path, wholeRole, "")
		guardedAnswer(t, "BREW "+path, pattern, w.Code, w.Header())
		require.Equal(t, http.StatusMethodNotAllowed, w.Code)
		if method == http.MethodGet {
			w, _ = usual.answer(method, path, wholeRole, "", "If-None-Match", "*")
			guardedAnswer(t, route+" again", pattern, w.Code, w.Header())
			seen[w.Code] = true
		}
	}
	for _, status := range []int{200, 304, 400, 401, 403, 404, 415, 500, 503} {
		require.True(t, seen[status], "no route answered %d", status)
	}
}

// allPanic has a bug in everything that is not the router's own.
func allPanic(o *api.Options) {
	o.Commands, o.Reads, o.Audit, o.Streams, o.Mappings, o.Head = panicking{}, nil, nil, nil, nil, nil
	o.Queues = struct{ api.Queues }{}
	o.Reconcile = struct{ api.Reconciliation }{}
	o.Migrations = struct{ api.Migrations }{}
	o.Dossiers = struct{ api.Dossiers }{}
}

// TestKind_ofAnswerHasItsHeaders asks for each status that the document
// knows, and fails when it knows one that was not asked for.
func TestKind_ofAnswerHasItsHeaders(t *testing.T) {
	seen := map[int]bool{}
	hold := func(what string, w *recorder) *recorder {
		t.Helper()
		guardedAnswer(t, what, "", w.Code, w.Header())
		seen[w.Code] = true
		return w
	}
	h, _ := newKeyedServer(t)
	opened := hold("an opening", h.call(http.MethodPost, "/non-associations", writer, newOne, idempotencyKey, "k"))
	id := staffIn(t, opened, http.StatusCreated).ID
	hold("another with its key", h.call(http.MethodPost, "/non-associations", writer, strings.Replace(newOne, "fighting", "it up", 1), idempotencyKey, "k"))
	hold("an amendment of what is stale", h.amend(id, `{"comment":"x"}`, "If-Match", `"x"`))
	hold("a list", h.call(http.MethodGet, "/prisoner/A9109UD/non-associations", reader, ""))
	hold("a second opening", h.call(http.MethodPost, "/non-associations", writer, newOne))
	hold("a deletion", h.remove(id, deletion))
	hold("a media type", h.call(http.MethodPost, "/non-associations", writer, newOne, "Content-Type", "text/plain"))
	hold("a large body", h.call(http.MethodPost, "/non-associations", writer, newOne+strings.Repeat(" ", 1<<20)))

	reconciles, _ := newReconciler(t)
	hold("a request", reconciles.call(http.MethodPost, "/nomis/reconciliations", operator, `{"scope":"ALL"}`))

	runs := newMigrationServer(t)
	hold("a request of a migration", runs.call(http.MethodPost, "/migrate/non-associations", migrates, `{}`))
	plain := newTestServer(t)
	plain.told("A9109UD", "A0135GA", "")
	read := hold("a read", plain.call(http.MethodGet, "/non-associations/A0135GA", reader, ""))
	hold("the same again", plain.call(http.MethodGet, "/non-associations/A0135GA", reader, "", "If-None-Match", read.Header().Get("ETag")))
	plain.merge("A9109UD", "C1234CC")
	hold("a removed number", plain.call(http.MethodGet, "/non-associations/A9109UD", reader, ""))
	hold("a feed", plain.call(http.MethodGet, "/history", syncer, ""))
	hold("an unknown subject", newTestServer(t, withBook(phoneBook{})).subject("crn=X123456"))
	hold("a bad number", plain.call(http.MethodGet, "/non-associations/x", reader, ""))
	hold("no token", plain.call(http.MethodGet, "/non-associations/A9109UD", "", ""))
	hold("no role", plain.call(http.MethodGet, "/non-associations/A9109UD", syncer+"X", ""))
	hold("no route", plain.call(http.MethodGet, "/nowhere", "", ""))
	plain.change("/nomis/legacy", switchingOff)
	hold("a list that is gone", plain.legacy("A9109UD", ""))
	hold("a wrong method", plain.call(http.MethodPut, "/sync", syncer, ""))
	hold("a page of nobody", plain.call(http.MethodGet, "/info/../nowhere", "", ""))
	hold("OPTIONS *", must(plain.answer(http.MethodOptions, "*", "", "")))
	hold("a bug", must(newTestServer(t, allPanic).answer(http.MethodPost, "/sync", syncer, record)))
	hold("unverifiable", newTestServer(t, func(o *api.Options) { o.Verifier = unverifiable{} }).call(http.MethodGet, "/constants", reader, ""))
	slow := httptest.NewRequest(http.MethodPost, "/sync", slowBody{})
	slow.Header.Set("Authorization", "Bearer "+syncer)
	slow.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	plain.ServeHTTP(w, slow)
	hold("a slow body", w)
	old := httptest.NewRequest(http.MethodGet, "/history", nil)
	old.Proto, old.ProtoMinor = "HTTP/1.0", 0
	old.Header.Set("Authorization", "Bearer "+syncer)
	w = httptest.NewRecorder()
	plain.ServeHTTP(w, old)
	hold("a feed over HTTP/1.0", w)

	for _, status := range documentedStatuses(t) {
		require.True(t, seen[status], "no answer with %d was asked for", status)
	}
}

func must(w *recorder, _ *http.Request) *recorder { return w }

// documentedStatuses are those of answers that are not of the documentation
// itself.
func documentedStatuses(t testing.TB) []int {
	var all []int
	for path, item := range openContract(t).root["paths"].(map[string]any) {
		if _, is := fixed[path]; is || strings.HasPrefix(path, "/swagger-ui") {
			continue
		}
		for _, operation := range item.(map[string]any) {
			for status := range operation.(map[string]any)["responses"].(map[string]any) {
				var number int
				_, err := fmt.Sscan(status, &number)
				require.NoError(t, err)
				all = append(all, number)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// TestBrowsers_areHeldToHTTPSOverHTTPSOnly: what a caller or a proxy says of the
// connection counts as the nearest to the caller says it.
func TestBrowsers_areHeldToHTTPSOverHTTPSOnly(t *testing.T) {
	h := newTestServer(t)
	for said, held := range map[string]bool{
		"": false, "http": false, "https": true, "HTTPS": true, "https, http": true, "http, https": false, "httpsx": false, "wss": false,
	} {
		for _, path := range []string{"/info", "/non-associations/A9109UD", "/nowhere"} {
			w, _ := h.answer(http.MethodGet, path, reader, "", "X-Forwarded-Proto", said)
			require.Equal(t, held, w.Header().Get("Strict-Transport-Security") == "max-age=31536000", "%q", said)
		}
	}
	r := httptest.NewRequest(http.MethodGet, "/nowhere", nil)
	r.TLS = &tls.ConnectionState{}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	require.NotEmpty(t, w.Header().Get("Strict-Transport-Security"))
}

// TestServer_ownRefusalsHoldNoText: what cannot be read as a request
// never reaches a handler, so that its answer has no header of ours. It is a
// fixed text to no client, on a connection that ends.
func TestServer_ownRefusalsHoldNoText(t *testing.T) {
	h := newTestServer(t)
	_, url := serve(t, h)
	address := strings.TrimPrefix(url, "http://")
	for name, request := range map[string]string{
		"no request":         "A9109UD\r\n\r\n",
		"no host":            "GET /non-associations/A9109UD HTTP/1.1\r\n\r\n",
		"a bad header":       "GET /non-associations/A9109UD HTTP/1.1\r\nHost: x\r\nA 9109UD: x\r\n\r\n",
		"an unknown version": "GET /non-associations/A9109UD HTTP/3.7\r\nHost: x\r\n\r\n",
		"an unknown coding":  "POST /sync HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: A9109UD\r\n\r\n",
		"an unknown hope":    "POST /sync HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nExpect: A9109UD\r\n\r\n",
		"long headers":       "GET / HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("A9109UD", 20_000) + "\r\n\r\n",
	} {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
		require.NoError(t, err)
		require.NoError(t, conn.SetDeadline(time.Now().Add(time.Minute)))
		_, _ = io.WriteString(conn, request)
		answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
		require.NoError(t, err, name)
		body, err := io.ReadAll(answer.Body)
		require.True(t, err == nil || !os.IsTimeout(err), name)
		require.GreaterOrEqual(t, answer.StatusCode, 400, name)
		require.True(t, answer.Close, "%s: the connection ends", name)
		require.NotContains(t, string(body)+fmt.Sprint(answer.Header), "9109", name)
		require.NoError(t, conn.Close())
	}
	require.Empty(t, h.logs.String(), "none of them reached us")
}

// TestWholeServer_isAskedAsAnyRoute: OPTIONS * is for the server, not for a
// route, and net/http has an answer of its own to it.
func TestWholeServer_isAskedAsAnyRoute(t *testing.T) {
	_, url := serve(t, newTestServer(t))
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(url, "http://"))
	require.NoError(t, err)
	require.NoError(t, conn.SetDeadline(time.Now().Add(time.Minute)))
	_, err = io.WriteString(conn, "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n")
	require.NoError(t, err)
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	guardedAnswer(t, "OPTIONS *", "*", answer.StatusCode, answer.Header)
	require.NoError(t, answer.Body.Close())
	require.NoError(t, conn.Close())
}
