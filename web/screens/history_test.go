package screens_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/web/screens/store"
)

const historyOfAdam = "/prisoner/A9109UD/non-associations/history"

func TestHistory_hasEveryRecordAndMerge(t *testing.T) {
	h := newHouse(t)
	first := h.open(adam, merlin)
	second := h.open(adam, bert)
	h.execute(adam, bert, "MANAGER_A", domain.Delete{ID: second, DeletionReason: "Mistake", RequestedBy: "BOSS"})
	h.merge(merlin, otto)
	p := h.signIn("OFFICER_A").get(historyOfAdam)
	require.Equal(t, http.StatusOK, p.Code, p.Text)
	require.Equal(t, "History – Non-associations", p.text("title"))
	require.Equal(t, "History of Adam Example’s non-associations", p.text("h1"))
	require.Equal(t, []string{"Prisoner number changed", "Deleted", "Added", "Added"}, p.all("ol#timeline h3"))
	entries := p.Find("ol#timeline > li")
	require.Contains(t, words(entries.Eq(0)), "with Otto Elsewhere (A3333AA)")
	require.Contains(t, words(entries.Eq(0)), "D5678EF is now A3333AA.")
	require.Contains(t, words(entries.Eq(1)), "by MANAGER_A")
	require.Contains(t, words(entries.Eq(1)), "Mistake")
	require.Contains(t, words(entries.Eq(1)), "Asked for by BOSS")
	require.Zero(t, entries.Eq(1).Find("a").Length())
	require.Equal(t, "/prisoner/A9109UD/non-associations/"+first.String(), entries.Eq(0).Find("a").AttrOr("href", ""))
	require.Equal(t, "View details of Otto Elsewhere (A3333AA), 15/07/2026", words(entries.Eq(0).Find("a")))
	views := h.views(store.ViewFilter{Prisoner: otto})
	require.Len(t, views, 1)
	require.Equal(t, store.PageHistory, views[0].Page)
	require.Equal(t, []domain.PrisonerNumber{adam}, views[0].Subjects)
	require.Equal(t, []domain.PrisonerNumber{bert, otto, merlin}, views[0].Shown)
}

func TestAsOf_isTheListAsItWas(t *testing.T) {
	h := newHouse(t)
	id := h.open(adam, merlin)
	p := h.signIn("OFFICER_A").get(historyOfAdam + "?trueAt=2026-07-15&knownAt=")
	require.Equal(t, http.StatusOK, p.Code, p.Text)
	require.Equal(t, "You are viewing records as they were at the end of 15 July 2026, as known on 15 July 2026 at 13:00.", p.text("#as-of"))
	require.Equal(t, 1, p.Find(`table#as-of-list tr[data-id="`+id.String()+`"]`).Length())
	require.Equal(t, historyOfAdam, p.link("Return to now"))
	require.Equal(t, store.PageAsOf, h.views(store.ViewFilter{Prisoner: adam})[0].Page)
}
