package screens_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	chromium "nonassociations/internal/dev/browser"
)

// picturesVariable names the folder into which the walk writes a picture of every state.
const picturesVariable = "SHOTS"

// Widths of the window, in pixels.
const (
	wide   = 1280
	narrow = 320
)

// patience is how long a page may take on a busy machine.
const patience = 20 * time.Second

// tab is the page of a real browser that goes from state to state.
type tab struct {
	*walker

	t      *testing.T
	page   *chromium.Page
	user   string // whose session it has
	heard  int    // complaints so far
	asked  int    // requests so far
	looked map[string]bool
	shots  string // the folder of the pictures; "" for none
}

// TestWalk_inABrowser looks at every state. What reads and what writes have a page and
// a house of their own each, so that neither waits for the other.
func TestWalk_inABrowser(t *testing.T) {
	t.Parallel()
	for name, some := range map[string]func(ids map[string]uuid.UUID) []state{"reading": readingStates, "writing": writingStates} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := &tab{walker: newWalker(t), t: t, page: chromium.OpenFor(t, 10*time.Minute), looked: map[string]bool{}, shots: os.Getenv(picturesVariable)}
			for i, s := range some(b.ids) {
				if !s.noPage && !s.alike {
					b.visit(name+fmt.Sprintf("-%03d", i), s)
				}
			}
		})
	}
}

// visit shows a state, and looks at it.
func (b *tab) visit(picture string, s state) {
	b.t.Helper()
	b.show(s)
	b.look(picture, s)
	if s.after != nil {
		s.after(b.walker)
		b.user = ""
	}
}

// do runs steps in the browser.
func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.page.Context, patience)
	defer cancel()
	require.NoError(b.t, chromedp.Do(ctx, steps...))
}

// eval returns what an expression gives on the open page.
func eval[T any](b *tab, expression string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.page.Context, patience)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	require.NoError(b.t, err, expression)
	return value
}

// navigate opens a path, or does what leads to another page, and returns the status of
// the answer.
func (b *tab) navigate(steps ...chromedp.Action[chromedp.Void]) int {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.page.Context, patience)
	defer cancel()
	answer, err := chromedp.RunResponse(ctx, steps...)
	require.NoError(b.t, err)
	return int(answer.Status)
}

// to opens a path.
func (b *tab) to(path string) int {
	b.t.Helper()
	return b.navigate(chromedp.Navigate(b.server.URL + path))
}

// enter gives the browser the session of a user, and no other cookie.
func (b *tab) enter(user string) {
	b.t.Helper()
	if user != "" && user == b.user && b.sessions[user] != nil {
		return
	}
	_, err := chromedp.Call(b.page.Context, network.ClearBrowserCookies, cdp.Empty{})
	require.NoError(b.t, err)
	address, err := url.Parse(b.server.URL)
	require.NoError(b.t, err)
	jar, is := b.session(user).http.Jar.(*cookiejar.Jar)
	require.True(b.t, is)
	for _, cookie := range jar.Cookies(address) {
		_, err := chromedp.Call(b.page.Context, network.SetCookie, network.SetCookieParams{Name: cookie.Name, Value: cookie.Value, URL: b.server.URL})
		require.NoError(b.t, err)
	}
	b.user = user
}

// show brings the browser to a state, at 1280 px.
func (b *tab) show(s state) {
	b.t.Helper()
	if s.before != nil {
		s.before(b.walker)
	}
	b.enter(s.user)
	b.do(chromedp.EmulateViewport(wide, 1000))
	status := b.to(s.path)
	if s.fields != nil {
		require.Equal(b.t, 200, status, s.name)
		if s.between != nil {
			s.between(b.walker)
		}
		status = b.send(s.fields, s.twist)
	}
	require.Equal(b.t, s.code(), status, s.name)
	require.Equal(b.t, s.title+" – Non-associations", eval[string](b, `document.title`), s.name)
}

// send fills the form of the page, and sends it.
func (b *tab) send(fields url.Values, twist string) int {
	b.t.Helper()
	values, err := json.Marshal(fields)
	require.NoError(b.t, err)
	return b.navigate(chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`(() => {
		const form = document.querySelector('main form[method=post]')
		for (const [name, values] of Object.entries(%s)) {
			for (const control of form.querySelectorAll('[name="' + name + '"]')) {
				if (control.type === 'radio' || control.type === 'checkbox') control.checked = (values || []).includes(control.value)
				else control.value = values[0]
			}
		}
		%s
		form.requestSubmit(form.querySelector('button'))
	})()`, values, twist)))
}

// look checks the state that the browser shows, and what is checked once a page.
func (b *tab) look(picture string, s state) {
	b.t.Helper()
	page := s.route + strings.TrimPrefix(s.title, "Error: ")
	first := !b.looked[page]
	b.looked[page] = true

	except := []string{}
	if s.except != "" {
		except = append(except, s.except)
	}
	found := b.page.Axe(b.t, except...)
	b.checkf(len(found) == 0, s, "axe: %s", strings.Join(found, "\n"))
	b.picture(picture, s, wide)
	b.lookForCutTables(s)
	if first {
		b.lookByKeyboard(s)
		b.lookAtPrint(s)
	}
	b.do(chromedp.EmulateViewport(narrow, 640))
	b.picture(picture, s, narrow)
	b.lookForSidewaysScroll(s)
	if first && s.fields == nil {
		b.lookWithoutScripts(s)
	}
	b.listen(s)
}

// checkf fails the test, and goes on to the next state.
func (b *tab) checkf(holds bool, s state, format string, args ...any) {
	b.t.Helper()
	if !holds {
		b.t.Errorf("%s: %s", s.name, fmt.Sprintf(format, args...))
	}
}

// listen checks that the state made no complaint, and asked nobody else. The browser
// complains of the status of the page itself.
func (b *tab) listen(s state) {
	b.t.Helper()
	complaints := b.page.Complaints()
	for _, complaint := range complaints[b.heard:] {
		own := s.code() >= 400 && strings.Contains(complaint, fmt.Sprintf("the server responded with a status of %d", s.code()))
		b.checkf(own, s, "the console says %s", complaint)
	}
	asked := b.page.Asked()
	for _, address := range asked[b.asked:] {
		b.checkf(strings.HasPrefix(address, b.server.URL+"/"), s, "it asks %s", address)
	}
	b.heard, b.asked = len(complaints), len(asked)
}

// picture writes a picture of the whole page, where pictures are asked for.
func (b *tab) picture(name string, s state, width int) {
	b.t.Helper()
	if b.shots == "" {
		return
	}
	png, err := chromedp.Run(b.page.Context, chromedp.FullScreenshot(100))
	require.NoError(b.t, err)
	require.NoError(b.t, os.MkdirAll(b.shots, 0o750))
	require.NoError(b.t, os.WriteFile(filepath.Join(b.shots, fmt.Sprintf("%s-%s-%d.png", name, s.name, width)), png, 0o600))
}
