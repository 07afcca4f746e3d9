package screens_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/web/screens/store"
)

// TestList_isSeenAfterSignIn walks the whole way: no session, sign-in, the page that was
// asked for, and the view of it.
func TestList_isSeenAfterSignIn(t *testing.T) {
	h := newHouse(t)
	id := h.open(adam, merlin)
	b := h.visit()
	require.Equal(t, "/sign-in", b.get("/prisoner/A9109UD/non-associations").location())
	require.Equal(t, "/prisoner/A9109UD/non-associations", b.signIn("OFFICER_A").location())

	p := b.get("/prisoner/a9109ud/non-associations")
	require.Equal(t, http.StatusOK, p.Code)
	require.Equal(t, "Non-associations – Non-associations", p.text("title"))
	require.Equal(t, "Adam Example’s non-associations", p.text("h1"))
	require.Equal(t, "Adam Example’s open non-associations: Example A (HMP)", p.text("table#same caption"))
	require.Equal(t, 1, p.Find(`table#same tr[data-id="`+id.String()+`"]`).Length())
	require.Equal(t, "/prisoner/A9109UD/non-associations/"+id.String(), p.link("View details of Merlin Somerplumbs (D5678EF), 15/07/2026"))

	views := h.views(store.ViewFilter{Prisoner: merlin})
	require.Len(t, views, 1)
	require.Equal(t, store.PageList, views[0].Page)
	require.Equal(t, []domain.PrisonerNumber{adam}, views[0].Subjects)
	require.Equal(t, []domain.PrisonerNumber{merlin}, views[0].Shown)
	require.Equal(t, "OFFICER_A", views[0].UserName)
}
