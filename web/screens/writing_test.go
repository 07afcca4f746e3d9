package screens_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/web/screens"
	"nonassociations/web/screens/store"
)

func TestAdd_isDrawnAndSaved(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := h.signIn("OFFICER_A")
	p := b.get(addPath)
	require.Equal(t, http.StatusOK, p.Code, p.Text)
	require.Equal(t, "Enter non-association details – Non-associations", p.text("title"))
	require.Equal(t, "Non-association details", p.text("h1"))
	require.Equal(t, []string{"Reason", "Adam Example’s role", "Merlin Somerplumbs’ role", "Where to keep these prisoners apart"}, p.texts("main legend"))
	require.Equal(t, []string{"Bullying", "Gang related", "Organised crime", "Police or legal request", "Threat", "Violence", "Other"}, p.texts("input[name=reason] ~ label"))
	require.Equal(t, []string{"Victim", "Perpetrator", "Not relevant", "Unknown"}, p.texts("input[name=otherPrisonerRole] ~ label"))
	require.Equal(t, []string{"Cell only", "Cell and landing", "Cell, landing and wing"}, p.texts("input[name=restrictionType] ~ label"))
	require.Equal(t, "240", p.Find("[data-module=govuk-character-count]").AttrOr("data-maxlength", ""))
	require.Equal(t, "Next", p.text("form h2"))
	require.Contains(t, p.text("form"), "By saving these details, you confirm that, to the best of your knowledge, the information you have provided is correct. You can return and update the non-association later.")
	require.Equal(t, "Save", p.text("form button"))
	require.Equal(t, "true", p.Find("form button").AttrOr("data-prevent-double-click", ""))
	require.Equal(t, listPath, p.link("Cancel"))
	require.Zero(t, p.Find("#closed-before, #warning, input[checked]").Length())

	before := h.facts()
	sent := b.post(addPath, p.form("main form", details()))
	n := h.record(sent.savedAs("added"))
	require.Equal(t, domain.GangRelated, n.Reason)
	require.Equal(t, domain.Landing, n.Restriction)
	require.Equal(t, adam, n.FirstPrisoner)
	require.Equal(t, domain.Victim, n.Sides[adam].Role)
	require.Equal(t, domain.Perpetrator, n.Sides[merlin].Role)
	require.Equal(t, "They fight", *n.Comment)
	require.Equal(t, "OFFICER_A", *n.AuthorisedBy)
	require.Equal(t, before+1, h.facts())

	views := h.views(store.ViewFilter{Prisoner: merlin})
	require.Len(t, views, 1, "a redirect shows nobody")
	require.Equal(t, store.PageAdd, views[0].Page)
	require.Equal(t, []domain.PrisonerNumber{adam, merlin}, views[0].Subjects)
}

func TestAdd_isSeenFromTheOtherSide(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := h.signIn("OFFICER_A").submit("/prisoner/d5678ef/non-associations/add/with-prisoner/a9109ud", details())
	require.Contains(t, p.location(), "/prisoner/D5678EF/non-associations/")
	h.settle()
	found, err := h.reads.OfPrisoner(t.Context(), adam, 0)
	require.NoError(t, err)
	require.Len(t, found.Records, 1)
	require.Equal(t, merlin, found.Records[0].NonAssociation.FirstPrisoner)
	require.Equal(t, domain.Victim, found.Records[0].NonAssociation.Sides[merlin].Role)
}

func TestAdd_showsTheClosedRecordsOfThePair(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	closed := h.open(adam, merlin)
	h.close(closed, "OFFICER_B")
	h.open(adam, john)
	p := h.signIn("OFFICER_A").get(addPath)
	require.Equal(t, 1, p.Find("table#closed-before tbody tr").Length())
	require.Contains(t, p.text(`table#closed-before tr[data-id="`+closed.String()+`"]`), "It is over")
	require.Equal(t, listPath+"/"+closed.String(), p.link("View details of Merlin Somerplumbs (D5678EF), 15/07/2026"))
	require.Zero(t, p.Find("#warning").Length())
}

