package issuer_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"nonassociations/internal/dev/browser"
)

// TestPage_inABrowser: axe finds nothing, and a button leads back with a code.
func TestPage_inABrowser(t *testing.T) {
	s, _ := started(t)
	pages := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte("<!DOCTYPE html><title>Back</title><p id=back>" + r.URL.Path + "</p>"))
	}))
	defer pages.Close()
	page := browser.Open(t)
	require.NoError(t, chromedp.Do(page.Context, chromedp.Navigate(s.AuthorizeURL()+"?"+wish("redirect_uri", pages.URL+"/sign-in/callback").Encode())))
	require.Empty(t, page.Axe(t))
	require.NoError(t, chromedp.Do(page.Context,
		chromedp.Click(chromedp.CSS(`button[value=OFFICER_A]`)), chromedp.WaitVisible(chromedp.CSS(`#back`))))
	title, err := chromedp.Run(page.Context, chromedp.Evaluate[string](`document.title`))
	require.NoError(t, err)
	require.Equal(t, "Back", title)
	came, err := chromedp.Run(page.Context, chromedp.Evaluate[string](`location.pathname + (new URLSearchParams(location.search).has('code'))`))
	require.NoError(t, err)
	require.Equal(t, "/sign-in/callbacktrue", came)
	require.Empty(t, page.Complaints())
}
