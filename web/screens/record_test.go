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

	"nonassociations/audit"
	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/nomis"
	"nonassociations/queries"
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

// TestRecord_hasATimelineOfEveryFact with what each did.
func TestRecord_hasATimelineOfEveryFact(t *testing.T) {
	h := newHouse(t)
	id := h.open(adam, merlin, func(o *domain.Open) { o.Restriction = domain.Cell })
	h.pass(time.Hour)
	reason, apart, comment, role := domain.Threat, domain.Landing, "More <i>than</i> that", domain.NotRelevant
	h.execute(adam, merlin, "OFFICER_B", domain.Amend{
		ID: id, Reason: &reason, Restriction: &apart, Comment: &comment, Roles: map[domain.PrisonerNumber]domain.Role{merlin: role},
	})
	h.pass(time.Hour)
	before := domain.LocalDateTime("2026-07-15T13:30:00")
	h.execute(adam, merlin, "OFFICER_A", domain.Close{ID: id, ClosedReason: "They are friends", ClosedAt: &before})
	h.pass(time.Hour)
	h.execute(adam, merlin, "MANAGER_A", domain.Reopen{ID: id, ReopenReason: "They are not"})
	p := h.signIn("OFFICER_A").get(adamsList + "/" + id.String())
	require.Equal(t, []string{"Reopened", "Closed", "Updated", "Added"}, p.all("ol#timeline h3"))
	require.Equal(t, []string{"by MANAGER_A", "by OFFICER_A", "by OFFICER_B", "by OFFICER_A"}, p.all("ol#timeline .moj-timeline__byline"))
	require.Equal(t, []string{"DPS", "DPS", "DPS", "DPS"}, p.all("ol#timeline .govuk-tag"))
	require.Equal(t, []string{"15 July 2026 at 16:00", "15 July 2026 at 13:30", "15 July 2026 at 14:00", "15 July 2026 at 13:00"}, p.all("ol#timeline time"))
	require.Contains(t, p.entries()[0], "They are not")
	require.Contains(t, p.entries()[1], "They are friends")
	require.Contains(t, p.entries()[1], "Recorded 15 July 2026 at 15:00")
	require.NotContains(t, p.entries()[0], "Recorded")
	changes := map[string]string{}
	p.Find("ol#timeline > li").Eq(2).Find("dl > div").Each(func(_ int, row *goquery.Selection) {
		changes[words(row.Find("dt"))] = words(row.Find("dd p").Eq(0)) + "/" + words(row.Find("dd p").Eq(1))
	})
	require.Equal(t, "was Bullying/now Threat", changes["Reason"])
	require.Equal(t, "was Cell only/now Cell and landing", changes["Where to keep apart"])
	require.Equal(t, "was Keep them apart/now More <i>than</i> that", changes["Comments"])
	require.Equal(t, "was Perpetrator/now Not relevant", changes["Merlin Somerplumbs’ role"])
	require.NotContains(t, changes, "Adam Example’s role")
	require.Equal(t, "Closed was none now 15 July 2026 at 13:30", words(p.Find("ol#timeline > li").Eq(1).Find("dl")))
	about := p.Find("ol#timeline > li").Eq(2).Find("details")
	require.Equal(t, "About this entry", words(about.Find("summary")))
	require.Regexp(t, "^Event "+p.Find("ol#timeline > li").Eq(2).AttrOr("data-event-id", "?")+", revision 1, position [0-9]+$", words(about.Find(".govuk-details__text")))
	require.Zero(t, p.Find("ol#timeline a").Length(), "the record is this one")
	require.Zero(t, p.Find("main i, main script").Length())
}

// TestRecord_saysWhatNOMISToldAndWhatItShows in the entries.
func TestRecord_saysWhatNOMISToldAndWhatItShows(t *testing.T) {
	h := newHouse(t)
	newer := item(adam, bert, func(i *domain.Item) { i.EffectiveDate, i.TypeSequence = "2022-07-05T10:35:17", 2 })
	older, over := item(adam, bert), domain.LocalDateTime("2023-01-01T00:00:00")
	counts := h.tell(domain.NOMIS, adam, bert, newer, older)
	b := h.signIn("OFFICER_A")
	p := b.get(adamsList + "/" + counts.String())
	require.ElementsMatch(t, []string{"Not taken over", "Added"}, p.all("ol#timeline h3"))
	require.Equal(t, "NOMIS", p.all("ol#timeline .govuk-tag")[0])
	all := strings.Join(p.entries(), "\n")
	require.Contains(t, all, "Not taken over because NOMIS told a later one at the same time.")
	require.Contains(t, all, "NOMIS told: Do Not Locate on Same Wing, from 5 July 2021 Seen fighting")

	h.pass(30 * time.Minute)
	newer.ExpiryDate = &over
	h.tell(domain.NOMIS, adam, bert, newer, older)
	p = b.get(adamsList + "/" + counts.String())
	require.Equal(t, "Closed", p.all("ol#timeline h3")[0], "a date of NOMIS closes")
	require.Contains(t, p.entries()[0], "Closed was none now 1 January 2023")
	found, err := h.reads.OfPrisoner(t.Context(), adam, 0)
	require.NoError(t, err)
	second := found.Records[0].NonAssociation.ID
	require.NotEqual(t, counts, second)
	require.Contains(t, b.get(adamsList + "/" + second.String()).entries()[0],
		"NOMIS told this earlier, on 15 July 2026 at 13:00. It was not taken over while another one counted.")
}

