package screens_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/web/screens/store"
)

const historyOfAdam = adamsList + "/history"

// TestHistory_hasEveryRecordAndMerge also of what was deleted.
func TestHistory_hasEveryRecordAndMerge(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	first := h.open(adam, merlin)
	h.pass(time.Minute)
	second := h.open(adam, bert)
	h.execute(adam, bert, "MANAGER_A", domain.Delete{ID: second, DeletionReason: "Mistake", RequestedBy: "BOSS"})
	h.merge(merlin, otto)
	h.open(john, bert)
	b := h.signIn("OFFICER_A")
	p := b.get("/prisoner/a9109ud/non-associations/history")
	require.Equal(t, http.StatusOK, p.Code, p.Text)
	require.Equal(t, "History – Non-associations", p.text("title"))
	require.Equal(t, "History of Adam Example’s non-associations", p.text("h1"))
	require.Equal(t, []string{"Prisoner number changed", "Deleted", "Added", "Added"}, p.all("ol#timeline h3"))
	entries := p.Find("ol#timeline > li[data-event-id]")
	require.Contains(t, words(entries.Eq(0)), "with Otto Elsewhere (A3333AA)")
	require.Contains(t, words(entries.Eq(0)), "D5678EF is now A3333AA.")
	require.Contains(t, words(entries.Eq(1)), "by MANAGER_A")
	require.Contains(t, words(entries.Eq(1)), "with Bertram Sample (A0135GA)")
	require.Contains(t, words(entries.Eq(1)), "Mistake")
	require.Contains(t, words(entries.Eq(1)), "Asked for by BOSS")
	require.Contains(t, words(entries.Eq(3)), "with Merlin Somerplumbs (D5678EF)", "the number of that time")
	require.Zero(t, entries.Eq(1).Find("a").Length(), "what was deleted has no page")
	require.Zero(t, entries.Eq(2).Find("a").Length(), "nor before it was deleted")
	require.Equal(t, adamsList+"/"+first.String(), entries.Eq(0).Find("a").AttrOr("href", ""))
	require.Equal(t, "View details of Otto Elsewhere (A3333AA), 15/07/2026", words(entries.Eq(0).Find("a")))
	require.Equal(t, http.StatusOK, b.get(entries.Eq(3).Find("a").AttrOr("href", "")).Code)
	require.Equal(t, adamsList, p.link("Return to Adam Example’s non-associations"))
	require.NotEmpty(t, p.Header.Get("X-Position"))

	views := h.views(store.ViewFilter{Prisoner: bert})
	require.Len(t, views, 1)
	require.Equal(t, store.PageHistory, views[0].Page)
	require.Equal(t, []domain.PrisonerNumber{adam}, views[0].Subjects)
	require.Equal(t, []domain.PrisonerNumber{bert, otto, merlin}, views[0].Shown)
	require.Equal(t, historyOfAdam, b.get(adamsList).link("History"))
}

// TestHistory_hasMergesOfTheNumber and leads a removed number to the one that survives.
func TestHistory_hasMergesOfTheNumber(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	message := h.merge(merlin, otto)
	b := h.signIn("OFFICER_A")
	to := b.get("/prisoner/D5678EF/non-associations/history").location()
	require.Equal(t, "/prisoner/A3333AA/non-associations/history?merged=D5678EF", to)
	p := b.get(to)
	require.Equal(t, "D5678EF is now A3333AA.", p.text("#warning .moj-alert__content"))
	require.Equal(t, []string{"Prisoner numbers merged"}, p.all("ol#timeline h3"))
	require.Contains(t, p.entries()[0], "with Merlin Somerplumbs (D5678EF)")
	require.Contains(t, p.entries()[0], "by MERGER Merge")
	require.Zero(t, p.Find("ol#timeline a").Length(), "a merge has no page")

	h.pass(time.Minute)
	h.unmerge(message)
	p = b.get("/prisoner/D5678EF/non-associations/history?merged=A3333AA")
	require.Equal(t, http.StatusOK, p.Code)
	require.Zero(t, p.Find("#warning").Length())
	require.Equal(t, []string{"Merge taken back", "Prisoner numbers merged"}, p.all("ol#timeline h3"))
	require.Contains(t, p.entries()[0], "They are two men")
	require.Contains(t, p.entries()[0], "D5678EF is no longer A3333AA.")
}

