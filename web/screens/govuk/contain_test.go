package govuk_test

import (
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"

	"nonassociations/web/screens/govuk"
)

func TestContained_keepsAHeaderAsItIs(t *testing.T) {
	const header = `<header class="c" role="banner"><a href="https://dps.example/">DPS</a><svg viewBox="0 0 1 1"><path d="m0 0"></path></svg></header>`
	markup, err := govuk.Contained(header)
	require.NoError(t, err)
	require.Equal(t, header, string(markup))
}

// TestContained_cannotLeaveItsPlace: whatever the estate's service answers, the rest of
// the page is the same.
func TestContained_cannotLeaveItsPlace(t *testing.T) {
	layout, page := everything()
	plain := draw(t, layout, sampleText, page)
	for _, nonsense := range []string{
		"<div>open <b>", "</header></div></body></html>", "<textarea>", "<plaintext>", "<!-- ", "<title>", "<xmp>", "<noscript>", "<style>body{",
		"<script>", "<svg><style><!--</style>", "<template>", "<select><option>", "<table><tr><td>", "<a href='", "<a href=/x>", "<form><input name=key>",
		"<noembed>", "<noframes>", "<math><mtext><table><mglyph><style><!--", "text", "<frameset>", "<body onload=x><p>", "<button>", "<iframe>", "<p><object>",
	} {
		markup, err := govuk.Contained(nonsense)
		if err != nil {
			require.ErrorIs(t, err, govuk.ErrNoFrame, nonsense)
			continue
		}
		layout.Estate = &govuk.Estate{Header: "<div id=\"theirs\">" + markup + "</div>"}
		doc := draw(t, layout, sampleText, page)
		require.Equal(t, plain.Find("main").Length(), doc.Find("body > .govuk-width-container > main").Length(), nonsense)
		require.Equal(t, inside(t, plain, "main"), inside(t, doc, "main"), nonsense)
		require.Equal(t, inside(t, plain, "footer"), inside(t, doc, "footer"), nonsense)
	}
}

func TestContained_runsNothing(t *testing.T) {
	for _, hostile := range []string{
		"<script>x</script>", "<img src=x onerror=x>", "<a href=' java\nscript:x'>y</a>", "<p style='x'>", "<iframe srcdoc=x></iframe>", "<link rel=stylesheet href=x>",
		"<svg><a xlink:href='javascript:x'>y</a></svg>", "<base href=x>", "<meta http-equiv=refresh content=0>", "<a href=data:text/html,x>y</a>", "<svg onload=x>",
	} {
		markup, err := govuk.Contained(hostile)
		if err != nil {
			require.ErrorIs(t, err, govuk.ErrNoFrame, hostile)
		}
		require.NotRegexp(t, `script|onerror|onload|style|srcdoc|link |base|meta|data:`, string(markup), hostile)
	}
}

func TestContained_isNoPage(t *testing.T) {
	for _, page := range []string{"", "  ", "<!-- nothing -->", "<main>x</main>", "<div><h1>x</h1></div>", "<script>x</script>", "<html><head><title>x</title></head><body></body></html>"} {
		_, err := govuk.Contained(page)
		require.ErrorIs(t, err, govuk.ErrNoFrame, page)
	}
}

// inside returns the markup of an element.
func inside(t *testing.T, doc *goquery.Document, selector string) string {
	t.Helper()
	markup, err := doc.Find(selector).Html()
	require.NoError(t, err)
	return markup
}
