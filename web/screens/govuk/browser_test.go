package govuk_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"nonassociations/internal/dev/browser"
	"nonassociations/web/screens/govuk"
)

const enhanced = chromedp.CSS("body.govuk-frontend-supported")

// TestPage_isAccessible: nothing that axe knows is wrong, at 1280 px.
func TestPage_isAccessible(t *testing.T) {
	layout, data := everything()
	server := serve(t, layout, data)
	page := browser.Open(t)
	require.NoError(t, chromedp.Do(page.Context, chromedp.EmulateViewport(1280, 1000), chromedp.Navigate(server.URL), chromedp.WaitReady(enhanced)))
	require.Empty(t, page.Axe(t))
	require.Empty(t, page.Complaints(), "errors, and what the policy refused")
	for _, address := range page.Asked() {
		require.True(t, strings.HasPrefix(address, server.URL+"/"), "%s is elsewhere", address)
	}
}

// TestPage_scrollsNeverSideways: at 320 px the tables scroll in panes of their own, and
// the page does not.
func TestPage_scrollsNeverSideways(t *testing.T) {
	layout, data := everything()
	server := serve(t, layout, data)
	page := browser.Open(t)
	require.NoError(t, chromedp.Do(page.Context, chromedp.EmulateViewport(320, 640), chromedp.Navigate(server.URL), chromedp.WaitReady(enhanced)))
	widths, err := chromedp.Run(page.Context, chromedp.Evaluate[[]int](
		`[document.documentElement.scrollWidth, document.querySelector('.moj-scrollable-pane').scrollWidth]`))
	require.NoError(t, err)
	require.LessOrEqual(t, widths[0], 320)
	require.Greater(t, widths[1], 320, "the table is wider than the pane")
}

// TestCharacterCount_countsAsTheServerDoes: UTF-16 units, and no white space around.
func TestCharacterCount_countsAsTheServerDoes(t *testing.T) {
	layout, data := everything()
	server := serve(t, layout, data)
	page := browser.Open(t)
	require.NoError(t, chromedp.Do(page.Context, chromedp.Navigate(server.URL), chromedp.WaitReady(enhanced)))
	for typed, left := range map[string]string{
		`12345678`: "232", `  12345678\n\u0085\u00a0`: "232", `a\nb`: "237", `😀`: "238", ` \n `: "240",
	} {
		text, err := chromedp.Run(page.Context, chromedp.Evaluate[string](`(() => {
			const area = document.getElementById('add-comment')
			area.value = "`+typed+`"
			area.dispatchEvent(new KeyboardEvent('keyup'))
			return document.querySelector('.govuk-character-count__message[aria-hidden]').textContent
		})()`))
		require.NoError(t, err)
		require.Equal(t, "You have "+left+" characters remaining", text, typed)
	}
}

// TestPage_warnsBeforeTheSessionEnds and stays signed in when asked to.
func TestPage_warnsBeforeTheSessionEnds(t *testing.T) {
	const shown = chromedp.CSS("#signing-out:not([hidden])")
	for name, c := range map[string]struct {
		session govuk.Session
		text    string
		button  bool
	}{
		"idle":     {govuk.Session{Idle: 300 * time.Second, Left: time.Hour, Warn: 5 * time.Minute, KeepAlive: "/keep-alive"}, "You will be signed out in 5 minutes.", true},
		"one left": {govuk.Session{Idle: 40 * time.Second, Left: time.Hour, Warn: 5 * time.Minute, KeepAlive: "/keep-alive"}, "You will be signed out in 1 minute.", true},
		"lifetime": {govuk.Session{Idle: time.Hour, Left: 110 * time.Second, Warn: 5 * time.Minute, KeepAlive: "/keep-alive"}, "You will be signed out in 2 minutes.", false},
	} {
		layout, data := everything()
		layout.Session = &c.session
		server := serve(t, layout, data)
		page := browser.Open(t)
		require.NoError(t, chromedp.Do(page.Context, chromedp.Navigate(server.URL), chromedp.WaitVisible(shown)), name)
		text, err := chromedp.Run(page.Context, chromedp.Text(shown+" p"))
		require.NoError(t, err)
		require.Equal(t, c.text, text, name)
		button, err := chromedp.Run(page.Context, chromedp.Evaluate[bool](`!document.querySelector('#signing-out button').hidden`))
		require.NoError(t, err)
		require.Equal(t, c.button, button, name)
		require.Empty(t, page.Axe(t), name)
		if c.button {
			require.NoError(t, chromedp.Do(page.Context, chromedp.Click(shown+" button")))
			_, err := chromedp.Run(page.Context, chromedp.Poll[bool](`performance.getEntriesByType('resource').some((e) => e.name.endsWith('/keep-alive'))`))
			require.NoError(t, err)
		}
		require.Empty(t, page.Complaints(), name)
	}
}

// TestPage_prints: each sheet has the line, and what only works on a screen is left out.
func TestPage_prints(t *testing.T) {
	layout, data := everything()
	server := serve(t, layout, data)
	page := browser.Open(t)
	require.NoError(t, chromedp.Do(page.Context, chromedp.Navigate(server.URL), chromedp.WaitReady(enhanced)))
	pdf, err := chromedp.Run(page.Context, chromedp.PrintToPDF(chromedp.PDFPaper(chromedp.PaperA4)))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile("/tmp/look.pdf", pdf, 0o600))
	if path := os.Getenv("LOOK"); path != "" {
		require.NoError(t, chromedp.Do(page.Context, chromedp.EmulateViewport(1280, 1000)))
		png, err := chromedp.Run(page.Context, chromedp.FullScreenshot(100))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(path, png, 0o600))
	}
}
