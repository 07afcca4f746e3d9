package screens_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	chromium "nonassociations/internal/dev/browser"
)

// TestFlows_inABrowser walks each flow once, in one real browser.
func TestFlows_inABrowser(t *testing.T) {
	t.Parallel()
	w, opened := newWalker(t), chromium.OpenFor(t, 5*time.Minute)
	for _, flow := range []struct {
		name string
		walk func(b *tab)
	}{
		{"sign in and add by mouse", addsByMouse},
		{"add by keyboard alone", addsByKeyboard},
		{"add without scripts", addsWithoutScripts},
		{"a double press saves once", savesOnce},
		{"back and edit", goesBackAndEdits},
		{"two tabs", usesTwoTabs},
		{"a stale form", sendsAStaleForm},
		{"the session ends while typing", typesTooLong},
		{"errors", makesErrors},
		{"the counter", counts},
		{"stay signed in", staysSignedIn},
	} {
		t.Run(flow.name, func(t *testing.T) {
			clear(w.sessions)
			b := &tab{walker: w, t: t, page: opened, heard: len(opened.Complaints()), asked: len(opened.Asked())}
			b.do(chromedp.EmulateViewport(wide, 1000))
			flow.walk(b)
			b.hush()
		})
	}
}

const (
	save      = "main form button"
	savedWord = "The non-association has been added to each prisoner’s profile"
)

// addsByMouse signs in as a user does, and adds a record from the first page on.
func addsByMouse(b *tab) {
	b.enter("")
	b.navigate(chromedp.Navigate(b.server.URL + "/"))
	require.Equal(b.t, "Choose who you are", b.read("h1"))
	b.click(`button[value=OFFICER_A]`)
	require.Equal(b.t, "Keep prisoners apart", b.read("h1"))
	b.write("#search-q", "doe")
	b.click("main form button")
	b.speaks("search")
	b.click("#results a")
	require.Equal(b.t, ofJohn, b.path())
	b.click(`a[href$="/add/search-prisoner"]`)
	b.write("#search-q", "Somerplumbs")
	b.click("main form button")
	b.click("#results a")
	b.speaks("add")
	facts := b.facts()
	b.fill("They fight")
	require.Equal(b.t, http.StatusSeeOther, redirected(b.click(save)))
	require.Contains(b.t, b.read("#saved"), savedWord)
	require.Equal(b.t, facts+1, b.facts())
	require.Equal(b.t, "saved", eval[string](b, `document.activeElement.id`), "what was saved is read first")
	b.speaks("saved")
}

// redirected takes the status of the page that a redirect led to.
func redirected(status int) int {
	if status == http.StatusOK {
		return http.StatusSeeOther
	}
	return status
}

// addsByKeyboard adds a record without a mouse.
func addsByKeyboard(b *tab) {
	b.enter("OFFICER_A")
	b.to(ofJohn)
	b.tabTo(".govuk-skip-link")
	b.do(chromedp.KeyEvent(kb.Enter))
	b.tabTo(`a[href$="/add/search-prisoner"]`)
	b.navigate(chromedp.KeyEvent(kb.Enter))
	b.tabTo("#search-q")
	b.do(chromedp.KeyEvent("otto"))
	b.do(chromedp.KeyEvent(kb.Shift))
	b.tabTo("main form button")
	b.navigate(chromedp.KeyEvent(kb.Enter))
	require.Contains(b.t, b.read("main p"), "0 results found for “otto”.", "he is in another prison")
	b.tabTo("[name=scope]:checked")
	b.do(chromedp.KeyEvent(kb.ArrowDown))
	b.tabTo("#search-q")
	b.do(chromedp.KeyEvent(" elsewhere"), chromedp.Evaluate[chromedp.Void](`document.activeElement.select()`), chromedp.KeyEvent("elsewhere"))
	b.navigate(chromedp.KeyEvent(kb.Enter))
	b.tabTo("#results a")
	b.navigate(chromedp.KeyEvent(kb.Enter))
	facts := b.facts()
	for _, choice := range []string{"reason", "prisonerRole", "otherPrisonerRole", "restrictionType"} {
		b.tabTo("[name=" + choice + "]")
		b.do(chromedp.KeyEvent(" "), chromedp.KeyEvent(kb.ArrowDown))
	}
	b.tabTo("textarea")
	b.do(chromedp.KeyEvent("Typed without a mouse"))
	b.tabTo(save)
	b.navigate(chromedp.KeyEvent(kb.Enter))
	require.Contains(b.t, b.read("#saved"), savedWord)
	require.Contains(b.t, b.read("#details"), "Gang related", "the second choice")
	require.Equal(b.t, facts+1, b.facts())
	b.tabTo("#saved a")
	b.navigate(chromedp.KeyEvent(kb.Enter))
	require.Equal(b.t, ofJohn, b.path())
}

