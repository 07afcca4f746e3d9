package screens_test

import (
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/web/screens/store"
)

const (
	adamsList = "/prisoner/A9109UD/non-associations"
	noNames   = "Names and locations are missing. The list itself is complete."
)

// closeBetween closes a record.
func (h *house) closeBetween(a, b domain.PrisonerNumber, id uuid.UUID) {
	h.t.Helper()
	h.execute(a, b, "OFFICER_B", domain.Close{ID: id, ClosedReason: "They are friends"})
}

// ids returns the records of a table in their order.
func (p *page) ids(table string) []string {
	return p.Find("table#" + table + " tr[data-id]").Map(func(_ int, row *goquery.Selection) string { return row.AttrOr("data-id", "") })
}

// tables returns the ids of the tables of a page, in their order.
func (p *page) tables() []string {
	return p.Find("main table").Map(func(_ int, table *goquery.Selection) string { return table.AttrOr("id", "") })
}

// TestList_isSeenAfterSignIn walks the whole way: no session, sign-in, the page that was
// asked for, and the view of it.
func TestList_isSeenAfterSignIn(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id := h.open(adam, merlin)
	b := h.visit()
	require.Equal(t, "/sign-in", b.get(adamsList).location())
	require.Equal(t, adamsList, b.signIn("OFFICER_A").location())

	p := b.get("/prisoner/a9109ud/non-associations")
	require.Equal(t, http.StatusOK, p.Code)
	require.Equal(t, "Non-associations – Non-associations", p.text("title"))
	require.Equal(t, "Adam Example’s non-associations", p.text("h1"))
	require.Equal(t, "Adam Example’s open non-associations: Example A (HMP)", p.text("table#same caption"))
	require.Equal(t, []string{id.String()}, p.ids("same"))
	require.Equal(t, adamsList+"/"+id.String(), p.link("View details of Merlin Somerplumbs (D5678EF), 15/07/2026"))
	require.Equal(t, adamsList+"/add/search-prisoner", p.link("Add a non-association"))
	require.NotEmpty(t, p.Header.Get("X-Position"))

	views := h.views(store.ViewFilter{Prisoner: merlin})
	require.Len(t, views, 1)
	view := views[0]
	require.Equal(t, []domain.PrisonerNumber{adam}, view.Subjects)
	require.Equal(t, []domain.PrisonerNumber{merlin}, view.Shown)
	require.Equal(t, p.Header.Get("X-Position"), strconv.FormatUint(view.Position, 10))
	require.Equal(t, p.Header.Get("X-Request-ID"), view.RequestID.String())
	require.Equal(t, store.PageList, view.Page)
	require.Equal(t, "/prisoner/{pn}/non-associations", view.Route)
	require.Equal(t, "OFFICER_A", view.UserName)
	require.False(t, view.Refused)
	line := `"requestId":"` + view.RequestID.String() + `","position":` + p.Header.Get("X-Position")
	require.Eventually(t, func() bool { return h.logs.Count(line) == 1 }, time.Minute, time.Millisecond, "the line has both too")
}

// TestList_hasAGroupForEachPlace goes through every place of the key prisoner and of the
// others.
func TestList_hasAGroupForEachPlace(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	all := []domain.PrisonerNumber{adam, merlin, otto, trent, ossie, pat, una, nobody}
	id := map[[2]domain.PrisonerNumber]string{}
	for i, a := range all {
		for _, b := range all[i+1:] {
			made := h.open(a, b).String()
			id[[2]domain.PrisonerNumber{a, b}], id[[2]domain.PrisonerNumber{b, a}] = made, made
		}
	}
	b := h.signIn("OFFICER_A")
	type groups map[string][]domain.PrisonerNumber
	outside, unknown := []domain.PrisonerNumber{trent, ossie, pat}, []domain.PrisonerNumber{una, nobody}
	without := func(all []domain.PrisonerNumber, one domain.PrisonerNumber) (rest []domain.PrisonerNumber) {
		for _, n := range all {
			if n != one {
				rest = append(rest, n)
			}
		}
		return rest
	}
	inPrison := []domain.PrisonerNumber{adam, merlin, otto}
	for key, want := range map[domain.PrisonerNumber]groups{
		adam:   {"same": {merlin}, "other": {otto}, "outside": outside, "unknown": unknown},
		otto:   {"other": {adam, merlin}, "outside": outside, "unknown": unknown},
		trent:  {"any": inPrison, "outside": without(outside, trent), "unknown": unknown},
		pat:    {"any": inPrison, "outside": without(outside, pat), "unknown": unknown},
		una:    {"any": inPrison, "outside": outside, "unknown": {nobody}},
		nobody: {"any": inPrison, "outside": outside, "unknown": {una}},
	} {
		p := b.get("/prisoner/" + string(key) + "/non-associations")
		require.Equal(t, http.StatusOK, p.Code, key)
		require.Len(t, p.tables(), len(want), key)
		for group, others := range want {
			var ids []string
			for _, other := range others {
				ids = append(ids, id[[2]domain.PrisonerNumber{key, other}])
			}
			require.ElementsMatch(t, ids, p.ids(group), "%s of %s", group, key)
		}
	}

	p := b.get(adamsList)
	require.Equal(t, []string{"same", "other", "outside", "unknown"}, p.tables())
	require.Equal(t, []string{
		"Adam Example’s open non-associations: Example A (HMP)", "Adam Example’s open non-associations: Other establishments",
		"Adam Example’s open non-associations: Not currently in an establishment", "Adam Example’s open non-associations: Location not known",
	}, p.all("main table caption"))
	for table, place := range map[string]string{"same": "Location", "other": "Establishment", "outside": "Location"} {
		require.Equal(t, []string{"Name", place, "Reason", "Where to keep apart", "Last updated", "Actions"}, p.all("table#"+table+" th[scope=col]"), table)
	}
	require.Contains(t, p.text("table#same"), "Somerplumbs, MerlinD5678EF B-2-004 Bullying Cell, landing and wing 15/07/2026")
	require.Contains(t, p.text("table#other"), "Example B (HMP)")
	require.Contains(t, p.text("table#outside"), "Outside - released from Example A (HMP)")
	require.Contains(t, p.text("table#unknown"), "Z9999ZZ", "the number stands for the name")
	require.Equal(t, "Z9999ZZ’s non-associations", b.get("/prisoner/Z9999ZZ/non-associations").text("h1"), "the log knows the number")
	p = b.get("/prisoner/A4444AA/non-associations")
	require.Equal(t, "Trent Transit’s open non-associations: In establishments", p.text("table#any caption"))
	require.Equal(t, "Establishment", p.all("table#any th[scope=col]")[1])
}