func TestUpdate_beginsWithTheStoredValues(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id := h.open(merlin, adam, func(o *domain.Open) { o.Comment = "line 1\nline 2" }) // merlin is named first, and the victim
	b := h.signIn("OFFICER_A")
	p := b.get(pathTo("update", id))
	require.Equal(t, http.StatusOK, p.Code, p.Text)
	require.Equal(t, "Enter non-association details – Non-associations", p.text("title"))
	require.Equal(t, "Non-association details", p.text("h1"))
	fields := p.form("main form", nil)
	require.Equal(t, "BULLYING", fields.Get("reason"))
	require.Equal(t, "PERPETRATOR", fields.Get("prisonerRole"))
	require.Equal(t, "VICTIM", fields.Get("otherPrisonerRole"))
	require.Equal(t, "WING", fields.Get("restrictionType"))
	require.Equal(t, "line 1\nline 2", fields.Get("comment"))
	require.Equal(t, h.record(id).LastEventID.String(), fields.Get("etag"))
	require.Equal(t, listPath+"/"+id.String(), p.link("Cancel"))

	fields.Set("comment", "line 1\r\nline 2 \r\n")
	same := b.post(pathTo("update", id), fields)
	require.Equal(t, http.StatusBadRequest, same.Code)
	require.Equal(t, "Enter a comment to explain what you are updating", same.text(".govuk-error-summary li"))

	fields.Set("prisonerRole", "UNKNOWN")
	fields.Set("comment", "  line 3\r\nline 4\r\n")
	require.Equal(t, id, b.post(pathTo("update", id), fields).savedAs("updated"))
	n := h.record(id)
	require.Equal(t, domain.UnknownRole, n.Sides[adam].Role)
	require.Equal(t, domain.Victim, n.Sides[merlin].Role)
	require.Equal(t, "line 3\nline 4", *n.Comment)
	require.Equal(t, "OFFICER_A", n.UpdatedBy)
}

func TestCloseReopenAndDelete(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id := h.open(adam, merlin)
	b := h.signIn("MANAGER_A")
	for _, act := range []struct{ form, heading, button, did string }{
		{"close", "Close a non-association", "Close this non-association", "closed"},
		{"reopen", "Reopen a non-association", "Reopen this non-association", "reopened"},
		{"delete", "Delete a non-association", "Delete this non-association", "deleted"},
	} {
		p := b.get(pathTo(act.form, id))
		require.Equal(t, http.StatusOK, p.Code, p.Text)
		require.Equal(t, act.heading+" – Non-associations", p.text("title"))
		require.Equal(t, act.heading, p.text("h1"))
		require.Equal(t, []string{"Adam Example (A9109UD) – A-1-001 in Example A (HMP)", "Merlin Somerplumbs (D5678EF) – B-2-004 in Example A (HMP)"}, p.texts("#involved li"))
		require.Equal(t, act.button, p.text("form button"))
		b.post(pathTo(act.form, id), p.form("main form", filled[act.form])).savedAs(act.did)
		h.settle()
	}
	entries, err := h.audit.TimelineOfRecord(t.Context(), []string{"nonAssociation-A9109UD_D5678EF"}, id)
	require.NoError(t, err)
	var reasons []string
	for _, e := range entries {
		reasons = append(reasons, e.Reason+e.RequestedBy)
	}
	require.Equal(t, []string{"A mistakeBOSS", "It began again", "It is over", ""}, reasons)
}

// TestSave_happensOnce presses Save twice at the same time, and once more later.
func TestSave_happensOnce(t *testing.T) {
	t.Parallel()
	for form, fields := range filled {
		t.Run(form, func(t *testing.T) {
			h := newHouse(t)
			var id uuid.UUID
			if form != "add" {
				id = h.open(adam, merlin)
			}
			if form == "reopen" {
				h.close(id, "OFFICER_B")
			}
			b := h.signIn("MANAGER_A")
			sent := b.get(pathTo(form, id)).form("main form", fields)
			before := h.facts()
			var both sync.WaitGroup
			answers := make([]*page, 2)
			for i := range answers {
				both.Go(func() { answers[i] = b.post(pathTo(form, id), sent) })
			}
			both.Wait()
			h.settle()
			later := b.post(pathTo(form, id), sent)
			require.Equal(t, http.StatusSeeOther, later.Code, later.Text)
			for _, p := range answers {
				require.Equal(t, http.StatusSeeOther, p.Code, p.Text)
				require.Equal(t, sameBut(later.location()), sameBut(p.location()))
			}
			require.Equal(t, before+1, h.facts())
		})
	}
}

