package screens_test

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/web/screens"
)

// TestEstate_drawsHeaderAndFooterOrWeDo asks a service that answers in many ways. Whatever
// it does, the page is whole.
func TestEstate_drawsHeaderAndFooterOrWeDo(t *testing.T) {
	t.Parallel()
	var answer atomic.Pointer[http.HandlerFunc] // a late request may still read it
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { (*answer.Load())(w, r) }))
	defer service.Close()
	h := newHouse(t, func(o *screens.Options) { o.ComponentsURL = service.URL + "/" })
	b := h.signIn("OFFICER_A")
	says := func(body string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("X-User-Token") == "" || r.URL.RequestURI() != "/components?component=header&component=footer" {
				w.WriteHeader(http.StatusBadRequest)
				return
			}
			_, _ = w.Write([]byte(body))
		}
	}
	answer.Store(new(says(`{"header":{"html":"<header><p>The estate</p><script>alert(1)</script>","css":["` + service.URL + `/h.css","https://evil.invalid/x.css"],"javascript":["` + service.URL + `/h.js"]},"footer":{"html":"<footer>Estate's footer</footer>"},"meta":{"caseLoads":[]}}`)))
	p := b.get("/prisoner/A9109UD/non-associations")
	require.Equal(t, "The estate", p.text("header"))
	require.Contains(t, p.text("footer"), "Estate's footer")
	require.Equal(t, 1, p.Find(`link[href="`+service.URL+`/h.css"]`).Length())
	require.NotContains(t, p.Text, "evil.invalid")
	require.NotContains(t, p.Text, "alert(1)")
	require.Contains(t, p.Header.Get("Content-Security-Policy"), "style-src 'self' "+service.URL)
	require.Contains(t, p.Header.Get("Content-Security-Policy"), "form-action 'self';")
	require.Equal(t, "Adam Example’s non-associations", p.text("h1"))

	for name, bad := range map[string]http.HandlerFunc{
		"nonsense":    says("<html>"),
		"wrong shape": says(`{"header":[],"footer":7}`),
		"an h1":       says(`{"header":{"html":"<h1>Ours?</h1>"},"footer":{"html":""}}`),
		"a fault":     func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"a redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://evil.invalid", http.StatusFound)
		},
		"silence": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
	} {
		answer.Store(&bad)
		p = b.get("/prisoner/A9109UD/non-associations")
		require.Equal(t, http.StatusOK, p.Code, name)
		require.Equal(t, "Non-associations", p.text("header a[href='/']"), name)
		require.Contains(t, p.text("footer"), "Accessibility statement", name)
	}
}

// TestEstate_addressMustBeOne refuses what is no URL.
func TestEstate_addressMustBeOne(t *testing.T) {
	t.Parallel()
	_, err := screens.New(screens.Options{PublicURL: "http://127.0.0.1:9080", ComponentsURL: "not a url"})
	require.Error(t, err)
}
