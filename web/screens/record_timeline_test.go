package screens_test

import (
	"context"
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
	"nonassociations/queries"
	"nonassociations/web/screens"
)

// TestRecord_hasATimelineOfEveryFact with what each did.
func TestRecord_hasATimelineOfEveryFact(t *testing.T) {
	t.Parallel()
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
	t.Parallel()
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

// TestRecord_saysInWhichEntryNOMISIs as a delivery covers it.
func TestRecord_saysInWhichEntryNOMISIs(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id := h.open(adam, merlin)
	found, err := h.reads.One(t.Context(), id, 0)
	require.NoError(t, err)
	detail, _ := found.Records[0].NonAssociation.Detail()
	h.pass(10 * time.Minute)
	h.does(domain.NOMIS, "NON_ASSOCIATIONS_API", adam, merlin, domain.Deliver{ID: id, Detail: detail, TypeSequence: 1, Revision: 0})
	b := h.signIn("OFFICER_A")
	p := b.get(adamsList + "/" + id.String())
	require.Equal(t, []string{"Added"}, p.all("ol#timeline h3"), "a delivery is no entry")
	require.Contains(t, p.entries()[0], "NOMIS shows this since 15 July 2026 at 13:10")
	require.Equal(t, "NOMIS shows this since 15 July 2026 at 13:10", p.text("#nomis"))
	comment := "More"
	h.execute(adam, merlin, "OFFICER_A", domain.Amend{ID: id, Comment: &comment})
	p = b.get(adamsList + "/" + id.String())
	require.NotContains(t, p.entries()[0], "NOMIS shows this")
	require.Contains(t, p.entries()[1], "NOMIS shows this since 15 July 2026 at 13:10")
	require.Equal(t, "Not in NOMIS yet (since 15 July 2026 at 13:10)", p.text("#nomis"))
}

// awayAudit is a log that does not answer.
type awayAudit struct{ screens.Audit }

func (awayAudit) TimelineOfRecord(context.Context, []string, uuid.UUID) ([]audit.TimelineEntry, error) {
	return nil, eventstore.ErrUnavailable
}

// TestRecord_withoutTheLogIsWhole but for its timeline: somebody may need it now.
func TestRecord_withoutTheLogIsWhole(t *testing.T) {
	t.Parallel()
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
	t.Parallel()
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
	t.Parallel()
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
