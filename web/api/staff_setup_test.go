package api_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/commands"
	"nonassociations/commands/idempotency"
	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/internal/dev/testdb"
	"nonassociations/web/api"
)

const (
	writer  = "OFFICER:WRITE_NON_ASSOCIATIONS:write"
	admin   = "GOVERNOR:REOPEN_NON_ASSOCIATIONS,DELETE_NON_ASSOCIATIONS:read,write"
	newOne  = `{"firstPrisonerNumber":"A9109UD","firstPrisonerRole":"VICTIM","secondPrisonerNumber":"A0135GA","secondPrisonerRole":"PERPETRATOR","reason":"VIOLENCE","restrictionType":"CELL","comment":"They keep fighting"}`
	closing = `{"closedReason":"They are friends now"}`

	reopening = `{"reopenReason":"Prisoners are fighting again"}`
	deletion  = `{"deletionReason":"Created in error","staffUserNameRequestingDeletion":"AJONES"}`
)

// keyTables is a database with the tables of idempotency keys.
var keyTables = testdb.NewTemplate(idempotency.Migrate)

// register is a prisoner directory that knows all numbers but some.
type register struct {
	missing []domain.PrisonerNumber
	nowhere []domain.PrisonerNumber
	err     error
	asked   atomic.Int64
}

func (p *register) Missing(_ context.Context, numbers []domain.PrisonerNumber) (_, _ []domain.PrisonerNumber, _ error) {
	p.asked.Add(1)
	return slices.DeleteFunc(slices.Clone(numbers), func(n domain.PrisonerNumber) bool { return !slices.Contains(p.missing, n) }), p.nowhere, p.err
}

// Whereabouts places everybody whom it knows in XAA.
func (p *register) Whereabouts(ctx context.Context, numbers []domain.PrisonerNumber) (map[domain.PrisonerNumber]domain.Whereabouts, error) {
	at := map[domain.PrisonerNumber]domain.Whereabouts{}
	missing, nowhere, err := p.Missing(ctx, numbers)
	for _, number := range numbers {
		if !slices.Contains(missing, number) {
			at[number] = domain.Whereabouts{Prison: "XAA"}
		}
	}
	for _, number := range nowhere {
		at[number] = domain.Whereabouts{}
	}
	return at, err
}

// recorder is an answer as it was given.
type recorder = httptest.ResponseRecorder

// staffBody is what staff are shown.
type staffBody struct {
	ID                  string  `json:"id"`
	FirstPrisonerNumber string  `json:"firstPrisonerNumber"`
	FirstPrisonerRole   string  `json:"firstPrisonerRole"`
	SecondPrisonerRole  string  `json:"secondPrisonerRole"`
	Reason              string  `json:"reason"`
	RestrictionType     string  `json:"restrictionType"`
	Comment             *string `json:"comment"`
	UpdatedBy           string  `json:"updatedBy"`
	IsClosed            bool    `json:"isClosed"`
	IsOpen              bool    `json:"isOpen"`
	ClosedBy            *string `json:"closedBy"`
	ClosedReason        *string `json:"closedReason"`
	ClosedAt            *string `json:"closedAt"`
}

func staffIn(t testing.TB, w *httptest.ResponseRecorder, status int) staffBody {
	t.Helper()
	require.Equal(t, status, w.Code, w.Body.String())
	var body staffBody
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &body))
	return body
}

func textOf(t *string) string {
	if t == nil {
		return "<null>"
	}
	return *t
}

// opened opens one and tells its id and its entity tag.
func (h *staffServer) opened(headers ...string) (id, etag string) {
	h.t.Helper()
	w := h.call(http.MethodPost, "/non-associations", writer, newOne, headers...)
	return staffIn(h.t, w, http.StatusCreated).ID, w.Header().Get("ETag")
}

func (h *staffServer) amend(id, body string, headers ...string) *httptest.ResponseRecorder {
	h.t.Helper()
	return h.call(http.MethodPatch, "/non-associations/"+id, writer, body, headers...)
}

func (h *staffServer) close(id, body string, headers ...string) *httptest.ResponseRecorder {
	h.t.Helper()
	return h.call(http.MethodPut, "/non-associations/"+id+"/close", writer, body, headers...)
}

func (h *staffServer) reopen(id, body string, headers ...string) *httptest.ResponseRecorder {
	h.t.Helper()
	return h.call(http.MethodPut, "/non-associations/"+id+"/reopen", admin, body, headers...)
}

func (h *staffServer) remove(id, body string, headers ...string) *httptest.ResponseRecorder {
	h.t.Helper()
	return h.call(http.MethodPost, "/non-associations/"+id+"/delete", admin, body, headers...)
}

// staffServer is a test server that staff can work in: with a prisoner directory.
type staffServer struct {
	*testServer

	people *register
}

func newStaffServer(t testing.TB) *staffServer {
	t.Helper()
	h := &staffServer{newTestServer(t), new(register)}
	h.process(h.store, nil, clock, 5*time.Second)
	return h
}

// process makes the test server answer by another process over the same log, keys and
// directory; all parts share the clock.
func (h *staffServer) process(store eventstore.Store, kept commands.IdempotencyStore, now func() time.Time, patience time.Duration) {
	h.API = api.New(api.Options{
		Commands: commands.New(store, commands.Options{
			Clock: now, Locator: h.reads, Directory: h.people, Keys: kept, Timeout: patience,
		}),
		Reads: h.reads, Verifier: tokens{}, Clock: now, Version: "test",
	})
}

// newKeyedServer has keys in a Postgres of its own.
func newKeyedServer(t testing.TB) (*staffServer, *idempotency.Store) {
	t.Helper()
	dsn := keyTables.New(t)
	store, err := idempotency.Open(t.Context(), dsn, idempotency.Options{Clock: clock})
	require.NoError(t, err)
	t.Cleanup(store.Close)
	h := newStaffServer(t)
	h.process(h.store, store, clock, 5*time.Second)
	return h, store
}
