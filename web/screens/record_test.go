package screens_test

import (
	"net/http"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/web/screens/store"
)

// details returns the rows of a record page by their names.
func (p *page) details() map[string]string {
	rows := map[string]string{}
	p.Find("dl#details > div").Each(func(_ int, row *goquery.Selection) {
		rows[words(row.Find("dt"))] = words(row.Find("dd"))
	})
	return rows
}

func TestRecord_showsEverythingKnown(t *testing.T) {
	h := newHouse(t)
	id := h.open(adam, merlin)
	b := h.signIn("OFFICER_A")
	path := "/prisoner/A9109UD/non-associations/" + id.String()
	p := b.get(path)
	require.Equal(t, http.StatusOK, p.Code, p.Text)
	require.Equal(t, "Non-association details – Non-associations", p.text("title"))
	require.Equal(t, "Non-association: Adam Example and Merlin Somerplumbs", p.text("h1"))
	require.Equal(t, map[string]string{
		"Reason": "Bullying", "Adam Example’s role": "Victim", "Merlin Somerplumbs’ role": "Perpetrator",
		"Where to keep apart": "Cell, landing and wing", "Comments": "Keep them apart", "Added": "15 July 2026 by OFFICER_A",
		"Last updated": "15 July 2026 by OFFICER_A", "NOMIS": "Not in NOMIS yet (since 15 July 2026 at 13:00)",
	}, p.details())
	require.Equal(t, path+"/update", p.button("Update"))
	require.Equal(t, path+"/close", p.button("Close"))
	require.Equal(t, "", p.button("Reopen"))
	require.Equal(t, "", p.button("Delete"))
	require.Equal(t, "/prisoner/A9109UD/non-associations", p.link("Return to Adam Example’s non-associations"))
	require.Equal(t, 1, p.Find("ol#timeline > li[data-event-id]").Length())
	require.Equal(t, "Added", p.text("ol#timeline h3"))
	views := h.views(store.ViewFilter{Prisoner: merlin})
	require.Len(t, views, 1)
	require.Equal(t, store.PageRecord, views[0].Page)
	require.Equal(t, []domain.PrisonerNumber{adam, merlin}, views[0].Subjects)
	require.Empty(t, views[0].Shown)
}
