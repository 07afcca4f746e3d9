package govuk_test

import (
	"html/template"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"

	"nonassociations/web/screens/govuk"
)

// draw returns a page with a layout and a template of its own.
func draw(t *testing.T, layout govuk.Layout, text string, page any) *goquery.Document {
	t.Helper()
	pages, err := govuk.Parse(fstest.MapFS{"page.gohtml": {Data: []byte(text)}})
	require.NoError(t, err)
	body, err := pages.Render(layout, "page", page)
	require.NoError(t, err)
	require.NotContains(t, string(body), "ZgotmplZ", "a value that the template could not place")
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(string(body)))
	require.NoError(t, err)
	return doc
}

// words returns the text of the first element that a selector finds, in single blanks.
func words(doc *goquery.Document, selector string) string {
	return strings.Join(strings.Fields(doc.Find(selector).First().Text()), " ")
}

// links returns the texts of the links in an element with their addresses.
func links(doc *goquery.Document, selector string) map[string]string {
	found := map[string]string{}
	doc.Find(selector + " a").Each(func(_ int, a *goquery.Selection) {
		found[strings.Join(strings.Fields(a.Text()), " ")] = a.AttrOr("href", "")
	})
	return found
}

func TestLayout_hasWhatEveryPageHas(t *testing.T) {
	doc := draw(t, govuk.Layout{Title: "Help", Nonce: "n"}, `<h1>{{.}}</h1>`, "<b>Jo</b>")
	require.Equal(t, "Help – Non-associations", doc.Find("title").Text())
	require.Equal(t, "<b>Jo</b>", doc.Find("main#main-content h1").Text())
	require.Equal(t, map[string]string{"Skip to main content": "#main-content"}, map[string]string{
		words(doc, "a.govuk-skip-link"): doc.Find("a.govuk-skip-link").AttrOr("href", ""),
	})
	require.Equal(t, "en", doc.Find("html").AttrOr("lang", ""))
	require.Equal(t, "n", doc.Find("script:not([src])").AttrOr("nonce", ""))
	require.Equal(t, map[string]string{"Help": "/help", "Accessibility statement": "/accessibility", "Cookies": "/cookies"}, links(doc, "footer"))
	require.Equal(t, map[string]string{"Non-associations": "/", "Sign in": "/sign-in"}, links(doc, "header"), "without a session")
	for _, absent := range []string{
		"#warning", "#switch-over", "#saved", "#done", "#saving", "#signing-out", "#recorded-up-to", ".govuk-error-summary",
		".govuk-breadcrumbs", ".app-print-line", "meta[http-equiv]", "[style]", "style",
	} {
		require.Zero(t, doc.Find(absent).Length(), absent)
	}
}

func TestLayout_saysWhoIsSignedIn(t *testing.T) {
	for caseload, user := range map[string]govuk.User{
		"OFFICER_A Example A (HMP) Change caseload Sign out": {Name: "OFFICER_A", Caseload: "Example A (HMP)", CanChange: true},
		"OPERATOR No caseload Sign out":                      {Name: "OPERATOR"},
	} {
		doc := draw(t, govuk.Layout{User: &user}, ``, nil)
		require.Equal(t, caseload, words(doc, "header ul"))
		require.Equal(t, "/sign-out", links(doc, "header")["Sign out"])
		require.Equal(t, map[bool]string{true: "/caseload"}[user.CanChange], links(doc, "header")["Change caseload"])
	}
}

// TestLayout_saysWhatHappened has every message by the id and in the words of the
// contract, in the order in which they are read.
func TestLayout_saysWhatHappened(t *testing.T) {
	layout, _ := everything()
	doc := draw(t, layout, `<h1>x</h1>`, nil)
	require.Equal(t, "Error: Everything – Non-associations", doc.Find("title").Text())
	require.Equal(t, "alert", doc.Find("#saved").AttrOr("role", ""))
	require.Equal(t, "Success The non-association has been closed View Adam Example’s non-associations", words(doc, "#saved"))
	require.Equal(t, "Success", words(doc, "#saved h2"))
	require.Equal(t, "Success The message is sent again.", words(doc, "#done"))
	require.Equal(t, "Saved. This page will show it in a moment. Show it now", words(doc, "#saving"))
	require.Equal(t, map[string]string{"Show it now": "?atLeast=1"}, links(doc, "#saving"))
	require.Equal(t, "alert", doc.Find("#warning").AttrOr("role", ""))
	require.Equal(t, 2, doc.Find("#warning p").Length(), "one paragraph each")
	require.Equal(t, map[string]string{"View the existing non-association": "/y"}, links(doc, "#warning"))
	require.Equal(t, "From 26 July 2026 use this service and not NOMIS.", words(doc, "#switch-over p"))
	require.Equal(t, "There is a problem", words(doc, ".govuk-error-summary h2"))
	require.Equal(t, map[string]string{"Select a reason": "#add-reason", "Enter a comment": "#add-comment"}, links(doc, ".govuk-error-summary"))
	require.Equal(t, "Shows everything recorded up to 14:05:09", words(doc, "#recorded-up-to"))
	require.Equal(t, "You will be signed out in 5 minutes.", words(doc, "#signing-out p"))
	require.Equal(t, "Stay signed in", words(doc, "#signing-out button"))
	require.True(t, doc.Find("#signing-out").Is("[hidden]"), "until a script shows it")
	require.Equal(t, "Breadcrumb", doc.Find("nav").First().AttrOr("aria-label", ""))
	require.Equal(t, "Official sensitive – printed by OFFICER_A on 26 July 2026 at 14:05 – position 4711", words(doc, ".app-print-line"))
	require.Equal(t, 1, doc.Find("h1").Length())
	require.Equal(t, 1, doc.Find(".govuk-error-summary ~ h1").Length(), "the summary comes first")
}

