package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/audit"
	"nonassociations/commands"
	"nonassociations/domain"
	"nonassociations/queries"
	"nonassociations/web/api"
)

// entryBody is what tests read of an entry of a history.
type entryBody struct {
	Type             string  `json:"type"`
	NonAssociationID string  `json:"nonAssociationId"`
	Actor            string  `json:"actor"`
	Source           string  `json:"source"`
	OccurredAt       string  `json:"occurredAt"`
	RecordedAt       string  `json:"recordedAt"`
	Position         uint64  `json:"position"`
	Before           *whole  `json:"before"`
	After            *whole  `json:"after"`
	RequestedBy      *string `json:"requestedBy"`

	PrisonerNumbers []string `json:"prisonerNumbers"`
}

type whole struct {
	FirstPrisonerNumber string `json:"firstPrisonerNumber"`
	Comment             string `json:"comment"`
}

func (h *testServer) history(reference string, headers ...string) *httptest.ResponseRecorder {
	h.t.Helper()
	return h.call(http.MethodGet, "/non-associations/"+reference+"/history", reader, "", headers...)
}

func entriesIn(t testing.TB, w *httptest.ResponseRecorder) []entryBody {
	t.Helper()
	require.Equal(t, http.StatusOK, w.Code, w.Body.String())
	var body struct {
		Entries []entryBody `json:"entries"`
	}
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &body))
	require.NotNil(t, body.Entries)
	return body.Entries
}

func TestHistory_ofAPrisonerAndOfOneNonAssociation(t *testing.T) {
	h := newTestServer(t)
	first := toldIn(t, h.sync(record)).Results[0].NonAssociationID
	h.sync(request(item("B1111BB", "2021-01-01T00:00:00", "")))
	h.sync(swap("Do not location near", "Changed"))
	last := h.call(http.MethodDelete, "/sync/"+first, syncer, "").Header().Get("X-Position")

	w := h.history("a9109ud")
	require.Equal(t, last, w.Header().Get("X-Position"))
	all := entriesIn(t, w)
	require.Len(t, all, 4)
	require.Equal(t, "NOMIS_SYNC", all[0].Actor)
	require.Equal(t, "NOMIS", all[0].Source)
	require.Equal(t, "2026-07-15T12:00:00", all[0].OccurredAt)
	require.Nil(t, all[0].Before)
	require.Equal(t, "Do not location near", all[2].Before.Comment)
	require.Equal(t, "Changed", all[2].After.Comment)
	require.Nil(t, all[3].After, "deleted, but not forgotten")

	require.Len(t, entriesIn(t, h.history("A0135GA")), 3)
	require.Len(t, entriesIn(t, h.history("B1111BB")), 1)
	of := entriesIn(t, h.history(first))
	require.Equal(t, []entryBody{all[0], all[2], all[3]}, of)

	again := h.history("A9109UD", "If-None-Match", w.Header().Get("ETag"))
	require.Equal(t, http.StatusNotModified, again.Code)
}

func TestHistory_thatIsEmptyAndOneThatIsNot(t *testing.T) {
	h := newTestServer(t)
	w := h.history("A9109UD")
	require.JSONEq(t, `{"entries":[]}`, w.Body.String())
	require.Equal(t, "0", w.Header().Get("X-Position"))

	missing := h.history(anID)
	require.Equal(t, http.StatusNotFound, missing.Code)
	require.Equal(t, 404, errorIn(t, missing).code())
	for reference, source := range map[string]string{
		"A9109U": "reference", "%00": "reference", "A9109UD%2F": "reference",
	} {
		w := h.history(reference)
		require.Equal(t, http.StatusBadRequest, w.Code, reference)
		require.Equal(t, []string{source}, errorIn(t, w).sources())
	}
	w = h.call(http.MethodGet, "/non-associations/A9109UD/history?atLeast=x", reader, "")
	require.Equal(t, http.StatusBadRequest, w.Code)
	w = h.call(http.MethodGet, "/non-associations/A9109UD/history?atLeast=99", reader, "")
	require.Equal(t, http.StatusServiceUnavailable, w.Code, "the log is not that long")
}

func TestHistory_isWholeOrUnavailable(t *testing.T) {
	paths := map[string]string{
		"/non-associations/A9109UD/history": reader, "/non-associations/" + anID + "/history": reader,
		"/subject-access-request?prn=A9109UD": subjectReader,
	}
	for name, change := range map[string]func(*api.Options){
		"the read model is behind":  func(o *api.Options) { o.Reads.(*twin).wait = queries.ErrBehind },
		"it has never caught up":    func(o *api.Options) { o.Reads.(*twin).err = queries.ErrNotCaughtUp },
		"Postgres is away":          func(o *api.Options) { o.Reads.(*twin).err = errors.New("connection refused") },
		"the head is not known now": func(o *api.Options) { o.Head = headless },
		"too many wait":             func(o *api.Options) { o.Reads.(*twin).wait = queries.ErrTooManyWaiters },
	} {
		for path, token := range paths {
			h := newTestServer(t, change)
			h.sync(record)
			w := h.call(http.MethodGet, path, token, "")
			require.Equal(t, http.StatusServiceUnavailable, w.Code, "%s: %s: %s", name, path, w.Body)
			require.NotEmpty(t, w.Header().Get("Retry-After"))
			require.NotContains(t, w.Body.String(), "refused")
		}
	}
}

func headless(context.Context) (uint64, error) { return 0, commands.ErrBusy }

func TestHistory_whoseLogIsAwayIsUnavailable(t *testing.T) {
	h := newTestServer(t, func(o *api.Options) { o.Audit = brokenAudit{o.Audit} })
	h.sync(record)
	for path, token := range map[string]string{
		"/non-associations/A9109UD/history": reader, "/subject-access-request?prn=A9109UD": subjectReader,
	} {
		w := h.call(http.MethodGet, path, token, "")
		require.Equal(t, http.StatusServiceUnavailable, w.Code, path)
	}
}

// brokenAudit is a log that is away.
type brokenAudit struct{ api.Audit }

func (brokenAudit) OfPrisoner(context.Context, []string, domain.PrisonerNumber) ([]audit.Entry, error) {
	return nil, audit.ErrUnavailable
}

func (brokenAudit) OfSwitchOver(context.Context) ([]audit.Entry, error) {
	return nil, audit.ErrUnavailable
}

func (brokenAudit) SubjectAccess(context.Context, []string, audit.Subject) (audit.SubjectAccess, error) {
	return audit.SubjectAccess{}, audit.ErrUnavailable
}

func (brokenAudit) Feed(context.Context, audit.Feed) error { return audit.ErrUnavailable }
