package screens_test

import (
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"
)

// hush checks what the browser complained of: of nothing but the status of a page that a
// form was answered with.
func (b *tab) hush() {
	b.t.Helper()
	for _, complaint := range b.page.Complaints()[b.heard:] {
		require.Regexp(b.t, `the server responded with a status of (400|401|404|409|503)`, complaint)
	}
}

// click presses the mouse on something that leads to another page, and returns the status.
func (b *tab) click(selector string) int {
	b.t.Helper()
	return b.navigate(chromedp.Click(chromedp.CSS(selector)))
}

// choose presses the mouse on the label of a choice.
func (b *tab) choose(name, value string) {
	b.t.Helper()
	b.do(chromedp.Click(chromedp.CSS(`input[name="` + name + `"][value="` + value + `"] + label`)))
}

// write types into a field, in the place of what it has.
func (b *tab) write(selector, text string) {
	b.t.Helper()
	b.do(chromedp.Focus(chromedp.CSS(selector)), chromedp.Evaluate[chromedp.Void](`document.activeElement.select()`), chromedp.KeyEvent(text))
}

// fill fills an add form by mouse.
func (b *tab) fill(comment string) {
	b.t.Helper()
	for name, values := range details() {
		if name != "comment" {
			b.choose(name, values[0])
		}
	}
	b.write("textarea", comment)
}

// read returns the words of what a selector finds.
func (b *tab) read(selector string) string {
	b.t.Helper()
	return eval[string](b, `[...document.querySelectorAll('`+selector+`')].map((e) => e.innerText.trim().replace(/\s+/g, ' ')).join('|')`)
}

// path returns the path of the page.
func (b *tab) path() string {
	b.t.Helper()
	return eval[string](b, `location.pathname`)
}

// tabTo presses Tab until something has the focus.
func (b *tab) tabTo(selector string) {
	b.t.Helper()
	for range 100 {
		b.do(chromedp.KeyEvent(kb.Tab))
		if eval[bool](b, `document.activeElement.matches('`+selector+`')`) {
			return
		}
	}
	require.Fail(b.t, "Tab never reaches "+selector)
}
