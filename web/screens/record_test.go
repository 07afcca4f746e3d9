package screens_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/nomis"
	"nonassociations/web/screens"
	"nonassociations/web/screens/store"
)

// details returns the rows of a record page by their names.
func (p *page) details() map[string]string {
	rows := map[string]string{}
	p.Find("dl#details > div").Each(func(_ int, row *goquery.Selection) { rows[words(row.Find("dt"))] = words(row.Find("dd")) })
	return rows
}

// entries returns the text of each entry of a timeline.
func (p *page) entries() []string { return p.all("ol#timeline > li[data-event-id]") }

func TestRecord_showsEverythingKnown(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id := h.open(adam, merlin, func(o *domain.Open) { o.Comment = "Line 1\nLine <b>2</b>" })
	b := h.signIn("MANAGER_A")
	path := adamsList + "/" + id.String()
	p := b.get(strings.ToLower(path))
	require.Equal(t, http.StatusOK, p.Code, p.Text)
	require.Equal(t, "Non-association details – Non-associations", p.text("title"))
	require.Equal(t, "Non-association: Adam Example and Merlin Somerplumbs", p.text("h1"))
	require.Equal(t, map[string]string{
		"Reason": "Bullying", "Adam Example’s role": "Victim", "Merlin Somerplumbs’ role": "Perpetrator",
		"Where to keep apart": "Cell, landing and wing", "Comments": "Line 1 Line <b>2</b>", "Added": "15 July 2026 by OFFICER_A",
		"Last updated": "15 July 2026 by OFFICER_A", "NOMIS": "Not in NOMIS yet (since 15 July 2026 at 13:00)",
	}, p.details())
	require.Equal(t, adamsList, p.link("Return to Adam Example’s non-associations"))
	require.Equal(t, []string{"Non-associations", "Non-associations"}, p.all(`nav[aria-label="Breadcrumb"] a`))
	require.NotEmpty(t, p.Header.Get("X-Position"))
	require.NotEmpty(t, p.text("#recorded-up-to"))
	views := h.views(store.ViewFilter{Prisoner: merlin})
	require.Len(t, views, 1)
	require.Equal(t, store.PageRecord, views[0].Page)
	require.Equal(t, "/prisoner/{pn}/non-associations/{id}", views[0].Route)
	require.Equal(t, []domain.PrisonerNumber{adam, merlin}, views[0].Subjects)
	require.Empty(t, views[0].Shown)
	require.Equal(t, "id="+id.String(), views[0].Query, "by which the page can be shown again")

	p = b.get("/prisoner/D5678EF/non-associations/" + id.String())
	require.Equal(t, "Non-association: Merlin Somerplumbs and Adam Example", p.text("h1"))
	require.Equal(t, "/prisoner/D5678EF/non-associations", p.link("Return to Merlin Somerplumbs’ non-associations"))

	h.pass(24 * time.Hour)
	h.closeBetween(adam, merlin, id)
	p = h.signIn("OFFICER_A").get(path) // a session does not last a day
	rows := p.details()
	require.Equal(t, "16 July 2026 by OFFICER_B", rows["Closed"])
	require.Equal(t, "They are friends", rows["Closing comments"])
	require.Equal(t, "Line 1 Line <b>2</b>", rows["Comments"], "both comments")
	require.Equal(t, "15 July 2026 by OFFICER_A", rows["Added"])
	require.Equal(t, "16 July 2026 by OFFICER_B", rows["Last updated"])
	require.Equal(t, "Closed", p.text("main > p .govuk-tag"))
	require.Equal(t, adamsList+"/closed", p.link("Return to Adam Example’s non-associations"))
	require.Equal(t, adamsList+"/closed", p.Find(`nav[aria-label="Breadcrumb"] a`).Last().AttrOr("href", ""))
}