// TestLayout_keepsWhatWasTyped: links of the frame open elsewhere, but for the header.
func TestLayout_keepsWhatWasTyped(t *testing.T) {
	layout, _ := everything()
	layout.Typed = true
	doc := draw(t, layout, ``, nil)
	doc.Find("a[target=_blank]").Each(func(_ int, a *goquery.Selection) {
		require.True(t, strings.HasSuffix(a.Text(), " (opens in new tab)"), a.Text())
	})
	require.Zero(t, doc.Find("header a[target]").Length())
	for _, part := range []string{"footer", ".govuk-breadcrumbs", "#warning"} {
		require.Positive(t, doc.Find(part+" a").Length())
		require.Zero(t, doc.Find(part+" a:not([target])").Length(), part)
	}
	require.False(t, layout.Warnings[1].Link.NewTab, "the layout itself is not changed")
}

func TestLayout_refreshesOnlyWhenAsked(t *testing.T) {
	doc := draw(t, govuk.Layout{Refresh: 5}, ``, nil)
	require.Equal(t, "5", doc.Find("meta[http-equiv=refresh]").AttrOr("content", ""))
}

// TestLayout_takesTheEstatesHeaderAndFooter, and keeps the links and the footer's line
// that are ours.
func TestLayout_takesTheEstatesHeaderAndFooter(t *testing.T) {
	layout, _ := everything()
	layout.Estate = &govuk.Estate{
		Header: `<header id="theirs">DPS</header>`, Footer: `<footer id="theirs-too">DPS</footer>`,
		StyleSheets: []string{"https://components.example/header.css"}, Scripts: []string{"https://components.example/header.js"},
	}
	doc := draw(t, layout, ``, nil)
	require.Equal(t, 1, doc.Find("header").Length())
	require.Equal(t, 1, doc.Find("body > header#theirs").Length())
	require.Equal(t, 1, doc.Find("body > footer#theirs-too").Length())
	require.Equal(t, "Shows everything recorded up to 14:05:09", words(doc, "#recorded-up-to"))
	require.Equal(t, 1, doc.Find(`a[href="/help"]`).Length())
	require.Equal(t, 1, doc.Find(`link[href="https://components.example/header.css"]`).Length())
	require.Equal(t, 1, doc.Find(`script[src="https://components.example/header.js"]`).Length())

	layout.Estate = &govuk.Estate{}
	require.Equal(t, 1, draw(t, layout, ``, nil).Find("header.app-header").Length(), "ours stands in for one that is missing")
}

// hostile is text that would be markup, script or an address in the wrong place.
const hostile = `"><script>alert(1)</script>'` + "`" + `{{.}} javascript:alert(1) <img src=x onerror=alert(1)>`

// TestComponents_escapeEverything: hostile text in every text field makes no element, no
// attribute and no address.
func TestComponents_escapeEverything(t *testing.T) {
	layout, page := everything()
	plain := draw(t, layout, sampleText, page)
	poison(&layout)
	poison(&page)
	layout.Session.KeepAlive = "/keep-alive"
	doc := draw(t, layout, sampleText, page)
	require.Equal(t, shape(plain), shape(doc), "the same elements with the same attributes")
	require.Contains(t, doc.Find("main").Text(), hostile)
	doc.Find("[href], [src], [action]").Each(func(_ int, s *goquery.Selection) {
		for _, name := range []string{"href", "src", "action"} {
			require.False(t, strings.HasPrefix(strings.ToLower(strings.TrimSpace(s.AttrOr(name, ""))), "javascript:"), s.Text())
		}
	})
}

// TestLink_leadsNowhereThatRuns: a script is no address.
func TestLink_leadsNowhereThatRuns(t *testing.T) {
	markup, err := govuk.HTML(govuk.Link{Text: "x", Href: "javascript:alert(1)"})
	require.NoError(t, err)
	require.NotContains(t, string(markup), "javascript")
}