// addsWithoutScripts adds a record in a browser that runs none.
func addsWithoutScripts(b *tab) {
	b.enter("OFFICER_A")
	b.scripts(false)
	b.to("/prisoner/A1111AA/non-associations")
	b.click(`a[href$="/add/search-prisoner"]`)
	b.write("#search-q", "sample")
	b.click("main form button")
	require.Equal(b.t, 200, b.click("#results a"))
	b.to("/prisoner/A1111AA/non-associations/add/with-prisoner/A9109UD")
	require.Equal(b.t, http.StatusBadRequest, b.click(save))
	require.Contains(b.t, b.read(".govuk-error-summary"), "Enter a comment")
	facts := b.facts()
	b.fill("Without scripts")
	// Nothing hinders the second press.
	b.navigate(chromedp.DoubleClick(chromedp.CSS(save)))
	require.Contains(b.t, b.read("#saved"), savedWord)
	require.Equal(b.t, facts+1, b.facts())
	b.scripts(true)
}

// savesOnce presses Save twice at once.
func savesOnce(b *tab) {
	b.enter("OFFICER_A")
	facts := b.facts()
	b.to("/prisoner/A2222AA/non-associations/add/with-prisoner/A9109UD")
	b.fill("Pressed twice")
	b.navigate(chromedp.DoubleClick(chromedp.CSS(save)))
	require.Contains(b.t, b.read("#saved"), savedWord)
	require.Equal(b.t, facts+1, b.facts())
}

// goesBackAndEdits saves, goes back, and saves something else.
func goesBackAndEdits(b *tab) {
	b.enter("OFFICER_A")
	b.to(ofBert + "/" + b.ids["forms"].String() + "/update")
	key := eval[string](b, `document.querySelector('[name=key]').value`)
	b.write("textarea", "The first comment")
	b.click(save)
	require.Contains(b.t, b.read("#saved"), "updated")
	b.do(chromedp.NavigateBack())
	require.NotEqual(b.t, key, eval[string](b, `document.querySelector('[name=key]').value`), "the form is fetched anew")
	facts := b.facts()
	require.Equal(b.t, http.StatusBadRequest, b.click(save), "the same comment again")
	require.Equal(b.t, "Error: Enter non-association details – Non-associations", eval[string](b, `document.title`))
	b.write("textarea", "The second comment")
	b.click(save)
	require.Contains(b.t, b.read("#saved"), "updated")
	require.Contains(b.t, b.read("#details"), "The second comment")
	require.Equal(b.t, facts+1, b.facts())
}

// usesTwoTabs opens a form twice, and saves both.
func usesTwoTabs(b *tab) {
	b.enter("OFFICER_A")
	path := ofBert + "/" + b.ids["forms"].String() + "/update"
	other := &tab{walker: b.walker, t: b.t, page: b.page.Another(b.t)}
	b.to(path)
	other.to(path)
	other.choose("restrictionType", "CELL")
	other.write("textarea", "From the other tab")
	other.click(save)
	require.Contains(b.t, other.read("#saved"), "updated")
	other.hush()
	facts := b.facts()
	b.write("textarea", "From this tab")
	require.Equal(b.t, http.StatusConflict, b.click(save))
	require.Equal(b.t, "Somebody changed this since you opened it", b.read("h1"))
	require.Equal(b.t, "From this tab", eval[string](b, `document.querySelector('textarea').value`))
	require.Equal(b.t, facts, b.facts())
	b.speaks("conflict")
	require.Equal(b.t, "_blank", eval[string](b, `document.querySelector('.govuk-breadcrumbs a').target`), "following a link loses nothing")
	b.click(save)
	require.Contains(b.t, b.read("#saved"), "updated")
	require.Contains(b.t, b.read("#details"), "From this tab")
	require.Equal(b.t, facts+1, b.facts())
}