// TestRecord_ofNOMISAndOfAMigration has what staff cannot type.
func TestRecord_ofNOMISAndOfAMigration(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ahead, authorised := domain.LocalDateTime("2026-12-31T00:00:00"), "Gov Smith"
	pending := h.tell(domain.NOMIS, adam, bert, item(adam, bert, func(i *domain.Item) {
		i.EffectiveDate, i.ExpiryDate, i.TypeCode, i.AuthorisedBy, i.Comment = "2026-08-01T09:00:00", &ahead, domain.TypeDoNotExercise, &authorised, nil
	}))
	b := h.signIn("OFFICER_A")
	p := b.get(adamsList + "/" + pending.String())
	rows := p.details()
	require.Equal(t, "15 July 2026 by NOMIS_USER", rows["Added"])
	require.Equal(t, "1 August 2026", rows["Starts"])
	require.Equal(t, "31 December 2026", rows["Ends"])
	require.Equal(t, "Gov Smith", rows["Authorised by"])
	require.Equal(t, "Cell, landing and wing – NOMIS: Do Not Exercise Together", rows["Where to keep apart"])
	require.NotContains(t, rows, "Comments")
	require.NotContains(t, rows, "Closed")
	require.Equal(t, []string{"Starts 01/08/2026", "Ends 31/12/2026"}, p.all("main > p .govuk-tag"))
	require.Equal(t, []string{"NOMIS shows this since 15 July 2026 at 13:00"}, p.all("#nomis p"))

	over := domain.LocalDateTime("2022-01-01T00:00:00")
	taken := h.tell(domain.Migration, adam, john, item(adam, john, func(i *domain.Item) { i.ExpiryDate = &over }))
	p = b.get(adamsList + "/" + taken.String())
	rows = p.details()
	require.Equal(t, "5 July 2021", rows["Added"], "nobody is known")
	require.Equal(t, "1 January 2022 by NOMIS_USER", rows["Closed"])
	require.NotContains(t, rows, "Closing comments")
	require.Equal(t, "Migrated", p.text("ol#timeline h3"))
	require.Equal(t, "Migration", p.text("ol#timeline .govuk-tag"))
}

// TestRecord_offersWhatFitsAndIsAllowed goes through users, places and states.
func TestRecord_offersWhatFitsAndIsAllowed(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	open, closed, elsewhere, unplaced := h.open(adam, merlin), h.open(adam, bert), h.open(adam, otto), h.open(adam, una)
	h.closeBetween(adam, bert, closed)
	for user, want := range map[string]map[uuid.UUID]string{
		"OFFICER_A": {open: "Update Close", closed: "", elsewhere: "Update Close", unplaced: ""},
		"OFFICER_B": {open: "", closed: "", elsewhere: "Update Close", unplaced: ""},
		"MANAGER_A": {open: "Update Close Delete", closed: "Reopen Delete", elsewhere: "Update Close Delete", unplaced: ""},
		"READER_A":  {open: "", closed: "", elsewhere: "", unplaced: ""},
	} {
		b := h.signIn(user)
		for id, buttons := range want {
			p := b.get(adamsList + "/" + id.String())
			require.Equal(t, buttons, strings.Join(p.all(`main a[role="button"]`), " "), user)
			for name := range strings.FieldsSeq(buttons) {
				require.Equal(t, adamsList+"/"+id.String()+"/"+strings.ToLower(name), p.button(name))
			}
			advised := strings.Contains(p.text("main details"), "Need to update non-associations?")
			require.Equal(t, user == "READER_A" && id != closed, advised, user)
		}
	}
	h.directory.Down(true)
	h.pass(2 * time.Minute)
	p := h.signIn("MANAGER_A").get(adamsList + "/" + open.String())
	require.Equal(t, http.StatusOK, p.Code)
	require.Equal(t, "Non-association: A9109UD and D5678EF", p.text("h1"))
	require.Equal(t, "Victim", p.details()["A9109UD’s role"])
	require.Equal(t, noNames, p.text("#warning .moj-alert__content"))
	require.Zero(t, p.Find(`main a[role="button"]`).Length())
}

// TestRecord_isFoundOnlyUnderItsPrisoners and is seen by nobody else.
func TestRecord_isFoundOnlyUnderItsPrisoners(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id, gone := h.open(adam, merlin), h.open(adam, bert)
	h.execute(adam, bert, "MANAGER_A", domain.Delete{ID: gone, DeletionReason: "Mistake", RequestedBy: "BOSS"})
	b := h.signIn("AUDITOR")
	for _, path := range []string{
		"/prisoner/A1234BC/non-associations/" + id.String(), "/prisoner/Z9999ZZ/non-associations/" + id.String(),
		adamsList + "/" + gone.String(), adamsList + "/" + uuid.NewString(), adamsList + "/" + uuid.Nil.String(),
		adamsList + "/urn:uuid:" + id.String(), adamsList + "/{" + id.String() + "}", adamsList + "/" + strings.ReplaceAll(id.String(), "-", ""),
		adamsList + "/1", "/prisoner/A910/non-associations/" + id.String(),
	} {
		p := b.get(path)
		require.Equal(t, http.StatusNotFound, p.Code, path)
		require.Equal(t, "Page not found", p.text("h1"))
	}
	views := h.views(store.ViewFilter{Prisoner: john})
	require.Len(t, views, 1)
	require.True(t, views[0].Refused)
	require.Equal(t, []domain.PrisonerNumber{john}, views[0].Subjects)
	require.Empty(t, h.views(store.ViewFilter{Prisoner: merlin}), "nobody learns whose record it is")
}