// TestSave_hasIDsOfItsOwn holds the ids of a command apart from that of the request, which
// users see.
func TestSave_hasIDsOfItsOwn(t *testing.T) {
	t.Parallel()
	h, commands := newFailingHouse(t)
	p := h.signIn("OFFICER_A").submit(addPath, details())
	p.savedAs("added")
	by := commands.ids.Load()
	for _, id := range []uuid.UUID{by.CommandID, by.CorrelationID, by.CausationID} {
		require.NotEqual(t, uuid.Nil, id)
		require.NotEqual(t, p.Header.Get("X-Request-ID"), id.String())
	}
	require.Equal(t, "OFFICER_A", by.Actor)
	require.Equal(t, domain.DPS, by.Source)
}

// TestBackAndEdit saves again what a browser still has after a save.
func TestBackAndEdit(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := h.signIn("OFFICER_A")
	first := b.get(addPath).form("main form", details())
	id := b.post(addPath, first).savedAs("added")
	h.settle()
	facts := h.facts()

	first.Set("comment", "They fight again")
	p := b.post(addPath, first)
	require.Equal(t, http.StatusConflict, p.Code, "other content of the same form is another command")
	require.Equal(t, "There is already an open non-association between these 2 prisoners View the existing non-association (opens in new tab)", p.text("#warning p"))
	require.Equal(t, listPath+"/"+id.String(), p.Find("#warning a").AttrOr("href", ""))
	require.Equal(t, "They fight again", p.form("main form", nil).Get("comment"))
	require.Equal(t, "Enter non-association details – Non-associations", p.text("title"))

	anew := b.get(addPath)
	require.Equal(t, http.StatusOK, anew.Code)
	require.Contains(t, anew.text("#warning"), "There is already an open non-association between these 2 prisoners")
	require.Equal(t, listPath+"/"+id.String(), anew.link("View the existing non-association"))
	require.NotEqual(t, first.Get("key"), anew.form("main form", nil).Get("key"))
	require.Equal(t, facts, h.facts())

	// An update that is gone back to and sent as it stands meets its own change.
	update := b.get(pathTo("update", id)).form("main form", with(details(), "comment", "Apart"))
	b.post(pathTo("update", id), update).savedAs("updated")
	h.settle()
	update.Set("comment", "Far apart")
	require.Equal(t, http.StatusConflict, b.post(pathTo("update", id), update).Code)
	b.submit(pathTo("update", id), with(details(), "comment", "Far apart")).savedAs("updated")
	require.Equal(t, facts+2, h.facts())
}

// TestForm_opensLinksInNewTabs holds that no link of a page with what was typed leads away
// from it, but for Cancel and the header.
func TestForm_opensLinksInNewTabs(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(o *screens.Options) { o.DPSURL = "https://dps.invalid" })
	h.close(h.open(adam, merlin), "OFFICER_B")
	b := h.signIn("OFFICER_A")
	require.Zero(t, b.get(addPath).Find("main a[target]").Length())
	p := b.submit(addPath, with(details(), "comment", ""))
	require.Equal(t, http.StatusBadRequest, p.Code)
	leading := p.Find(`main a[href^="/"], .govuk-breadcrumbs a, footer a`)
	require.Positive(t, leading.Length())
	for i := range leading.Length() {
		link := leading.Eq(i)
		if strings.TrimSpace(link.Text()) == "Cancel" {
			continue
		}
		require.Equal(t, "_blank", link.AttrOr("target", ""), link.Text())
		require.True(t, strings.HasSuffix(strings.TrimSpace(link.Text()), "(opens in new tab)"), link.Text())
	}
	require.Zero(t, p.Find("header a[target]").Length())
}