// TestList_saysWhatIsEmpty of a whole list and of each group.
func TestList_saysWhatIsEmpty(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := h.signIn("OFFICER_A")
	p := b.get(adamsList)
	require.Contains(t, p.text("main"), "Adam Example has no open non-associations.")
	require.Empty(t, p.tables())
	require.Equal(t, []string{"Open (0 records)", "Closed (0 records)"}, p.all(`nav[aria-label="Open or closed"] a`))

	first := h.open(adam, otto)
	p = b.get(adamsList)
	require.Equal(t, []string{"Example A (HMP)", "Not currently in an establishment"}, p.all("main h2"))
	require.Contains(t, p.text("main"), "Adam Example has no open non-associations in Example A (HMP).")
	require.Contains(t, p.text("main"), "Adam Example has no open non-associations outside an establishment.")
	require.Equal(t, []string{"other"}, p.tables())
	require.Equal(t, "Open (1 record)", p.text(`nav a[aria-current="page"]`))
	require.Equal(t, adamsList+"/closed", p.link("Closed (0 records)"))

	h.closeBetween(adam, otto, first)
	h.closeBetween(adam, bert, h.open(adam, bert))
	h.open(trent, ossie)
	p = b.get(adamsList + "/closed")
	require.Contains(t, p.text("main"), "Adam Example has no closed non-associations outside an establishment.")
	require.Equal(t, "Closed (2 records)", p.text(`nav a[aria-current="page"]`))
	require.Equal(t, "Adam Example’s closed non-associations: Other establishments", p.text("table#other caption"))
	require.Equal(t, "Date closed", p.all("table#same th[scope=col]")[4])
	require.Contains(t, p.text("table#same .govuk-tag"), "Closed")
	require.Contains(t, b.get("/prisoner/A3333AA/non-associations/closed").text("main"), "Otto Elsewhere has no closed non-associations in Example B (HMP).")
	require.Contains(t, b.get("/prisoner/A0135GA/non-associations/closed").text("main"), "Bertram Sample has no closed non-associations in other establishments.")
	require.Contains(t, b.get("/prisoner/A4444AA/non-associations").text("main"), "Trent Transit has no open non-associations in an establishment.")
}

// TestList_tagsDatesAndNamesTypesOfNOMIS has the records that only NOMIS can make.
func TestList_tagsDatesAndNamesTypesOfNOMIS(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ahead := domain.LocalDateTime("2026-12-31T00:00:00")
	h.tell(domain.NOMIS, adam, bert, item(adam, bert, func(i *domain.Item) {
		i.TypeCode, i.EffectiveDate, i.ExpiryDate = domain.TypeTotal, "2026-08-01T09:00:00", &ahead
	}))
	h.tell(domain.NOMIS, adam, john, item(adam, john, func(i *domain.Item) { i.TypeCode = domain.TypeDoNotExercise }))
	p := h.signIn("OFFICER_A").get(adamsList)
	require.Equal(t, []string{"Starts 01/08/2026", "Ends 31/12/2026"}, p.all("table#same .govuk-tag"))
	require.Contains(t, p.text("table#same"), "Cell, landing and wing – NOMIS: Total Non Association")
	require.Contains(t, p.text("table#same"), "Cell, landing and wing – NOMIS: Do Not Exercise Together")
}