// sendsAStaleForm closes what somebody else has closed meanwhile.
func sendsAStaleForm(b *tab) {
	b.enter("OFFICER_A")
	b.to(ofBert + "/" + b.ids["turns"].String() + "/close")
	b.execute(bert, rex, "OFFICER_B", domain.Close{ID: b.ids["turns"], ClosedReason: "Closed in between"})
	facts := b.facts()
	b.write("textarea", "They get on")
	require.Equal(b.t, http.StatusConflict, b.click(save))
	require.Contains(b.t, b.read("main"), "Closed by OFFICER_B on 15 July 2026 at 14:00.")
	require.Contains(b.t, b.read("#typed"), "They get on")
	require.Zero(b.t, eval[int](b, `document.querySelectorAll('main form').length`))
	require.Equal(b.t, facts, b.facts())
}

// typesTooLong has its session end while it types.
func typesTooLong(b *tab) {
	b.enter("OFFICER_A")
	b.to("/prisoner/A2222AA/non-associations/add/with-prisoner/D5678EF")
	b.fill("Typed for more than an hour")
	b.pass(61 * time.Minute)
	facts := b.facts()
	require.Equal(b.t, http.StatusUnauthorized, b.click(save))
	require.Equal(b.t, "You have been signed out", b.read("h1"))
	b.speaks("signed-out")
	b.click(`main a[href="/sign-in"]`)
	b.click(`button[value=OFFICER_A]`)
	require.Equal(b.t, "Non-association details", b.read("h1"))
	require.Contains(b.t, b.read("#warning"), "You were signed out. Nothing was saved yet.")
	require.Equal(b.t, "Typed for more than an hour", eval[string](b, `document.querySelector('textarea').value`))
	require.Equal(b.t, "LANDING", eval[string](b, `document.querySelector('[name=restrictionType]:checked').value`))
	require.Equal(b.t, facts, b.facts())
	b.click(save)
	require.Contains(b.t, b.read("#saved"), savedWord)
	require.Equal(b.t, facts+1, b.facts())
}

// makesErrors sends an empty form, and follows each link of the summary.
func makesErrors(b *tab) {
	b.enter("OFFICER_A")
	b.to("/prisoner/A6666AA/non-associations/add/with-prisoner/D5678EF")
	require.Equal(b.t, http.StatusBadRequest, b.click(save))
	require.Equal(b.t, "govuk-error-summary", eval[string](b, `document.activeElement.className`))
	b.speaks("errors")
	for _, first := range []string{"add-reason", "add-prisonerRole", "add-otherPrisonerRole", "add-restrictionType", "add-comment"} {
		b.do(chromedp.Click(chromedp.CSS(`.govuk-error-summary a[href="#` + first + `"]`)))
		require.Equal(b.t, first, eval[string](b, `document.activeElement.id`))
	}
}

// counts types as much as a comment may have, and one letter more. An emoji counts twice,
// white space around not at all.
func counts(b *tab) {
	b.enter("OFFICER_A")
	b.to("/prisoner/A1111AA/non-associations/add/with-prisoner/D5678EF")
	const message = `document.querySelector('.govuk-character-count__message[aria-hidden]').textContent`
	for _, c := range []struct {
		text   string
		says   string
		status int
	}{
		{`'  \n' + 'x'.repeat(239) + '😀'`, "You have 1 character too many", http.StatusBadRequest},
		{`'  \n' + 'x'.repeat(238) + '😀 \n'`, "You have 0 characters remaining", http.StatusOK},
	} {
		for name, values := range details() {
			if name != "comment" {
				b.choose(name, values[0])
			}
		}
		b.do(chromedp.Evaluate[chromedp.Void](`(() => {
			const area = document.querySelector('textarea')
			area.value = ` + c.text + `
			area.dispatchEvent(new Event('input'))
		})()`))
		require.Equal(b.t, c.says, eval[string](b, message))
		require.Equal(b.t, c.status, b.click(save), c.says)
	}
}