func TestParse_refusesAFaultAtTheStart(t *testing.T) {
	for name, pages := range map[string]fstest.MapFS{
		"is no template":              {"a.gohtml": {Data: []byte("{{if}}")}},
		"names a missing template":    {"a.gohtml": {Data: []byte(`{{template "Buttom" .}}`)}},
		"has a value in a bad place":  {"a.gohtml": {Data: []byte(`<a href="{{if .}}">`)}},
		"breaks off inside of markup": {"a.gohtml": {Data: []byte(`<a href="x`)}},
		"shares what is no template":  {"_a.gohtml": {Data: []byte("{{end}}")}},
	} {
		_, err := govuk.Parse(pages)
		require.Error(t, err, name)
	}
}

func TestRender_givesAWholePageOrNone(t *testing.T) {
	pages, err := govuk.Parse(fstest.MapFS{
		"Page.gohtml":    {Data: []byte(`{{template "part" .Name}}`)},
		"Other.gohtml":   {Data: []byte(`other`)},
		"_shared.gohtml": {Data: []byte(`{{define "part"}}<b>{{.}}</b>{{end}}`)},
	})
	require.NoError(t, err)
	body, err := pages.Render(govuk.Layout{}, "Page", struct{ Name string }{"Jo"})
	require.NoError(t, err)
	require.Contains(t, string(body), "<b>Jo</b>")
	require.True(t, strings.HasSuffix(strings.TrimSpace(string(body)), "</html>"))

	body, err = pages.Render(govuk.Layout{}, "Page", struct{ Nome string }{"Jo"})
	require.Error(t, err)
	require.Empty(t, body, "never half a page")
	_, err = pages.Render(govuk.Layout{}, "_shared", nil)
	require.Error(t, err)
	body, err = pages.Render(govuk.Layout{}, "Other", nil)
	require.NoError(t, err)
	require.Contains(t, string(body), "other")
}

func TestHTML_knowsOnlyComponents(t *testing.T) {
	markup, err := govuk.HTML(&govuk.Tag{Text: "<b>", Colour: "red"})
	require.NoError(t, err)
	require.Equal(t, template.HTML(`<strong class="govuk-tag govuk-tag--red">&lt;b&gt;</strong>`), markup)
	_, err = govuk.HTML(time.Now())
	require.Error(t, err)
}

// TestGroups_haveTheIdsOfTheContract: the first control has the id that the summary links
// to.
func TestGroups_haveTheIdsOfTheContract(t *testing.T) {
	choices := []govuk.Choice{{Value: "A"}, {Value: "B"}, {Value: "C"}}
	doc := draw(t, govuk.Layout{}, `{{template "Radios" .R}}{{template "Checkboxes" .C}}`, struct {
		R govuk.Radios
		C govuk.Checkboxes
	}{
		govuk.Radios{ID: "add-reason", Name: "reason", Legend: govuk.Legend{Text: "Reason"}, Error: "Select a reason", Value: "B", Choices: choices},
		govuk.Checkboxes{ID: "filter-reason", Name: "reason", Legend: govuk.Legend{Text: "Reason"}, Values: []string{"A", "C"}, Choices: choices},
	})
	ids := doc.Find("input").Map(func(_ int, s *goquery.Selection) string { return s.AttrOr("id", "") })
	require.Equal(t, []string{"add-reason", "add-reason-1", "add-reason-2", "filter-reason", "filter-reason-1", "filter-reason-2"}, ids)
	checked := doc.Find("input[checked]").Map(func(_ int, s *goquery.Selection) string { return s.AttrOr("id", "") })
	require.Equal(t, []string{"add-reason-1", "filter-reason", "filter-reason-2"}, checked)
	require.Equal(t, "Error: Select a reason", words(doc, "#add-reason-error"))
	require.Equal(t, "add-reason-error", doc.Find("fieldset").First().AttrOr("aria-describedby", ""))
	require.Empty(t, choices[0].ID, "the caller's choices are not changed")
}

func TestTable_saysHowItIsSorted(t *testing.T) {
	_, page := everything()
	doc := draw(t, govuk.Layout{}, sampleText, page)
	sorts := doc.Find("table#same th[scope=col]").Map(func(_ int, s *goquery.Selection) string { return s.AttrOr("aria-sort", "") })
	require.Equal(t, []string{"none", "", "descending", ""}, sorts)
	require.Equal(t, map[string]string{"Name": "?a", "Last updated": "?b"}, links(doc, "table#same thead"))
	pane := doc.Find("table#same").Parent()
	require.Equal(t, "region", pane.AttrOr("role", ""))
	require.Equal(t, "0", pane.AttrOr("tabindex", ""))
	require.Equal(t, words(doc, "table#same caption"), pane.AttrOr("aria-label", ""))
	require.Equal(t, "View details of Bertram Sample (A0135GA), 26/07/2026", words(doc, "table#same td a"))
	require.Equal(t, 60, doc.Find(`table#same tr[data-id="id"]`).Length())
}