// TestList_isFoundOnlyForWhomSomebodyKnows holds numbers that are none, that nobody knows,
// and that only a tombstone is left of.
func TestList_isFoundOnlyForWhomSomebodyKnows(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := h.signIn("OFFICER_A")
	for _, number := range []string{"Z9999ZZ", "A910", "A9109UDX", "%41%00", "<script>", "A9109UD%20"} {
		for _, end := range []string{"", "/closed", ".csv", "/closed.csv", "/history", "/history?trueAt=2026-01-01", "/" + uuid.NewString()} {
			require.Equal(t, http.StatusNotFound, b.get("/prisoner/"+number+"/non-associations"+end).Code, number+end)
		}
	}
	views := h.views(store.ViewFilter{Prisoner: nobody})
	require.Len(t, views, 7, "each is kept")
	for _, view := range views {
		require.True(t, view.Refused)
		require.Equal(t, []domain.PrisonerNumber{nobody}, view.Subjects)
	}
	h.execute(adam, nobody, "MANAGER_A", domain.Delete{ID: h.open(adam, nobody), DeletionReason: "Mistake", RequestedBy: "BOSS"})
	p := b.get("/prisoner/Z9999ZZ/non-associations")
	require.Equal(t, http.StatusOK, p.Code, "the log holds something of the number")
	require.Contains(t, p.text("main"), "Z9999ZZ has no open non-associations.")
}

// TestList_withoutTheDirectoryHasNumbersAndNoWrites shows the whole list all the same.
func TestList_withoutTheDirectoryHasNumbersAndNoWrites(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ids := []string{h.open(adam, otto).String()}
	h.pass(time.Minute)
	ids = append(ids, h.open(adam, merlin).String())
	b := h.signIn("MANAGER_A")
	h.directory.Down(true)
	p := b.get(adamsList + "?sameSort=LAST_NAME&establishment=XAB")
	require.Equal(t, http.StatusOK, p.Code)
	require.Equal(t, []string{"unknown"}, p.tables())
	require.Equal(t, []string{ids[1], ids[0]}, p.ids("unknown"), "the newest first")
	require.Equal(t, "A9109UD’s non-associations", p.text("h1"))
	require.Equal(t, noNames+" Filter XAB is not known and was ignored.", p.text("#warning .moj-alert__content"))
	require.Zero(t, p.Find("main a[href*='/add/']").Length())
	require.Zero(t, p.Find("#unknown th[aria-sort]").Length())
	require.Equal(t, http.StatusServiceUnavailable, b.get(adamsList+".csv").Code)
	require.Equal(t, http.StatusServiceUnavailable, b.get(adamsList+"/closed.csv").Code)
	require.Equal(t, http.StatusOK, b.get("/prisoner/Z9999ZZ/non-associations").Code, "nobody is unknown now")
}

// TestList_withoutAWholeAnswerIsAsWithoutAny also when the key prisoner's place is still
// known: who is near cannot be told.
func TestList_withoutAWholeAnswerIsAsWithoutAny(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.open(adam, merlin)
	b := h.signIn("OFFICER_A")
	require.NotZero(t, b.get(adamsList).Find("main a[href*='/add/']").Length())
	h.open(adam, otto)
	h.directory.Down(true)
	p := b.get(adamsList)
	require.Equal(t, http.StatusOK, p.Code)
	require.Equal(t, noNames, p.text("#warning .moj-alert__content"))
	require.Equal(t, []string{"unknown"}, p.tables())
	require.Len(t, p.ids("unknown"), 2)
	require.Zero(t, p.Find("main a[href*='/add/']").Length())
}

// TestList_ofARemovedNumberIsThatOfTheSurvivor says so only when the log does.
func TestList_ofARemovedNumberIsThatOfTheSurvivor(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id := h.open(adam, merlin)
	h.merge(merlin, bert)
	b := h.signIn("OFFICER_A")
	to := b.get("/prisoner/d5678ef/non-associations?reason=BULLYING&merged=A1234BC")
	require.Equal(t, http.StatusFound, to.Code)
	require.Equal(t, "/prisoner/A0135GA/non-associations?merged=D5678EF&reason=BULLYING", to.location())
	p := b.get(to.location())
	require.Equal(t, "D5678EF is now A0135GA.", p.text("#warning .moj-alert__content"))
	require.Equal(t, []string{id.String()}, p.ids("same"))
	for _, end := range []string{"/closed", ".csv", "/closed.csv"} {
		require.Equal(t, "/prisoner/A0135GA/non-associations"+end+"?merged=D5678EF", b.get("/prisoner/D5678EF/non-associations"+end).location())
	}
	for _, lie := range []string{"A1234BC", "<b>", "A0135GA", ""} {
		require.Zero(t, b.get("/prisoner/A0135GA/non-associations?merged="+lie).Find("#warning").Length(), lie)
	}
	again := h.open(adam, merlin)
	p = b.get("/prisoner/D5678EF/non-associations")
	require.Equal(t, http.StatusOK, p.Code, "a record stands under the number again")
	require.Equal(t, []string{again.String()}, p.ids("same"))
}
