package api_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzSync sends any body: the answer is documented, a refusal stores nothing,
// and what was taken is UNCHANGED when it is told again.
func FuzzSync(f *testing.F) {
	f.Add(record)
	f.Add(mirror)
	f.Add(request(item("B2222BB", "2021-01-01T00:00:00", `"id":null,"typeSequence":3,`), item("C3333CC", "2999-01-01T00:00:00", "")))
	for _, bad := range badFields {
		f.Add(bad.body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		h := newTestServer(t)
		w := h.call(http.MethodPost, "/sync", syncer, body, "Content-Type", "application/json")
		if w.Code != http.StatusOK {
			require.Equal(t, http.StatusBadRequest, w.Code)
			require.Equal(t, 102, errorIn(t, w).code())
			require.NotEmpty(t, errorIn(t, w).Errors)
			require.Zero(t, h.facts())
			return
		}
		told, stored := toldIn(t, w), h.facts()
		h.list(told.PrisonerNumber)
		for _, again := range toldIn(t, h.sync(body)).Results {
			require.Contains(t, []string{"UNCHANGED", "IGNORED"}, again.Outcome)
		}
		require.Equal(t, stored, h.facts(), "nothing new, no event")
	})
}

// FuzzGroup asks about any body: it is answered or refused with its fault.
func FuzzGroup(f *testing.F) {
	for _, body := range []string{
		`["A9109UD","A0135GA"]`, `["a9109ud"]`, `[null]`, `[[]]`, `{}`, `null`, `["A9109UD",]`, ``, `["A9109UD"]x`, many(12),
	} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		h := newTestServer(t)
		h.sync(record)
		for _, path := range []string{"/non-associations/between", "/non-associations/involving"} {
			w := h.call(http.MethodPost, path, reader, body, "Content-Type", "application/json")
			if w.Code != http.StatusOK {
				require.Equal(t, http.StatusBadRequest, w.Code)
				require.NotEmpty(t, errorIn(t, w).Errors)
			}
		}
	})
}

// FuzzPage asks for any page.
func FuzzPage(f *testing.F) {
	f.Add("size=2&sort=whenCreated,DESC&after=x")
	f.Add("page=0&size=200&includeClosed=true")
	f.Add("sort=id;x&%zz")
	f.Fuzz(func(t *testing.T, query string) {
		h := newTestServer(t)
		r := httptest.NewRequest(http.MethodGet, "/non-associations", http.NoBody)
		r.Header.Set("Authorization", "Bearer "+reader)
		r.URL.RawQuery = query
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		require.Contains(t, []int{http.StatusOK, http.StatusBadRequest, http.StatusServiceUnavailable}, w.Code)
		documented(t, http.MethodGet, "/non-associations", w.Result(), w.Body.Bytes())
	})
}
