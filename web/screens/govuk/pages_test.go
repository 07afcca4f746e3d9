package govuk_test

import (
	"strings"
	"testing"
	"testing/fstest"

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
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(string(body)))
	require.NoError(t, err)
	return doc
}

func TestLayout_hasWhatEveryPageHas(t *testing.T) {
	doc := draw(t, govuk.Layout{Title: "Help", Nonce: "n"}, `<h1>{{.}}</h1>`, "<b>Jo</b>")
	require.Equal(t, "Help – Non-associations", doc.Find("title").Text())
	require.Equal(t, "<b>Jo</b>", doc.Find("main#main-content h1").Text())
	require.Equal(t, "#main-content", doc.Find("a.govuk-skip-link").AttrOr("href", ""))
	require.Equal(t, "en", doc.Find("html").AttrOr("lang", ""))
	require.Equal(t, "n", doc.Find("script:not([src])").AttrOr("nonce", ""))
}