// TestHistory_ofNobodyIsEmpty and has the form all the same.
func TestHistory_ofNobodyIsEmpty(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := h.signIn("READER_A").get("/prisoner/A1111AA/non-associations/history")
	require.Equal(t, http.StatusOK, p.Code)
	require.Contains(t, p.text("main"), "Nothing is recorded.")
	require.Equal(t, 1, p.Find("#as-of-trueAt").Length())
	require.Zero(t, p.Find("main a").FilterFunction(isNamed("Return to now")).Length(), "this is now")
	require.Equal(t, "True at", p.text("label[for=as-of-trueAt]"))
	require.Equal(t, "Known at", p.text("label[for=as-of-knownAt]"))
	require.Equal(t, []string{"For example, 2023-07-01 or 2023-07-01 09:00", "For example, 2023-07-01 or 2023-07-01 09:00"}, p.all("main .govuk-hint"))
	require.Equal(t, "Show", p.text("main form button"))
	require.Equal(t, "get", p.Find("main form").AttrOr("method", ""))
}

// TestHistory_withoutTheDirectoryHasNumbers and links to every record.
func TestHistory_withoutTheDirectoryHasNumbers(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.open(adam, merlin)
	h.directory.Down(true)
	b := h.signIn("OFFICER_A")
	for _, query := range []string{"", "?knownAt=2026-07-15"} {
		p := b.get(historyOfAdam + query)
		require.Equal(t, http.StatusOK, p.Code)
		require.Equal(t, "History of A9109UD’s non-associations", p.text("h1"))
		require.Equal(t, noNames, p.text("#warning .moj-alert__content"))
		require.Contains(t, p.text("main"), "D5678EF")
	}
	require.Contains(t, b.get(historyOfAdam).entries()[0], "with D5678EF")
}

// TestHistory_readsTheWholeLog or is not shown: a list of streams that is behind would
// silently omit some.
func TestHistory_readsTheWholeLog(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.open(adam, merlin)
	b := h.signIn("OFFICER_A")
	require.NoError(t, h.stopReading())
	h.writes(adam, bert)
	for _, query := range []string{"", "?trueAt=2026-07-15"} {
		p := b.get(historyOfAdam + query)
		require.Equal(t, http.StatusServiceUnavailable, p.Code, query)
		require.Empty(t, p.entries())
	}
	views := h.views(store.ViewFilter{Prisoner: adam})
	require.Len(t, views, 2)
	require.ElementsMatch(t, []store.Page{store.PageAsOf, store.PageHistory}, []store.Page{views[0].Page, views[1].Page})
}

// TestHistory_isEscaped whatever was typed or told.
func TestHistory_isEscaped(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	const hostile = `"><script>alert(1)</script><img src=x onerror=alert(1)>{{.}}`
	id := h.open(adam, merlin, func(o *domain.Open) { o.Comment = hostile })
	comment := hostile + "2"
	h.execute(adam, merlin, hostile, domain.Amend{ID: id, Comment: &comment})
	h.execute(adam, merlin, "OFFICER_A", domain.Close{ID: id, ClosedReason: hostile})
	h.execute(adam, merlin, "OFFICER_A", domain.Reopen{ID: id, ReopenReason: hostile})
	h.tell(domain.NOMIS, adam, bert, item(adam, bert, func(i *domain.Item) { i.Comment, i.AuthorisedBy = &comment, &comment }))
	b := h.signIn("OFFICER_A")
	for _, path := range []string{adamsList, historyOfAdam, historyOfAdam + "?trueAt=2026-07-15", adamsList + "/" + id.String()} {
		p := b.get(path)
		require.Equal(t, http.StatusOK, p.Code)
		require.NotContains(t, p.Text, "<img src=x", path)
		require.NotContains(t, p.Text, "<script>alert", path)
	}
	require.Equal(t, 2, strings.Count(b.get(historyOfAdam).text("ol#timeline"), "was "+hostile+" now "+hostile+"2")+strings.Count(b.get(adamsList+"/"+id.String()).text("ol#timeline"), "was "+hostile+" now "+hostile+"2"))
}
