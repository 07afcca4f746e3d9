package browser_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"nonassociations/internal/dev/browser"
)

func TestMain(m *testing.M) {
	if os.Getenv("BROWSER_DIE") != "" {
		browser.Open(&testing.T{})
		panic("in the middle of a test")
	}
	goleak.VerifyTestMain(browser.Main{M: m})
}

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

// TestOpen_sharesNothingWithOtherPages: a cookie is seen by tabs of the same page only, and
// clearing the cookies of one page leaves those of others.
func TestOpen_sharesNothingWithOtherPages(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	one, two := browser.Open(t), browser.Open(t)
	tab := one.Another(t)
	for _, page := range []*browser.Page{one, two, tab} {
		require.NoError(t, chromedp.Do(page.Context, chromedp.Navigate(server.URL)))
	}
	run := func(page *browser.Page, expression string) string {
		value, err := chromedp.Run(page.Context, chromedp.Evaluate[string](expression))
		require.NoError(t, err)
		return value
	}
	const kept = `document.cookie + " " + localStorage.getItem("stored")`
	run(one, `document.cookie = "whose=one"; localStorage.setItem("stored", "one"); ""`)
	require.Equal(t, "whose=one one", run(tab, kept))
	require.Equal(t, " null", run(two, kept))
	run(two, `document.cookie = "whose=two"; ""`)
	_, err := chromedp.Call(two.Context, network.ClearBrowserCookies, cdp.Empty{})
	require.NoError(t, err)
	require.Equal(t, " null", run(two, kept))
	require.Equal(t, "whose=one one", run(one, kept))
	for _, page := range []*browser.Page{one, two, tab} {
		require.Equal(t, "visible true", run(page, `document.visibilityState + " " + document.hasFocus()`))
	}
}

// TestPanickedTestProcess_leavesNothingBehind: neither a browser nor its profile.
func TestPanickedTestProcess_leavesNothingBehind(t *testing.T) {
	temp, err := os.MkdirTemp("", "b") // a short path, for a socket
	require.NoError(t, err)
	defer os.RemoveAll(temp)
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), "BROWSER_DIE=1", "TMPDIR="+temp)
	out, err := child.CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "panic: in the middle of a test")
	require.Eventually(t, func() bool {
		left, err := os.ReadDir(temp)
		return err == nil && len(left) == 0
	}, browser.Patience, 20*time.Millisecond)
	require.Eventually(t, func() bool {
		ps, err := exec.CommandContext(t.Context(), "ps", "-eo", "args").Output()
		return err == nil && !strings.Contains(string(ps), temp)
	}, browser.Patience, 200*time.Millisecond, "a browser is left")
}
