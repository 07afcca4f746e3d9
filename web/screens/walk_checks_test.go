package screens_test

import (
	"net/http"
	"strings"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"
)

// controls is JavaScript: everything on the page that the Tab key must reach, in the order
// of the document. A group of radios is one stop: the chosen one, else the first.
const controls = `(() => {
	const all = [...document.querySelectorAll('a[href], button, input:not([type=hidden]), textarea, select, summary, [tabindex]')]
		.filter((e) => e.tabIndex >= 0 && !e.disabled && e.checkVisibility({visibilityProperty: true}))
	return all.filter((e) => {
		if (e.type !== 'radio') return true
		const group = all.filter((o) => o.type === 'radio' && o.name === e.name && o.form === e.form)
		return e === (group.find((o) => o.checked) || group[0])
	})
})()`

// keyboard is JavaScript that writes down where the focus goes. Each control must look
// different while it has the focus. The Tab key begins before everything.
const keyboard = `(() => {
	const look = (e) => {
		const parts = [[e], [e.nextElementSibling || e, '::before']]
		return JSON.stringify(parts.map((p) => {
			const s = getComputedStyle(...p)
			return [s.outlineStyle, s.outlineWidth, s.boxShadow, s.backgroundColor, s.borderTopWidth, s.borderTopWidth === '0px' || s.borderTopColor]
		}))
	}
	const name = (e) => e.tagName + ' ' + (e.id || e.getAttribute('href') || e.textContent.trim().slice(0, 40))
	const all = ` + controls + `
	const before = new Map(all.map((e) => [e, look(e)]))
	window.walk = {want: all.map(name), got: [], unseen: []}
	document.addEventListener('focusin', ({target}) => {
		if (target.id === 'walk-start') return
		window.walk.got.push(name(target))
		const box = target.getBoundingClientRect()
		if (look(target) === before.get(target) || box.bottom < 0 || box.top > innerHeight) window.walk.unseen.push(name(target))
	})
	const start = document.createElement('button')
	start.id = 'walk-start'
	document.body.prepend(start)
	start.focus()
	return all.length
})()`

// lookByKeyboard presses Tab through the page.
func (b *tab) lookByKeyboard(s state) {
	b.t.Helper()
	for range eval[int](b, keyboard) {
		b.do(chromedp.KeyEvent(kb.Tab))
	}
	type stops struct{ Want, Got, Unseen []string }
	found := eval[stops](b, `window.walk`)
	b.checkf(strings.Join(found.Want, "\n") == strings.Join(found.Got, "\n"), s, "the Tab key reaches\n%s\nand not\n%s", strings.Join(found.Got, "\n"), strings.Join(found.Want, "\n"))
	b.checkf(len(found.Unseen) == 0, s, "the focus is not seen on %v", found.Unseen)
	b.checkf(len(found.Got) > 0 && found.Got[0] == "A #main-content", s, "the skip link is not first")
	b.do(chromedp.Evaluate[chromedp.Void](`document.getElementById('walk-start').focus()`), chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(kb.Enter))
	b.checkf(eval[string](b, `document.activeElement.id`) == "main-content", s, "the skip link leads nowhere")
	b.do(chromedp.Evaluate[chromedp.Void](`document.getElementById('walk-start').remove(), document.activeElement.blur(), scrollTo(0, 0)`))
}

// lookAtPrint: what only works on a screen is not printed, and each page of a user has the
// line that says who printed it.
func (b *tab) lookAtPrint(s state) {
	b.t.Helper()
	b.media("print")
	shown := eval[[]string](b, `['.govuk-skip-link', 'header', 'footer', '.govuk-breadcrumbs', 'nav', 'button', 'a[role=button]', '#signing-out']
		.filter((s) => [...document.querySelectorAll(s)].some((e) => e.checkVisibility()))`)
	b.checkf(len(shown) == 0, s, "%v are printed", shown)
	b.checkf(eval[bool](b, `document.querySelector('h1').checkVisibility()`), s, "the heading is not printed")
	if s.user != "" && s.code() != http.StatusUnauthorized {
		line := eval[string](b, `[...document.querySelectorAll('.app-print-line')].filter((e) => e.checkVisibility()).map((e) => e.textContent).join()`)
		b.checkf(strings.HasPrefix(line, "Official sensitive – printed by "+s.user+" on "), s, "the printed line is %q", line)
	}
	b.media("")
}

// media has the page drawn as for a printer, or as for the screen again.
func (b *tab) media(kind string) {
	b.t.Helper()
	_, err := chromedp.Call(b.page.Context, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: kind})
	require.NoError(b.t, err)
}

// lookForSidewaysScroll: at 320 px tables scroll in panes of their own, and the page does
// not.
func (b *tab) lookForSidewaysScroll(s state) {
	b.t.Helper()
	width := eval[int](b, `document.documentElement.scrollWidth`)
	wider := eval[[]string](b, `[...document.querySelectorAll('body *')].filter((e) => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('.moj-scrollable-pane, [role=region]'))
		.slice(0, 3).map((e) => e.outerHTML.slice(0, 100))`)
	b.checkf(width <= narrow, s, "the page is %d px wide: %v", width, wider)
}

// lookForCutTables: at 1280 px each table is seen whole, but for a dossier, which has a
// column for each field.
func (b *tab) lookForCutTables(s state) {
	b.t.Helper()
	if s.title == "Pair" {
		return
	}
	cut := eval[[]string](b, `[...document.querySelectorAll('.moj-scrollable-pane')].filter((e) => e.scrollWidth > e.clientWidth)
		.map((e) => e.getAttribute('aria-label') + ': ' + e.scrollWidth + ' of ' + e.clientWidth + ' px')`)
	b.checkf(len(cut) == 0, s, "cut: %v", cut)
}

// seen is JavaScript: what a user can press, choose and fill.
const seen = controls + `.map((e) => [e.tagName, e.type || '', e.name || '', e.value && e.type !== 'textarea' ? e.value : '', e.tagName === 'A' || e.tagName === 'BUTTON' ? e.textContent.trim().replace(/\s+/g, ' ') : ''].join(' '))`

// lookWithoutScripts asks for the page again, without JavaScript: nothing that can be
// pressed, chosen or filled is missing.
func (b *tab) lookWithoutScripts(s state) {
	b.t.Helper()
	with := eval[[]string](b, seen)
	b.scripts(false)
	b.to(s.path)
	without := eval[[]string](b, seen)
	b.checkf(strings.Join(with, "\n") == strings.Join(without, "\n"), s, "without scripts there is\n%s\nand not\n%s", strings.Join(without, "\n"), strings.Join(with, "\n"))
	b.checkf(len(without) > 0, s, "without scripts nothing can be pressed")
	b.scripts(true)
}

// scripts lets the page run JavaScript, or not.
func (b *tab) scripts(run bool) {
	b.t.Helper()
	_, err := chromedp.Call(b.page.Context, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !run})
	require.NoError(b.t, err)
}
