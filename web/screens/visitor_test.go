package screens_test

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"
)

// browser is one browser with its cookies. It follows no redirect of the pages.
type browser struct {
	t    testing.TB
	base string
	http *http.Client
}

// visit returns a browser without a session.
func (h *house) visit() *browser {
	h.t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(h.t, err)
	client := &http.Client{
		Jar: jar, Transport: &http.Transport{}, Timeout: 20 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	h.t.Cleanup(client.CloseIdleConnections)
	return &browser{t: h.t, base: h.server.URL, http: client}
}

// signIn returns a browser in which a user of the development issuer is signed in.
func (h *house) signIn(user string) *browser {
	h.t.Helper()
	b := h.visit()
	require.Equal(h.t, http.StatusFound, b.signIn(user).Code)
	return b
}

// signIn walks the sign-in of this browser as a user does, and returns the answer of the
// callback.
func (b *browser) signIn(user string) *page {
	b.t.Helper()
	choice := b.get(b.get("/sign-in").location())
	form := url.Values{"user": {user}}
	choice.doc.Find("input[type=hidden]").Each(func(_ int, field *goquery.Selection) {
		form.Set(field.AttrOr("name", ""), field.AttrOr("value", ""))
	})
	address := *choice.URL
	address.Path, address.RawQuery = choice.doc.Find("form").AttrOr("action", ""), ""
	return b.get(b.post(address.String(), form).location())
}

// page is an answer, parsed.
type page struct {
	*goquery.Selection

	t      testing.TB
	Code   int
	Header http.Header
	URL    *url.URL
	Text   string // of the body
	doc    *goquery.Document
}

// get asks for a path, or for a whole address.
func (b *browser) get(path string) *page {
	b.t.Helper()
	return b.do(http.MethodGet, path, "", nil)
}

// post sends a form.
func (b *browser) post(path string, form url.Values) *page {
	b.t.Helper()
	return b.do(http.MethodPost, path, form.Encode(), map[string]string{"Content-Type": "application/x-www-form-urlencoded"})
}

// do sends a request.
func (b *browser) do(method, path, body string, headers map[string]string) *page {
	b.t.Helper()
	if strings.HasPrefix(path, "/") {
		path = b.base + path
	}
	r, err := http.NewRequestWithContext(b.t.Context(), method, path, strings.NewReader(body))
	require.NoError(b.t, err)
	for name, value := range headers {
		r.Header.Set(name, value)
	}
	answer, err := b.http.Do(r)
	require.NoError(b.t, err)
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	require.NoError(b.t, err)
	doc, err := goquery.NewDocumentFromReader(bytes.NewReader(text))
	require.NoError(b.t, err)
	return &page{Selection: doc.Selection, t: b.t, Code: answer.StatusCode, Header: answer.Header, URL: r.URL, Text: string(text), doc: doc}
}

// location returns where a redirect leads.
func (p *page) location() string {
	p.t.Helper()
	require.Contains(p.t, []int{http.StatusFound, http.StatusSeeOther}, p.Code, p.Text)
	return p.Header.Get("Location")
}

// text returns the words of what a selector finds, with single blanks.
func (p *page) text(selector string) string {
	return words(p.Find(selector))
}

// all returns the words of each thing that a selector finds.
func (p *page) all(selector string) []string {
	return p.Find(selector).Map(func(_ int, one *goquery.Selection) string { return words(one) })
}

// words returns the text of a selection with single blanks.
func words(of *goquery.Selection) string { return strings.Join(strings.Fields(of.Text()), " ") }

// button returns the address of a link drawn as a button; "" when there is none.
func (p *page) button(text string) string {
	p.t.Helper()
	found := p.Find(`a[role="button"]`).FilterFunction(func(_ int, a *goquery.Selection) bool { return words(a) == text })
	require.LessOrEqual(p.t, found.Length(), 1, "buttons %q", text)
	return found.AttrOr("href", "")
}

// link returns the address of the link with these words, hidden ones among them.
func (p *page) link(text string) string {
	p.t.Helper()
	found := p.Find("a").FilterFunction(func(_ int, a *goquery.Selection) bool {
		return words(a) == text
	})
	require.Equal(p.t, 1, found.Length(), "links %q", text)
	return found.AttrOr("href", "")
}

// form returns the fields of a form as a browser would send them, with changes.
func (p *page) form(selector string, changes url.Values) url.Values {
	p.t.Helper()
	form := p.Find(selector)
	require.Equal(p.t, 1, form.Length(), "forms %q", selector)
	fields := url.Values{}
	form.Find("input, textarea, select").Each(func(_ int, field *goquery.Selection) {
		name, _ := field.Attr("name")
		_, checked := field.Attr("checked")
		switch kind := field.AttrOr("type", "text"); {
		case name == "":
		case goquery.NodeName(field) == "textarea":
			fields.Add(name, strings.TrimPrefix(field.Text(), "\n"))
		case kind == "radio" || kind == "checkbox":
			if checked {
				fields.Add(name, field.AttrOr("value", "on"))
			}
		default:
			fields.Add(name, field.AttrOr("value", ""))
		}
	})
	maps.Copy(fields, changes)
	return fields
}
