package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"nonassociations/audit"
	"nonassociations/commands"
	"nonassociations/commands/merge"
	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/eventstore/memory"
	"nonassociations/internal/dev/browser"
	"nonassociations/web/api"
	"nonassociations/web/auth"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(browser.Main{M: m}) }

var noon = time.Date(2026, 7, 15, 12, 0, 0, 0, time.UTC)

func clock() time.Time { return noon }

// tokens is a verifier for which a token is the user, the roles, the scopes and, where
// there is a fourth part, the caseloads: USER:ROLE,ROLE:scope,scope:XAA,XAB.
type tokens struct{}

func (tokens) Verify(_ context.Context, token string) (auth.Claims, error) {
	user, roles, found := strings.Cut(token, ":")
	if !found {
		return auth.Claims{}, auth.ErrInvalid
	}
	roles, scopes, _ := strings.Cut(roles, ":")
	scopes, caseloads, bound := strings.Cut(scopes, ":")
	claims := auth.Claims{User: user, ClientID: "client", Roles: strings.Split(roles, ","), Scopes: strings.Split(scopes, ",")}
	if bound {
		claims.Caseloads = []domain.PrisonID{}
		for _, prison := range strings.FieldsFunc(caseloads, func(c rune) bool { return c == ',' }) {
			claims.Caseloads = append(claims.Caseloads, domain.PrisonID(prison))
		}
	}
	return claims, nil
}

const (
	reader   = "READER:READ_NON_ASSOCIATIONS"
	syncer   = "NOMIS_SYNC:NON_ASSOCIATIONS_SYNC"
	migrator = "NOMIS_MIGRATE:NON_ASSOCIATIONS_MIGRATE"
)

// theLog is the id of the log of every test server.
var theLog = uuid.MustParse("8bd1a8c5-1b1f-4d4c-8d1c-6a2d7a0e9f10")

// testServer is the real command side over a log in memory, with reads that fold
// the same log.
type testServer struct {
	*api.API

	t      testing.TB
	store  *memory.Store
	reads  *twin
	merges *merge.Process
	logs   *bytes.Buffer
}

func newTestServer(t testing.TB, change ...func(*api.Options)) *testServer {
	t.Helper()
	h := &testServer{t: t, store: memory.New(), logs: new(bytes.Buffer)}
	h.reads = &twin{store: h.store}
	handler := commands.New(h.store, commands.Options{Clock: clock, Locator: h.reads, Timeout: 5 * time.Second})
	h.merges = merge.New(merge.Options{Log: h.store, Handler: handler, Clock: clock})
	options := api.Options{
		Commands: handler, Reads: h.reads, Verifier: tokens{}, Clock: clock, Version: "test",
		Audit: audit.New(h.store, audit.Options{London: time.UTC}), Streams: h.reads, Mappings: h.reads,
		Head: func(ctx context.Context) (uint64, error) {
			position, err := handler.Head(ctx)
			return position.Uint64(), err
		},
		Reaches: eventstore.NewReach(h.store).Has,
		LogID:   func() (uuid.UUID, bool) { return theLog, true },
		Logger:  slog.New(slog.NewJSONHandler(h.logs, nil)),
	}
	for _, c := range change {
		c(&options)
	}
	h.API = api.New(options)
	return h
}

// call asks the API, and holds the answer to the OpenAPI document.
func (h *testServer) call(method, path, token, body string, headers ...string) *httptest.ResponseRecorder {
	h.t.Helper()
	w, r := h.answer(method, path, token, body, headers...)
	documented(h.t, method, r.URL.EscapedPath(), w.Result(), w.Body.Bytes())
	return w
}

// plainly asks without a body. HEAD is documented as GET.
func (h *testServer) plainly(method, path, token string, headers ...string) *httptest.ResponseRecorder {
	h.t.Helper()
	w, r := h.answer(method, path, token, "", headers...)
	documented(h.t, http.MethodGet, r.URL.EscapedPath(), w.Result(), w.Body.Bytes())
	return w
}

func (h *testServer) answer(method, path, token, body string, headers ...string) (*httptest.ResponseRecorder, *http.Request) {
	h.t.Helper()
	var content io.Reader
	if body != "" {
		content = strings.NewReader(body)
	}
	r := httptest.NewRequest(method, path, content)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Del(headers[i])
		if headers[i+1] != "" {
			r.Header.Set(headers[i], headers[i+1])
		}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w, r
}

func (h *testServer) sync(body string) *httptest.ResponseRecorder {
	h.t.Helper()
	return h.call(http.MethodPost, "/sync", syncer, body)
}

func (h *testServer) list(number string) string {
	h.t.Helper()
	w := h.call(http.MethodGet, "/non-associations/"+number, reader, "")
	require.Equal(h.t, http.StatusOK, w.Code, w.Body.String())
	return w.Body.String()
}

// facts is how many facts the log holds.
func (h *testServer) facts() int {
	h.t.Helper()
	events, err := h.store.ReadAll(context.Background(), eventstore.Forwards, eventstore.Start, 1_000_000)
	require.NoError(h.t, err)
	return len(events)
}

type outcome struct {
	NonAssociationID string `json:"nonAssociationId"`
	PrisonerNumber   string `json:"prisonerNumber"`
	Outcome          string `json:"outcome"`
	Reason           string `json:"reason"`
}

type toldBody struct {
	PrisonerNumber string    `json:"prisonerNumber"`
	Results        []outcome `json:"results"`
	Position       uint64    `json:"position"`
}

func toldIn(t testing.TB, w *httptest.ResponseRecorder) toldBody {
	t.Helper()
	var body toldBody
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &body), w.Body.String())
	return body
}

// kinds are the outcomes with their reasons, in order.
func kinds(body toldBody) string {
	var all []string
	for _, r := range body.Results {
		all = append(all, strings.TrimSuffix(r.Outcome+"/"+r.Reason, "/"))
	}
	return strings.Join(all, " ")
}

type errorBody struct {
	Status           int         `json:"status"`
	ErrorCode        *int        `json:"errorCode"`
	DeveloperMessage string      `json:"developerMessage"`
	Errors           []faultBody `json:"errors"`
}

func errorIn(t testing.TB, w *httptest.ResponseRecorder) errorBody {
	t.Helper()
	var body errorBody
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &body), w.Body.String())
	require.Equal(t, w.Code, body.Status)
	return body
}

type faultBody struct {
	Source string `json:"source"`
	Detail string `json:"detail"`
}

func (b errorBody) code() int {
	if b.ErrorCode == nil {
		return 0
	}
	return *b.ErrorCode
}

func (b errorBody) sources() []string {
	var all []string
	for _, e := range b.Errors {
		all = append(all, e.Source)
	}
	return all
}

// ofAnyRequest returns headers without the id of their request, which no two have alike.
func ofAnyRequest(h http.Header) http.Header {
	h = h.Clone()
	h.Del("X-Request-ID")
	return h
}
