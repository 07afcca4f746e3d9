package screens_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"

	"nonassociations/web/screens"
)

// TestWalk_hasAStateOfEveryRoute: a page that nobody looks at is a page that nobody knows.
func TestWalk_hasAStateOfEveryRoute(t *testing.T) {
	w := newWalker(t)
	seen, names := map[string]bool{}, map[string]bool{}
	for _, s := range states(w.ids) {
		require.False(t, names[s.name], "two states are called %s", s.name)
		seen[s.route], names[s.name] = true, true
	}
	for _, route := range w.AllRoutes() {
		require.True(t, seen[route.Method+" "+route.Path], "no state of %s %s", route.Method, route.Path)
	}
}

// TestWalk_everyStateIsWhole looks at the answers of the server, without a browser.
func TestWalk_everyStateIsWhole(t *testing.T) {
	w, seen, unseen := newWalker(t), map[string]bool{}, map[string]string{}
	for _, s := range states(w.ids) {
		if s.twist != "" {
			continue // only a browser can be altered
		}
		if s.before != nil {
			s.before(w)
		}
		p := w.answerOf(s)
		require.Equal(t, s.code(), p.Code, "%s: %s", s.name, p.text("main"))
		if !s.noPage {
			requireWhole(t, s, p)
			if form := formOf(p); s.alike {
				unseen[form] = s.name
			} else {
				seen[form] = true
			}
			w.requireSent(s)
		}
		require.Empty(t, p.Header.Get("Server-Timing"), "%s: only a development run is timed", s.name)
		if s.after != nil {
			s.after(w)
		}
	}
	for form, name := range unseen {
		require.True(t, seen[form], "no browser sees the form of %s:\n%s", name, form)
	}
}

// formOf says what can be filled and pressed on a page, and what else has an id.
// Pages of which it is the same differ in words alone.
func formOf(p *page) string {
	var all []string
	p.Find("main [id], main form input:not([type=hidden]), main form textarea, main form button").Each(func(_ int, e *goquery.Selection) {
		all = append(all, strings.Join([]string{goquery.NodeName(e), e.AttrOr("type", ""), e.AttrOr("name", ""), e.AttrOr("id", "")}, " "))
	})
	return strings.Join(all, "\n")
}

// answerOf asks for a state, sends its form, and follows where a save leads.
func (w *walker) answerOf(s state) *page {
	w.t.Helper()
	b := w.session(s.user)
	p := b.get(s.path)
	if s.fields == nil {
		return p
	}
	require.Equal(w.t, http.StatusOK, p.Code, "%s: %s", s.name, p.text("main"))
	form := p.form("main form[method=post]", s.fields)
	action := p.Find("main form[method=post]").AttrOr("action", s.path)
	if s.between != nil {
		s.between(w)
	}
	p = b.post(action, form)
	if p.Code == http.StatusSeeOther {
		return b.get(p.location())
	}
	return p
}

// requireWhole checks what holds for every page.
func requireWhole(t *testing.T, s state, p *page) {
	t.Helper()
	require.Equal(t, s.title+" – Non-associations", p.text("title"), s.name)
	require.Equal(t, "en", p.Find("html").AttrOr("lang", ""), s.name)
	for _, once := range []string{"h1", "main#main-content", "header", "footer", "meta[name=viewport]", "a.govuk-skip-link[href='#main-content']"} {
		require.Equal(t, 1, p.Find(once).Length(), "%s: %s", s.name, once)
	}
	require.Equal(t, strings.HasPrefix(s.title, "Error: "), p.Find(".govuk-error-summary").Length() == 1, "%s: the title and the error summary go together", s.name)
	if strings.HasPrefix(s.name, "operations") {
		link := "Refresh every 5 seconds"
		if strings.Contains(s.path, "refresh=5") {
			link = "Stop refreshing"
		}
		require.Contains(t, p.all("main a"), link, s.name)
	}
	require.Zero(t, p.Find("[style], [onclick]").Length(), "%s has an inline style or script", s.name)
	ids := map[string]bool{}
	p.Find("[id]").Each(func(_ int, e *goquery.Selection) {
		id := e.AttrOr("id", "")
		require.False(t, ids[id], "%s: the id %q stands twice", s.name, id)
		ids[id] = true
	})
	p.Find("link[href], script[src], img[src]").Each(func(_ int, e *goquery.Selection) {
		address := e.AttrOr("href", e.AttrOr("src", ""))
		require.True(t, strings.HasPrefix(address, "/assets/"), "%s loads %s", s.name, address)
	})
	require.NotContains(t, p.text("#warning, .govuk-error-summary, .govuk-error-message, main [role=status]"), "\u202e", "%s: what was typed turns the words after it round", s.name)
	require.NotContains(t, p.Text, "<script>alert(1)", s.name)
	require.NotContains(t, p.Text, `<b>"`, s.name)
}

// requireSent checks how a page is sent that is only asked for: HEAD answers as GET does,
// and what is over 1 kB is compressed, to at most 100 kB.
func (w *walker) requireSent(s state) {
	w.t.Helper()
	if s.fields != nil || s.user == "" {
		return
	}
	head := w.session(s.user).do(http.MethodHead, s.path, "", map[string]string{"Accept-Encoding": "gzip"})
	require.Equal(w.t, s.code(), head.Code, s.name)
	require.Empty(w.t, head.Text, s.name)
	size, err := strconv.Atoi(head.Header.Get("Content-Length"))
	require.NoError(w.t, err, s.name)
	require.Equal(w.t, "gzip", head.Header.Get("Content-Encoding"), s.name)
	require.Positive(w.t, size, s.name)
	require.LessOrEqual(w.t, size, 100<<10, s.name)
	require.Contains(w.t, head.Header.Values("Vary"), "Accept-Encoding", s.name)
}

// TestAnswers_areTimedInDevelopment says how long the server worked, where it is asked to.
func TestAnswers_areTimedInDevelopment(t *testing.T) {
	h := newHouse(t, func(o *screens.Options) { o.Timed = true })
	for _, path := range []string{"/help", ofAdam, "/no-such-page"} {
		require.Regexp(t, `^total;dur=\d+\.\d$`, h.signIn("OFFICER_A").get(path).Header.Get("Server-Timing"), path)
	}
}

// TestAssets_neverChange: what a page loads may be kept for ever, because its address has a
// hash of what it is.
func TestAssets_neverChange(t *testing.T) {
	h := newHouse(t)
	b := h.visit()
	loaded := b.get("/help").Find("link[href], script[src]").Map(func(_ int, e *goquery.Selection) string {
		return e.AttrOr("href", e.AttrOr("src", ""))
	})
	require.NotEmpty(t, loaded)
	for _, address := range loaded {
		require.Regexp(t, `^/assets/[0-9a-f]+/`, address)
		p := b.get(address)
		require.Equal(t, http.StatusOK, p.Code, address)
		require.Contains(t, p.Header.Get("Cache-Control"), "immutable", address)
		require.Equal(t, http.StatusNotFound, b.get("/assets/000000000000/app.css").Code)
	}
}