// awayAudit is a log that does not answer.
type awayAudit struct{ screens.Audit }

func (awayAudit) TimelineOfRecord(context.Context, []string, uuid.UUID) ([]audit.TimelineEntry, error) {
	return nil, eventstore.ErrUnavailable
}

// TestRecord_withoutTheLogIsWhole but for its timeline: somebody may need it now.
func TestRecord_withoutTheLogIsWhole(t *testing.T) {
	h := newHouse(t, func(o *screens.Options) { o.Audit = awayAudit{o.Audit} })
	id := h.open(adam, merlin)
	p := h.signIn("OFFICER_A").get(adamsList + "/" + id.String())
	require.Equal(t, http.StatusOK, p.Code)
	require.Equal(t, "15 July 2026", p.details()["Added"], "who added it is said by the log")
	require.Contains(t, p.text("main"), "The timeline cannot be read now. The record itself is complete.")
	require.Zero(t, p.Find("#timeline").Length())
}

// TestRecord_leavesOutFactsThatItDoesNotShow so that the timeline says no more than the
// record above it.
func TestRecord_leavesOutFactsThatItDoesNotShow(t *testing.T) {
	var h *house
	ahead := &aheadAudit{}
	h = newHouse(t, func(o *screens.Options) { ahead.Audit = o.Audit; o.Audit = ahead })
	id := h.open(adam, merlin)
	comment := "More"
	ahead.first = func() { h.execute(adam, merlin, "OFFICER_B", domain.Amend{ID: id, Comment: &comment}) }
	b := h.signIn("OFFICER_A")
	p := b.get(adamsList + "/" + id.String())
	require.Equal(t, "Keep them apart", p.details()["Comments"])
	require.Equal(t, []string{"Added"}, p.all("ol#timeline h3"))
	ahead.first = func() {}
	require.Equal(t, []string{"Updated", "Added"}, b.get(adamsList+"/"+id.String()).all("ol#timeline h3"))
}

// aheadAudit does something before the timeline is read.
type aheadAudit struct {
	screens.Audit

	first func()
}

func (a *aheadAudit) TimelineOfRecord(ctx context.Context, streams []string, id uuid.UUID) ([]audit.TimelineEntry, error) {
	a.first()
	return a.Audit.TimelineOfRecord(ctx, streams, id)
}

// TestRecord_saysOfWhatItShowsWhereThatStands also when the record changes while its
// delivery is read.
func TestRecord_saysOfWhatItShowsWhereThatStands(t *testing.T) {
	ahead := &aheadReads{}
	h := newHouse(t, func(o *screens.Options) { ahead.Reads = o.Reads; o.Reads = ahead })
	id := h.tell(domain.NOMIS, adam, bert, item(adam, bert))
	comment := "More"
	ahead.first = func() {
		ahead.first = func() {}
		h.execute(adam, bert, "OFFICER_B", domain.Amend{ID: id, Comment: &comment})
	}
	p := h.signIn("OFFICER_A").get(adamsList + "/" + id.String())
	require.Equal(t, "Not in NOMIS yet (since 15 July 2026 at 13:00)", p.text("#nomis"))
	require.Equal(t, comment, p.details()["Comments"], "that is what is not in NOMIS yet")
	require.Equal(t, []string{"Updated", "Added"}, p.all("ol#timeline h3"))
}

// aheadReads does something before a delivery is read.
type aheadReads struct {
	screens.Reads

	first func()
}

func (a *aheadReads) Delivery(ctx context.Context, id uuid.UUID, atLeast uint64) (queries.Deliveries, error) {
	a.first()
	return a.Reads.Delivery(ctx, id, atLeast)
}
