package screens_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/web/screens/store"
)

// isNamed finds what has these words.
func isNamed(text string) func(int, *goquery.Selection) bool {
	return func(_ int, one *goquery.Selection) bool { return words(one) == text }
}

// states returns what the list of a time says that each record was.
func (p *page) states() map[string]string {
	states := map[string]string{}
	p.Find("table#as-of-list tr[data-id]").Each(func(_ int, row *goquery.Selection) {
		states[row.AttrOr("data-id", "")] = words(row.Find("td").Last())
	})
	return states
}

// TestAsOf_isTheListAsItWas in each state of a record.
func TestAsOf_isTheListAsItWas(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	open, closed, ahead := h.open(adam, merlin), h.open(adam, bert), domain.LocalDateTime("2026-12-31T00:00:00")
	ends := h.tell(domain.NOMIS, adam, john, item(adam, john, func(i *domain.Item) { i.ExpiryDate = &ahead }))
	pending := h.tell(domain.NOMIS, adam, otto, item(adam, otto, func(i *domain.Item) {
		i.EffectiveDate, i.TypeCode = "2026-08-01T09:00:00", domain.TypeTotal
	}))
	h.pass(24 * time.Hour)
	h.closeBetween(adam, bert, closed)
	comment := "Later"
	h.execute(adam, merlin, "OFFICER_B", domain.Amend{ID: open, Comment: &comment})
	b := h.signIn("OFFICER_A")

	p := b.get("/prisoner/a9109ud/non-associations/history?trueAt=2026-07-15&knownAt=")
	require.Equal(t, http.StatusOK, p.Code, p.Text)
	require.Equal(t, "History of Adam Example’s non-associations", p.text("h1"))
	require.Equal(t, "History – Non-associations", p.text("title"))
	require.Equal(t, "You are viewing records as they were at the end of 15 July 2026, as known on 16 July 2026 at 13:00.", p.text("#as-of"))
	require.Equal(t, []string{"Name", "Reason", "Where to keep apart", "Last updated", "State"}, p.all("table#as-of-list th[scope=col]"))
	require.Equal(t, map[string]string{
		open.String(): "Open", closed.String(): "Open", ends.String(): "Ends 31/12/2026", pending.String(): "Starts 01/08/2026",
	}, p.states())
	require.Contains(t, p.text("table#as-of-list"), "Elsewhere, OttoA3333AA Bullying Cell, landing and wing – NOMIS: Total Non Association 15/07/2026")
	require.Contains(t, p.text("main"), "Locations are not kept.")
	require.Equal(t, historyOfAdam, p.link("Return to now"))
	require.Equal(t, "2026-07-15", p.Find("#as-of-trueAt").AttrOr("value", ""))
	require.NotEmpty(t, p.Header.Get("X-Position"))
	views := h.views(store.ViewFilter{Prisoner: otto})
	require.Len(t, views, 1)
	require.Equal(t, store.PageAsOf, views[0].Page)
	require.Equal(t, "trueAt=2026-07-15&knownAt=", views[0].Query)
	require.Equal(t, []domain.PrisonerNumber{adam}, views[0].Subjects)
	require.Equal(t, []domain.PrisonerNumber{bert, john, otto, merlin}, views[0].Shown)

	p = b.get(historyOfAdam + "?trueAt=&knownAt=" + url.QueryEscape(" 2026-07-16 13:00 "))
	require.Equal(t, "You are viewing records as they were on 16 July 2026 at 13:00, as known on 16 July 2026 at 13:00.", p.text("#as-of"))
	require.Equal(t, "Closed", p.states()[closed.String()])
	require.Contains(t, p.text(`tr[data-id="`+open.String()+`"]`), "16/07/2026")
	require.Equal(t, "Open", b.get(historyOfAdam + "?trueAt=2027-02-01").states()[pending.String()], "it has begun by then")
	require.Equal(t, "Closed", b.get(historyOfAdam + "?trueAt=2027-02-01").states()[ends.String()])
	p = b.get(historyOfAdam + "?knownAt=2026-07-14")
	require.Contains(t, p.text("main"), "No record was open or closed at that time.")
	require.Zero(t, p.Find("table").Length())
	require.Equal(t, "You are viewing records as they were at the end of 14 July 2026, as known at the end of 14 July 2026.", p.text("#as-of"))
}

// TestAsOf_changesNothing has no button but its own, for nobody.
func TestAsOf_changesNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.open(adam, merlin)
	p := h.signIn("MANAGER_A").get(historyOfAdam + "?trueAt=2026-07-15")
	require.Zero(t, p.Find(`form[method="post"], main a[role="button"]`).Length())
	require.Equal(t, []string{"Show"}, p.all("main button"))
	require.Equal(t, []string{"Return to now"}, p.all("main a"))
}

