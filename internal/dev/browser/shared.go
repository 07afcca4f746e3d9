package browser

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"nonassociations/internal/dev/reaper"
)

// One browser serves a test process: to start one costs more than most tests. It starts with
// the first test that opens a page.
var (
	shared = sync.OnceValues(startShared)
	stop   = func() {}
)

// Main is the tests of a package that looks for leaks. Its Run stops the browser
// after them. Without it the browser ends with the process, as it does after a panic.
type Main struct{ *testing.M }

// Run returns the exit code of the tests.
func (m Main) Run() int {
	defer func() { stop() }()
	return m.M.Run()
}

// startShared starts the browser of this process, and returns the context that tabs are
// opened in.
func startShared() (context.Context, error) {
	path, err := program()
	if err != nil {
		return nil, err
	}
	folder, err := reaper.Dir("", "nonassociations-browser-", `while [ -e "$1" ]; do rm -rf "$1"; sleep 0.1; done`)
	if err != nil {
		return nil, err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.UserDataDir(folder), chromedp.Env("TMPDIR="+folder), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-sync", true), chromedp.Flag("no-first-run", true), chromedp.Flag("disable-dev-shm-usage", true),
		// The resolver refuses all other names, so the test sees what a page loads from
		// elsewhere.
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"),
	)
	ctx, stopBrowser := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, stopTab := chromedp.NewContext(ctx)
	stop = func() {
		stopTab()
		stopBrowser()
	}
	// The browser ends with the context that it is started with, so that has no time limit.
	late := time.AfterFunc(Patience, stopBrowser)
	defer late.Stop()
	if err := chromedp.Do(ctx); err != nil {
		return nil, fmt.Errorf("start the browser: %w", err)
	}
	return ctx, nil
}

// program returns the path of the first browser on the PATH. Debian's headless shell draws
// no window, and needs half the time of a whole browser.
func program() (string, error) {
	for _, name := range []string{"chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("no browser: `make tools` installs one")
}
