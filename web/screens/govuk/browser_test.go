package govuk_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/ledongthuc/pdf"
	"github.com/stretchr/testify/require"

	"nonassociations/internal/dev/browser"
	"nonassociations/web/screens/govuk"
)

// enhanced is there when the scripts have run.
const enhanced = chromedp.CSS("[data-govuk-character-count-init]")

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

// TestErrorSummary_leadsToTheFirstControl: it has the focus when the page opens, and each
// link moves it to a radio, not to a box around it.
func TestErrorSummary_leadsToTheFirstControl(t *testing.T) {
	layout, data := everything()
	layout.Saved, layout.Done = nil, "" // a banner takes the focus too, and never stands beside errors
	server := serve(t, layout, data)
	page := browser.Open(t)
	focus := func() string {
		at, err := chromedp.Run(page.Context, chromedp.Evaluate[string](`document.activeElement.id || document.activeElement.className`))
		require.NoError(t, err)
		return at
	}
	require.NoError(t, chromedp.Do(page.Context, chromedp.Navigate(server.URL), chromedp.WaitReady(enhanced)))
	require.Equal(t, "govuk-error-summary", focus())
	for _, first := range []string{"add-reason", "add-comment"} {
		require.NoError(t, chromedp.Do(page.Context, chromedp.Click(chromedp.CSS(`.govuk-error-summary a[href="#`+first+`"]`))))
		require.Equal(t, first, focus())
	}
}

// TestPage_needsNoScript: without one the counter says the limit, and nothing is missing.
func TestPage_needsNoScript(t *testing.T) {
	layout, data := everything()
	server := serve(t, layout, data)
	page := browser.Open(t)
	_, err := chromedp.Call(page.Context, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	require.NoError(t, err)
	require.NoError(t, chromedp.Do(page.Context, chromedp.EmulateViewport(320, 640), chromedp.Navigate(server.URL)))
	text, err := chromedp.Run(page.Context, chromedp.Text(chromedp.CSS("#add-comment-info")))
	require.NoError(t, err)
	require.Equal(t, "You can enter up to 240 characters", text)
	require.NoError(t, chromedp.Do(page.Context, chromedp.WaitVisible(chromedp.CSS("#add-reason + label"))))
	for _, address := range page.Asked() {
		require.False(t, strings.HasSuffix(address, ".js"), address)
	}
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
			area.dispatchEvent(new Event('input'))
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
		"over":     {govuk.Session{Left: time.Hour, Warn: 5 * time.Minute, KeepAlive: "/keep-alive"}, "You have been signed out.", false},
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

// TestPage_staysSignedInNoLongerThanItCan: a request that puts the end off to the last
// moment of the session leaves nothing to press.
func TestPage_staysSignedInNoLongerThanItCan(t *testing.T) {
	layout, data := everything()
	layout.Session = &govuk.Session{Idle: 59 * time.Second, Left: time.Minute, Warn: 5 * time.Minute, KeepAlive: "/keep-alive"}
	server := serve(t, layout, data)
	page := browser.Open(t)
	require.NoError(t, chromedp.Do(page.Context, chromedp.Navigate(server.URL), chromedp.WaitVisible(chromedp.CSS("#signing-out button"))))
	_, err := chromedp.Run(page.Context, chromedp.Poll[bool](`(() => {
		const button = document.querySelector('#signing-out button')
		button.click()
		return button.hidden
	})()`, chromedp.WithPollingInterval(100*time.Millisecond)))
	require.NoError(t, err)
}

// TestPage_prints: each sheet has the line, and what only works on a screen is left out.
func TestPage_prints(t *testing.T) {
	layout, data := everything()
	server := serve(t, layout, data)
	page := browser.Open(t)
	require.NoError(t, chromedp.Do(page.Context, chromedp.Navigate(server.URL), chromedp.WaitReady(enhanced)))
	printed, err := chromedp.Run(page.Context, chromedp.PrintToPDF(chromedp.PDFPaper(chromedp.PaperA4)))
	require.NoError(t, err)
	sheets, err := pdf.NewReader(bytes.NewReader(printed), int64(len(printed)))
	require.NoError(t, err)
	require.Greater(t, sheets.NumPage(), 2)
	for i := 1; i <= sheets.NumPage(); i++ {
		text, err := sheets.Page(i).GetPlainText(nil)
		require.NoError(t, err)
		require.Contains(t, text, "Official sensitive – printed by OFFICER_A on 26 July 2026 at 14:05 – position 4711", "sheet %d", i)
		for _, gone := range []string{"Sign out", "Accessibility statement", "Cancel", "Closed (1 record)", "(/z)"} {
			require.NotContains(t, text, gone, "sheet %d", i)
		}
	}
}
