package screens_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/web/screens"
	"nonassociations/web/screens/store"
)

// pathOf fills the parameters of a route.
func pathOf(route screens.RouteInfo, id string) string {
	return strings.NewReplacer("{pn}", string(adam), "{other}", string(john), "{id}", id, "{prisonId}", "XAA", "{a}", string(adam), "{b}", string(merlin),
		"{topic}", "domain", "{event}", id, "{queue}", events, "{prison}", "XAA").
		Replace(route.Path)
}

// ask sends the route's method with an empty form.
func (b *browser) ask(route screens.RouteInfo, path string) *page {
	b.t.Helper()
	if route.Method == http.MethodPost {
		return b.post(path, url.Values{"formId": {"x"}})
	}
	return b.get(path)
}

// TestEveryRoute_needsASession walks all routes without one.
func TestEveryRoute_needsASession(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b, id := h.visit(), h.open(adam, merlin).String()
	facts := h.facts()
	for _, route := range h.AllRoutes() {
		if route.Open {
			continue
		}
		p := b.ask(route, pathOf(route, id))
		if route.Method == http.MethodGet {
			require.Equal(t, http.StatusFound, p.Code, route)
			require.Equal(t, "/sign-in", p.Header.Get("Location"), route)
			continue
		}
		require.Equal(t, http.StatusUnauthorized, p.Code, route)
		require.Equal(t, "You have been signed out", p.text("h1"), route)
	}
	require.Empty(t, h.views(store.ViewFilter{}))
	require.Equal(t, facts, h.facts())
}

// TestEveryRoute_opensForItsRoleAlone walks all routes with the users of the other roles.
// What is not permitted looks as what does not exist.
func TestEveryRoute_opensForItsRoleAlone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id, facts := h.open(adam, merlin).String(), h.facts()
	users := map[string]string{"PRISON": "READER_A", "NON_ASSOCIATIONS_ADMIN": "OPERATOR", "": "NOBODY"}
	for role, user := range users {
		b := h.signIn(user)
		unknown := b.get("/no-such-page")
		for _, route := range h.AllRoutes() {
			p := b
			switch {
			case route.Open || role != "" && (route.Role == "" || route.Role == role):
				continue
			case role == "":
				require.Equal(t, http.StatusForbidden, p.ask(route, pathOf(route, id)).Code, route)
			default:
				answer := p.ask(route, pathOf(route, id))
				require.Equal(t, http.StatusNotFound, answer.Code, route)
				require.Equal(t, unknown.text("main h1, main p:not(:has(#request-id))"), answer.text("main h1, main p:not(:has(#request-id))"), route)
			}
		}
	}
	require.Equal(t, facts, h.facts())
}

// TestEveryAnswer_hasTheHeaders walks all routes as a user who may see most.
func TestEveryAnswer_hasTheHeaders(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id := h.open(adam, merlin).String()
	for _, user := range []string{"MANAGER_A", "OPERATOR", "AUDITOR"} {
		b := h.signIn(user)
		for _, route := range h.AllRoutes() {
			if route.Path == "/sign-out" {
				continue
			}
			p := b.ask(route, pathOf(route, id))
			require.Equal(t, "no-store", p.Header.Get("Cache-Control"), route)
			require.Equal(t, "same-origin", p.Header.Get("Referrer-Policy"), route)
			require.Equal(t, "nosniff", p.Header.Get("X-Content-Type-Options"), route)
			require.NotEmpty(t, p.Header.Get("X-Request-ID"), route)
			policy := p.Header.Get("Content-Security-Policy")
			require.Contains(t, policy, "default-src 'none'", route)
			require.NotContains(t, policy, "unsafe", route)
			require.Less(t, p.Code, http.StatusInternalServerError, "%v %s", route, p.Text)
			require.Zero(t, p.Find("[style]").Length(), "%v has an inline style", route)
		}
	}
}

// blind keeps no view.
type blind struct{ *store.Store }

func (blind) InsertView(context.Context, store.View) error { return errors.New("the disk is full") }

