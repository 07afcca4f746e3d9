package govuk_test

import (
	"os"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"nonassociations/internal/dev/browser"
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
	if path := os.Getenv("LOOK"); path != "" {
		png, err := chromedp.Run(page.Context, chromedp.FullScreenshot(100))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(path, png, 0o600))
	}
}
