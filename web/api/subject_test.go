package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/queries/directory"
	"nonassociations/web/api"
)

const subjectReader = "SAR_USER:SAR_DATA_ACCESS"

// phoneBook is a directory that knows a few, or is away.
type phoneBook struct {
	known map[domain.PrisonerNumber]string // the last names
	err   error
}

func (b phoneBook) Find(_ context.Context, numbers []domain.PrisonerNumber) (map[domain.PrisonerNumber]directory.Prisoner, error) {
	found := map[domain.PrisonerNumber]directory.Prisoner{}
	for _, number := range numbers {
		if name, known := b.known[number]; known {
			found[number] = directory.Prisoner{Number: number, FirstName: "JOHN", LastName: name, PrisonID: "MDI"}
		}
	}
	return found, b.err
}

func (b phoneBook) FindNow(ctx context.Context, numbers []domain.PrisonerNumber) (map[domain.PrisonerNumber]directory.Prisoner, error) {
	return b.Find(ctx, numbers)
}

func (phoneBook) Cached([]domain.PrisonerNumber) (map[domain.PrisonerNumber]directory.Prisoner, bool) {
	return map[domain.PrisonerNumber]directory.Prisoner{}, false
}

func withBook(b api.Directory) func(*api.Options) {
	return func(o *api.Options) { o.Directory = b }
}

func (h *testServer) subject(query string, headers ...string) *httptest.ResponseRecorder {
	h.t.Helper()
	return h.call(http.MethodGet, "/subject-access-request?"+query, subjectReader, "", headers...)
}

type subjectBody struct {
	Content struct {
		PrisonerNumber  string  `json:"prisonerNumber"`
		LastName        *string `json:"lastName"`
		OpenCount       int     `json:"openCount"`
		ClosedCount     int     `json:"closedCount"`
		NamesMissing    bool    `json:"namesMissing"`
		NonAssociations []struct {
			Comment *string `json:"comment"`
			Other   struct {
				PrisonerNumber string  `json:"prisonerNumber"`
				LastName       *string `json:"lastName"`
			} `json:"otherPrisonerDetails"`
			Deleted *struct {
				By string `json:"by"`
			} `json:"deleted"`
		} `json:"nonAssociations"`
	} `json:"content"`
}

func subjectIn(t testing.TB, w *httptest.ResponseRecorder) subjectBody {
	t.Helper()
	require.Equal(t, http.StatusOK, w.Code, w.Body.String())
	var body subjectBody
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &body))
	return body
}

func TestSubjectAccess_showsWhatIsHeldWithNames(t *testing.T) {
	h := newTestServer(t, withBook(phoneBook{known: map[domain.PrisonerNumber]string{"A9109UD": "SMITH", "A0135GA": "JONES"}}))
	first := toldIn(t, h.sync(record)).Results[0].NonAssociationID
	w := h.subject("prn=a9109ud&fromDate=2026-07-15&toDate=2026-07-15")
	content := subjectIn(t, w).Content
	require.Equal(t, "A9109UD", content.PrisonerNumber)
	require.Equal(t, "SMITH", *content.LastName)
	require.Equal(t, 1, content.ClosedCount)
	require.False(t, content.NamesMissing)
	require.Equal(t, "JONES", *content.NonAssociations[0].Other.LastName)
	require.Nil(t, content.NonAssociations[0].Deleted)
	require.Equal(t, http.StatusNotModified,
		h.subject("prn=A9109UD", "If-None-Match", w.Header().Get("ETag")).Code)

	require.Equal(t, http.StatusNoContent, h.call(http.MethodDelete, "/sync/"+first, syncer, "").Code)
	content = subjectIn(t, h.subject("prn=A0135GA&crn=")).Content
	require.NotNil(t, content.NonAssociations[0].Deleted)
	require.Zero(t, content.ClosedCount)
}

func TestSubjectAccess_goesOnWithoutNames(t *testing.T) {
	for name, directory := range map[string]api.Directory{
		"away": phoneBook{err: errors.New("away")}, "half an answer": phoneBook{
			known: map[domain.PrisonerNumber]string{"A9109UD": "SMITH"}, err: errors.New("away"),
		}, "knows one": phoneBook{known: map[domain.PrisonerNumber]string{"A9109UD": "SMITH"}}, "knows nobody": phoneBook{}, "none": nil,
	} {
		h := newTestServer(t, func(o *api.Options) { o.Directory = directory })
		h.sync(record)
		content := subjectIn(t, h.subject("prn=A9109UD")).Content
		require.True(t, content.NamesMissing, name)
		require.Nil(t, content.NonAssociations[0].Other.LastName, name)
	}
}

func TestSubjectAccess_withoutContent(t *testing.T) {
	known := map[domain.PrisonerNumber]string{"A9109UD": "SMITH", "B1111BB": "BROWN"}
	for _, c := range []struct {
		query     string
		directory phoneBook
		want      int
	}{
		{"prn=A9109UD&toDate=2026-07-14", phoneBook{known: known}, http.StatusNoContent},
		{"prn=A9109UD&fromDate=2026-07-16", phoneBook{}, http.StatusNoContent},
		{"prn=A9109UD&fromDate=2026-07-16&toDate=2026-07-14", phoneBook{}, http.StatusNoContent},
		{"prn=B1111BB", phoneBook{known: known}, http.StatusNoContent},
		{"prn=B1111BB", phoneBook{err: errors.New("away")}, http.StatusNoContent},
		{"prn=C1111CC", phoneBook{known: known}, 209},
		{"crn=X123456", phoneBook{known: known}, 209},
		{"prn=%20&crn=X123456", phoneBook{known: known}, 209},
		{"prn=A9109UD&crn=X123456&toDate=2026-07-14", phoneBook{}, http.StatusNoContent},
	} {
		h := newTestServer(t, withBook(c.directory))
		h.sync(record)
		w := h.subject(c.query)
		require.Equal(t, c.want, w.Code, c.query)
		require.Zero(t, w.Body.Len())
		require.Equal(t, "1", w.Header().Get("X-Position"))
	}
}

func TestSubjectAccess_refusesWhatIsNoRequest(t *testing.T) {
	h := newTestServer(t)
	for query, sources := range map[string][]string{
		"":                                      {"prn"},
		"prn=&crn=":                             {"prn"},
		"prn=A9109U":                            {"prn"},
		"prn=A9109UD&prn=A9109UD":               {"prn", "prn"},
		"prn=A9109UD&fromDate=07/06/2023":       {"fromDate"},
		"prn=A9109UD&toDate=2023-02-29":         {"toDate"},
		"prn=A9109UD&toDate=2023-06-07T00:00":   {"toDate"},
		"crn=X1&fromDate=x&toDate=y":            {"fromDate", "toDate"},
		"prn=A9109UD&atLeast=x":                 {"atLeast"},
		"prn=A9109UD&fromDate=2023-06-07;x=%zz": {"atLeast"},
	} {
		w := h.subject(query)
		require.Equal(t, http.StatusBadRequest, w.Code, query)
		require.Equal(t, sources, errorIn(t, w).sources(), query)
		require.Equal(t, 102, errorIn(t, w).code())
	}
}