// TestView_thatCannotBeKeptIsNotShown walks all routes that may show a person.
func TestView_thatCannotBeKeptIsNotShown(t *testing.T) {
	t.Parallel()
	var kept *store.Store
	h := newHouse(t, func(o *screens.Options) {
		kept, _ = o.Views.(*store.Store)
		o.Views = blind{kept}
	})
	id := h.open(adam, merlin).String()
	for _, user := range []string{"MANAGER_A", "OPERATOR", "AUDITOR"} {
		b := h.signIn(user)
		for _, route := range h.AllRoutes() {
			if !route.Audited || route.Method == http.MethodPost {
				continue
			}
			p := b.get(pathOf(route, id))
			if p.Code == http.StatusFound {
				continue // shows nobody
			}
			require.Equal(t, http.StatusServiceUnavailable, p.Code, route)
			require.Empty(t, p.Text, route)
			require.NotEmpty(t, p.Header.Get("Retry-After"), route)
		}
	}
}

// TestEveryForm_isRefusedFromElsewhere walks all routes that change something.
func TestEveryForm_isRefusedFromElsewhere(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id := h.open(adam, merlin).String()
	facts, b := h.facts(), h.signIn("MANAGER_A")
	for _, route := range h.AllRoutes() {
		if route.Method != http.MethodPost {
			continue
		}
		p := b.do(http.MethodPost, pathOf(route, id), "reason=THREAT", map[string]string{
			"Content-Type": "application/x-www-form-urlencoded", "Origin": "https://evil.invalid",
		})
		require.Equal(t, http.StatusForbidden, p.Code, route)
		require.Equal(t, "You do not have permission", p.text("h1"), route)
	}
	require.Equal(t, facts, h.facts())

	// The origin of the Host header is not ours by that.
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.server.URL+"/caseload", strings.NewReader("caseload=XAB"))
	require.NoError(t, err)
	r.Host = "evil.invalid"
	r.Header.Set("Origin", "http://evil.invalid")
	answer, err := b.http.Do(r)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusForbidden, answer.StatusCode)
}

// TestForm_isReadStrictly sends bodies that are no form.
func TestForm_isReadStrictly(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.issuer.SetCaseloads("OFFICER_A", "XAA", "XAB")
	b := h.signIn("OFFICER_A")
	const form = "application/x-www-form-urlencoded"
	for name, sent := range map[string]struct {
		kind, body string
		want       int
	}{
		"another type": {"text/plain", "caseload=XAB", http.StatusUnsupportedMediaType},
		"no type":      {"", "caseload=XAB", http.StatusUnsupportedMediaType},
		"too large":    {form, "caseload=" + strings.Repeat("X", 64<<10), http.StatusRequestEntityTooLarge},
		"no form":      {form, "caseload=%zz", http.StatusBadRequest},
		"twice":        {form, "caseload=XAA&caseload=XAB", http.StatusBadRequest},
	} {
		p := b.do(http.MethodPost, "/caseload", sent.body, map[string]string{"Content-Type": sent.kind})
		require.Equal(t, sent.want, p.Code, name)
	}
	require.Equal(t, "Example A (HMP)", activeCaseload(b))
}

// activeCaseload returns the active caseload of the header.
func activeCaseload(b *browser) string { return b.get("/help").text("header li:nth-child(2)") }