// TestRecord_underARemovedNumberIsThatOfTheSurvivor as the list is.
func TestRecord_underARemovedNumberIsThatOfTheSurvivor(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id := h.open(adam, merlin)
	h.merge(merlin, bert)
	b := h.signIn("OFFICER_A")
	to := b.get("/prisoner/d5678ef/non-associations/" + id.String() + "?x=1").location()
	require.Equal(t, "/prisoner/A0135GA/non-associations/"+id.String()+"?merged=D5678EF&x=1", to)
	p := b.get(to)
	require.Equal(t, "D5678EF is now A0135GA.", p.text("#warning .moj-alert__content"))
	require.Contains(t, p.entries()[0], "Prisoner number changed")
	require.Contains(t, p.entries()[0], "D5678EF is now A0135GA.")
	require.Contains(t, p.entries()[0], "Two prisoner numbers were merged.")
	require.Equal(t, "Merge", words(p.Find("ol#timeline .govuk-tag").First()))
	require.Equal(t, http.StatusOK, b.get(adamsList+"/"+id.String()).Code, "the other prisoner has the number that he had")
	h.open(adam, merlin)
	require.Equal(t, http.StatusNotFound, b.get("/prisoner/D5678EF/non-associations/"+id.String()).Code, "the number stands again, and the record is not its")
}

// findings are what the comparison with NOMIS has found of every record.
type findings struct {
	nomis.Findings

	err error
}

func (f *findings) OfRecord(context.Context, domain.Pair, uuid.UUID, int) (nomis.Findings, error) {
	return f.Findings, f.err
}

// TestRecord_saysWhereItStandsWithNOMIS in every state of a delivery.
func TestRecord_saysWhereItStandsWithNOMIS(t *testing.T) {
	t.Parallel()
	found := &findings{}
	h := newHouse(t, func(o *screens.Options) { o.Problems = found })
	told := h.tell(domain.NOMIS, adam, bert, item(adam, bert))
	ahead := h.tell(domain.NOMIS, adam, john, item(adam, john, func(i *domain.Item) { i.EffectiveDate = "2026-08-01T09:00:00" }))
	own := h.open(adam, merlin)
	b := h.signIn("OFFICER_A")
	said := func(id uuid.UUID) []string {
		return b.get(adamsList + "/" + id.String()).all("#nomis p")
	}
	require.Equal(t, []string{"NOMIS shows this since 15 July 2026 at 13:00"}, said(told))
	require.Equal(t, []string{"Not in NOMIS yet (since 15 July 2026 at 13:00)"}, said(own))

	h.pass(30 * time.Minute)
	comment := "More"
	h.execute(adam, bert, "OFFICER_A", domain.Amend{ID: told, Comment: &comment})
	h.execute(adam, john, "OFFICER_A", domain.Amend{ID: ahead, Comment: &comment})
	require.Equal(t, []string{"Not in NOMIS yet (since 15 July 2026 at 13:30)"}, said(told))
	require.Equal(t, []string{"Held until 1 August 2026"}, said(ahead))

	found.Findings = nomis.Findings{Problem: &nomis.FoundProblem{Problem: "REFUSED", Why: "x", Since: noon}, AlsoOpen: []int{7, 9}}
	require.Equal(t, []string{
		"Not in NOMIS yet (since 15 July 2026 at 13:30)", "Needs a decision", "NOMIS also holds open: sequence 7", "NOMIS also holds open: sequence 9",
	}, said(told))
	found.Findings = nomis.Findings{Held: true}
	require.Equal(t, []string{"Held until 15 July 2026"}, said(told), "until NOMIS's own day begins")
	found.err = errors.New("the table is away")
	require.Equal(t, http.StatusServiceUnavailable, b.get(adamsList+"/"+told.String()).Code)
}
