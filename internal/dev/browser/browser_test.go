package browser_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"nonassociations/internal/dev/browser"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestBrowser_reportsWhatAPageDoesWrong opens a page that does everything wrong.
func TestBrowser_reportsWhatAPageDoesWrong(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Security-Policy", "script-src 'self'")
		_, _ = w.Write([]byte(`<!DOCTYPE html><script>document.title = "ran"</script>
			<img src="http://elsewhere.test/x.png"><img src="/missing.png"><p id="end">end</p>`))
	}))
	defer server.Close()
	page := browser.Open(t)
	require.NoError(t, chromedp.Do(page.Context, chromedp.Navigate(server.URL), chromedp.WaitVisible(chromedp.CSS("#end"))))
	require.Eventually(t, func() bool { return len(page.Complaints()) >= 3 }, browser.Patience, browser.Patience/1000)
	for _, complaint := range []string{"Content Security Policy", "404", "ERR_NAME_NOT_RESOLVED"} {
		require.Contains(t, strings.Join(page.Complaints(), "\n"), complaint)
	}
	require.Contains(t, page.Asked(), "http://elsewhere.test/x.png")
}