// TestAddress_hasOneForm redirects a slash at the end and another host, and refuses other
// methods.
func TestAddress_hasOneForm(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := h.signIn("OFFICER_A")
	for asked, want := range map[string]string{
		"/help/": "/help", "/prisoner/A9109UD/non-associations/?reason=THREAT": "/prisoner/A9109UD/non-associations?reason=THREAT",
		"//evil.invalid/": "/evil.invalid", "/no-such-page/": "/no-such-page",
	} {
		p := b.get(h.server.URL + asked)
		require.Equal(t, http.StatusPermanentRedirect, p.Code, asked)
		require.Equal(t, want, p.Header.Get("Location"))
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.server.URL+"/help?x=1", http.NoBody)
	require.NoError(t, err)
	r.Host = "other.invalid"
	answer, err := b.http.Do(r)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusPermanentRedirect, answer.StatusCode)
	require.Equal(t, h.server.URL+"/help?x=1", answer.Header.Get("Location"))

	p := b.do(http.MethodPut, "/caseload", "", nil)
	require.Equal(t, http.StatusMethodNotAllowed, p.Code)
	require.Equal(t, "GET, POST, HEAD", p.Header.Get("Allow"))
	require.Equal(t, "Sorry, this request cannot be answered", p.text("h1"))
	require.Equal(t, "GET, POST, HEAD", b.do("FOO", "/caseload", "", nil).Header.Get("Allow"))
	for _, method := range []string{http.MethodPut, "FOO"} {
		require.Equal(t, http.StatusNotFound, b.do(method, "/no-such-page", "", nil).Code, method)
	}
	require.Equal(t, http.StatusOK, b.do(http.MethodHead, "/help", "", nil).Code)
	for _, path := range []string{"/ping", "/.well-known/security.txt"} {
		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete} {
			p := h.visit().do(method, path, "", nil)
			require.Equal(t, http.StatusMethodNotAllowed, p.Code, method+path)
			require.Equal(t, "GET, HEAD", p.Header.Get("Allow"))
		}
	}
	require.Equal(t, http.StatusUnauthorized, h.visit().do(http.MethodDelete, "/no-such-page", "", nil).Code, "only a page is led to the sign-in")
	require.Equal(t, http.StatusNotFound, b.do(http.MethodDelete, "/no-such-page", "", nil).Code)
	moved := b.get("/.well-known/security.txt")
	require.Equal(t, http.StatusMovedPermanently, moved.Code)
	require.Equal(t, "https://security.invalid/security.txt", moved.Header.Get("Location"))
}

// TestRole_takenAwayIsGoneWithinAMinute changes a user's roles at the issuer.
func TestRole_takenAwayIsGoneWithinAMinute(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := h.signIn("OFFICER_A")
	const list = "/prisoner/A9109UD/non-associations"
	require.Equal(t, http.StatusOK, b.get(list).Code)
	require.NoError(t, h.issuer.SetRoles("OFFICER_A"))
	h.pass(59 * time.Second)
	require.Equal(t, http.StatusOK, b.get(list).Code, "the token is not a minute old")
	h.pass(2 * time.Second)
	require.Equal(t, http.StatusForbidden, b.get(list).Code)
}

// TestSession_thatEndsKeepsWhatWasTyped walks a form that is sent after the end of the
// session.
func TestSession_thatEndsKeepsWhatWasTyped(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := h.signIn("OFFICER_A")
	require.Equal(t, http.StatusOK, b.get("/").Code)
	h.pass(61 * time.Minute)
	p := b.post("/prisoner/A9109UD/non-associations/add/with-prisoner/D5678EF", url.Values{"comment": {"Typed"}})
	require.Equal(t, http.StatusUnauthorized, p.Code)
	require.NotContains(t, p.text("main"), "could not be kept")
	require.Equal(t, "/sign-in", p.link("Sign in again"))
	require.Equal(t, "/prisoner/A9109UD/non-associations/add/with-prisoner/D5678EF", b.signIn("OFFICER_A").location())
	p = h.visit().post("/caseload", url.Values{"caseload": {"XAB"}})
	require.Equal(t, http.StatusUnauthorized, p.Code)
	require.Contains(t, p.text("main"), "What you typed could not be kept.")
}

// TestFailedSignIn_saysSo answers a state that nobody began.
func TestFailedSignIn_saysSo(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := h.visit().get("/sign-in/callback?code=x&state=y")
	require.Equal(t, http.StatusBadRequest, p.Code)
	require.Equal(t, "Sign-in failed – Non-associations", p.text("title"))
	require.Equal(t, "You could not be signed in", p.text("h1"))
	require.Equal(t, "/sign-in", p.link("Sign in again"))
}
