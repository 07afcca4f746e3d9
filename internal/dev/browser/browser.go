// Package browser opens pages in a real browser, for tests.
package browser

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// Patience is the time limit of a page that Open opens, and of the start of the browser,
// which may need half of it on a busy machine.
const Patience = 60 * time.Second

// Page is a tab with cookies, storage and cache of its own. Context is for
// chromedp and ends with the test or after the page's time limit. Its methods are safe
// for concurrent use.
type Page struct {
	Context context.Context //nolint:containedctx // chromedp keeps its page in the context

	mu         sync.Mutex
	complaints []string
	asked      []string
}

// Open opens a page without access to anything but 127.0.0.1. It fails the test
// when no browser is installed: a skipped test proves nothing.
func Open(t testing.TB) *Page {
	t.Helper()
	return OpenFor(t, Patience)
}

// OpenFor is Open with another time limit, for a test that looks at many pages in one
// tab.
func OpenFor(t testing.TB, patience time.Duration) *Page {
	t.Helper()
	running, err := shared()
	require.NoError(t, err)
	ctx, closeTab := chromedp.NewContext(running, chromedp.WithNewBrowserContext())
	ctx, give := context.WithTimeout(ctx, patience)
	t.Cleanup(func() {
		give()
		closeTab()
	})
	return opened(t, ctx)
}

// Another opens another tab with the same cookies, storage and cache. It is closed when
// the test ends.
func (p *Page) Another(t testing.TB) *Page {
	t.Helper()
	ctx, closeTab := chromedp.NewContext(p.Context)
	t.Cleanup(closeTab)
	return opened(t, ctx)
}

// opened returns the tab of a context, which is opened with it.
func opened(t testing.TB, ctx context.Context) *Page { //nolint:revive // t is first in every helper
	t.Helper()
	p := &Page{Context: ctx}
	require.NoError(t, chromedp.Listen(ctx, p.record), "open a tab")
	_, err := chromedp.Call(ctx, network.Enable, network.EnableParams{})
	require.NoError(t, err)
	return p
}

// Complaints returns a copy of the page's errors and warnings so far, refusals by its
// content security policy included.
func (p *Page) Complaints() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string{}, p.complaints...)
}

// Asked returns the URLs that the page has requested so far, in order. data: URLs are
// left out, because they cause no request.
func (p *Page) Asked() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string{}, p.asked...)
}

// record collects an event of the browser. chromedp calls it from its own goroutine.
func (p *Page) record(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch event := event.(type) {
	case *log.EventEntryAdded:
		if event.Entry.Level == log.EntryLevelError || event.Entry.Level == log.EntryLevelWarning {
			p.complaints = append(p.complaints, fmt.Sprint(event.Entry.Source, ": ", event.Entry.Text, " ", event.Entry.URL))
		}
	case *runtime.EventExceptionThrown:
		p.complaints = append(p.complaints, event.ExceptionDetails.Text)
	case *network.EventRequestWillBeSent:
		if !strings.HasPrefix(event.Request.URL, "data:") {
			p.asked = append(p.asked, event.Request.URL)
		}
	}
}
