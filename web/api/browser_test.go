package api_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"nonassociations/internal/dev/browser"
)

// TestPage_triesACall does in a real browser what a person does: give
// a token, try a call and read the answer. The page asks nothing of others, and
// works under the policy that it is served with.
func TestPage_triesACall(t *testing.T) {
	h := newTestServer(t)
	require.Equal(t, http.StatusOK, h.sync(record).Code)
	server := httptest.NewServer(h)
	defer server.Close()
	page := browser.Open(t)
	const block = chromedp.CSS("#operations-NOMIS-nonAssociations")
	require.NoError(t, chromedp.Do(page.Context,
		chromedp.Navigate(server.URL+"/docs"),
		chromedp.Click(chromedp.CSS(".btn.authorize")),
		chromedp.SendKeys(chromedp.CSS(".auth-container input"), reader),
		chromedp.Click(chromedp.CSS(".auth-btn-wrapper .authorize")),
		chromedp.Click(chromedp.CSS(".auth-btn-wrapper .btn-done")),
		chromedp.Click(block+" .opblock-summary-control"),
		chromedp.Click(block+" .try-out__btn"),
		chromedp.WaitEnabled(block+" tr[data-param-name=reference] input"), // it holds the example
		chromedp.Click(block+" .execute"),
	), "%v", page.Complaints())
	asked, err := chromedp.Run(page.Context, chromedp.Text(block+" .request-url"))
	require.NoError(t, err)
	require.Contains(t, asked, server.URL+"/non-associations/A9109UD")
	answered, err := chromedp.Run(page.Context, chromedp.Text(block+" .live-responses-table .response .microlight"))
	require.NoError(t, err)
	require.JSONEq(t, h.list("A9109UD"), answered)

	require.Empty(t, page.Complaints(), "errors, and what the policy refused")
	require.NotEmpty(t, page.Asked())
	for _, address := range page.Asked() {
		require.True(t, strings.HasPrefix(address, server.URL+"/"), "%s is elsewhere", address)
	}
}