// TestAsOf_hasDeletedRecordsForAuditorsAlone.
func TestAsOf_hasDeletedRecordsForAuditorsAlone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id := h.open(adam, merlin)
	h.pass(time.Minute)
	h.execute(adam, merlin, "MANAGER_A", domain.Delete{ID: id, DeletionReason: "Mistake", RequestedBy: "BOSS"})
	const now = historyOfAdam + "?knownAt=2026-07-15"
	require.Equal(t, map[string]string{id.String(): "Deleted"}, h.signIn("AUDITOR").get(now).states())
	officer := h.signIn("OFFICER_A")
	p := officer.get(now)
	require.Contains(t, p.text("main"), "No record was open or closed at that time.")
	require.NotContains(t, p.Text, "D5678EF")
	require.Equal(t, map[string]string{id.String(): "Open"}, officer.get(historyOfAdam+"?knownAt=2026-07-15+13:00").states(), "it was not deleted then")
	require.Contains(t, officer.get(historyOfAdam).entries()[0], "Deleted", "that it was is history")
}

// TestAsOf_ofARemovedNumberIsAnsweredByIt and says where its records went.
func TestAsOf_ofARemovedNumberIsAnsweredByIt(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id := h.open(adam, merlin)
	h.pass(time.Minute)
	h.merge(merlin, otto)
	b := h.signIn("OFFICER_A")
	p := b.get("/prisoner/D5678EF/non-associations/history?knownAt=2026-07-15")
	require.Equal(t, http.StatusOK, p.Code)
	require.Equal(t, map[string]string{id.String(): "Moved to A3333AA"}, p.states())
	require.Equal(t, map[string]string{id.String(): "Open"}, b.get("/prisoner/D5678EF/non-associations/history?knownAt=2026-07-15+13:00").states())
	require.Equal(t, map[string]string{id.String(): "Open"}, b.get("/prisoner/A3333AA/non-associations/history?knownAt=2026-07-15").states())
	require.Equal(t, map[string]string{id.String(): "Open"}, b.get(historyOfAdam+"?knownAt=2026-07-15").states())
	for _, query := range []string{"?trueAt=", "?knownAt=x"} {
		require.Equal(t, http.StatusBadRequest, b.get("/prisoner/D5678EF/non-associations/history"+query).Code, "it is not redirected")
	}
}

// TestAsOf_refusesWhatIsNoTime with the form as it was typed.
func TestAsOf_refusesWhatIsNoTime(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.open(adam, merlin)
	b := h.signIn("OFFICER_A")
	const no, future = "Enter a date, or a date and time", "Known at must not be in the future"
	type fields = map[string]string
	for _, c := range []struct {
		trueAt, knownAt string
		errs            fields
		order           []string
	}{
		{"", "", fields{"trueAt": no}, []string{no}},
		{"  ", "\t", fields{"trueAt": no}, []string{no}},
		{"yesterday", "", fields{"trueAt": no}, []string{no}},
		{"", "2026-13-01", fields{"knownAt": no}, []string{no}},
		{"2026-02-30", "2027-01-01", fields{"trueAt": no, "knownAt": future}, []string{no, future}},
		{"2026-03-29 01:30", "2026-07-15 13:01", fields{"trueAt": no, "knownAt": future}, []string{no, future}}, // the clocks went forward
		{"<script>", "2026-07-16", fields{"trueAt": no, "knownAt": future}, []string{no, future}},
		{`"><img src=x>`, "", fields{"trueAt": no}, []string{no}},
		{"26/07/2023", "2026-07-15T9:00", fields{"trueAt": no, "knownAt": no}, []string{no, no}},
	} {
		p := b.get(historyOfAdam + "?" + url.Values{"trueAt": {c.trueAt}, "knownAt": {c.knownAt}}.Encode())
		require.Equal(t, http.StatusBadRequest, p.Code, c)
		require.Equal(t, "Error: History – Non-associations", p.text("title"))
		require.Equal(t, c.order, p.all(".govuk-error-summary li"), c)
		for _, field := range []string{"trueAt", "knownAt"} {
			if c.errs[field] == "" {
				require.Zero(t, p.Find("#as-of-"+field+"-error").Length(), c)
				continue
			}
			require.Equal(t, "Error: "+c.errs[field], p.text("#as-of-"+field+"-error"), c)
			require.Equal(t, 1, p.Find(`.govuk-error-summary a[href="#as-of-`+field+`"]`).Length())
		}
		require.Zero(t, p.Find("#as-of, #as-of-list, main img").Length())
		require.Equal(t, historyOfAdam, p.link("Return to now"))
	}
	p := b.get(historyOfAdam + "?trueAt=26/07/2023&knownAt=never")
	require.Equal(t, "26/07/2023", p.Find("#as-of-trueAt").AttrOr("value", ""))
	require.Equal(t, "never", p.Find("#as-of-knownAt").AttrOr("value", ""))
	require.Equal(t, http.StatusBadRequest, b.get(historyOfAdam+"?trueAt=2026-07-15&trueAt=2026-07-14").Code, "sent twice, nothing is typed")
	require.Equal(t, http.StatusNotFound, b.get("/prisoner/Z9999ZZ/non-associations/history?trueAt=x").Code)
	require.Equal(t, http.StatusNotFound, b.get("/prisoner/Z9999ZZ/non-associations/history/"+uuid.NewString()).Code)
	require.Equal(t, store.PageHistory, h.views(store.ViewFilter{Prisoner: merlin})[0].Page, "the history is what stands below the form")
}
