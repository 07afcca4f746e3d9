package screens_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/commands"
	"nonassociations/domain"
	"nonassociations/queries/whereabouts"
	"nonassociations/web/screens/store"
)

// nomisRecord gives a pair a record that NOMIS told, with a type of its own. It begins on
// a day.
func (h *house) nomisRecord(a, b domain.PrisonerNumber, code domain.TypeCode, from domain.LocalDateTime) {
	h.t.Helper()
	pair, err := domain.NewPair(a, b)
	require.NoError(h.t, err)
	told, err := h.commands.Sync(h.t.Context(), domain.Cause{CommandID: uuid.New(), Actor: "SOMEBODY", Source: domain.NOMIS}, []commands.PairSync{{
		Pair: pair, Sync: domain.Sync{About: a, Items: []domain.Item{{
			EffectiveDate: from, TypeCode: code,
			ReasonCodes: map[domain.PrisonerNumber]domain.ReasonCode{a: domain.CodeBullying, b: domain.CodePerpetrator},
		}}},
	}})
	require.NoError(h.t, err)
	h.reflects(told.Position.Uint64())
}

const longAgo domain.LocalDateTime = "2020-01-01T00:00:00"

// TestSheet_listsByPerson with both directions of each record.
func TestSheet_listsByPerson(t *testing.T) {
	t.Parallel()
	h := newPrison(t, examplePeople())
	h.open(adam, john, apartBy(domain.Cell))
	id := h.open(adam, merlin, func(o *domain.Open) { o.Reason = domain.Threat })
	h.open(rex, merlin)
	h.open(adam, otto) // in another prison
	h.open(john, pat)  // outside
	b := h.signIn("OFFICER_A")
	p := b.get("/prison/XAA")
	require.Equal(t, http.StatusOK, p.Code, p.Text)
	require.Equal(t, "Who must be kept apart – Non-associations", p.text("title"))
	require.Equal(t, "Who must be kept apart in Example A (HMP)", p.text("h1"))
	require.Equal(t, []string{"Prisoner", "Location", "Keep from", "Their location", "Where to keep apart", "Reason", "Too close now", "Actions"}, p.heads("#apart"))
	require.Equal(t, "4 prisoners", p.text("main p[role=status]"))
	want := [][]string{
		{"Ception, Rex A1111AA", "RECP", "Somerplumbs, Merlin D5678EF", "A-2-004", "Cell, landing and wing", "Bullying", "", "View details of Rex Ception (A1111AA) and Merlin Somerplumbs (D5678EF)"},
		{"Doe, John A1234BC", "A-1-001", "Example, Adam A9109UD", "A-1-001", "Cell only", "Bullying", "Same cell", "View details of John Doe (A1234BC) and Adam Example (A9109UD)"},
		{"Example, Adam A9109UD", "A-1-001", "Doe, John A1234BC", "A-1-001", "Cell only", "Bullying", "Same cell", "View details of Adam Example (A9109UD) and John Doe (A1234BC)"},
		{"Example, Adam A9109UD", "A-1-001", "Somerplumbs, Merlin D5678EF", "A-2-004", "Cell, landing and wing", "Threat", "Same wing", "View details of Adam Example (A9109UD) and Merlin Somerplumbs (D5678EF)"},
		{"Somerplumbs, Merlin D5678EF", "A-2-004", "Ception, Rex A1111AA", "RECP", "Cell, landing and wing", "Bullying", "", "View details of Merlin Somerplumbs (D5678EF) and Rex Ception (A1111AA)"},
		{"Somerplumbs, Merlin D5678EF", "A-2-004", "Example, Adam A9109UD", "A-1-001", "Cell, landing and wing", "Threat", "Same wing", "View details of Merlin Somerplumbs (D5678EF) and Adam Example (A9109UD)"},
	}
	require.Equal(t, want, p.cells("#apart"))
	require.Equal(t, 4, p.Find("table#apart tbody").Length(), "one group a person, which stays together on paper")
	require.Equal(t, "/prisoner/A9109UD/non-associations/"+id.String(), p.link(want[3][7]))
	require.Equal(t, "/prisoner/A9109UD/non-associations", p.link("Example, Adam A9109UD"))
	require.Equal(t, "/prison/XAA/too-close", p.link("Too close now"))
	require.Equal(t, "/prison/XAA/move-check", p.link("Check a move"))
	require.Zero(t, p.Find("svg#picture").Length())
	view := h.views(store.ViewFilter{})[0]
	require.Equal(t, store.PagePrison, view.Page)
	require.Empty(t, view.Subjects)
	require.Equal(t, []domain.PrisonerNumber{rex, john, adam, merlin}, view.Shown)

	p = b.get("/prison/XAA?reason=THREAT")
	require.Equal(t, [][]string{want[3], want[5]}, p.cells("#apart"))
	require.Equal(t, "/prison/XAA.csv?reason=THREAT", p.link("Download as CSV"))
	require.Equal(t, "/prison/XAA", p.link("Clear filters"))
	require.Equal(t, 1, p.Find(`input[name=reason][value=THREAT][checked]`).Length())
	require.Equal(t, "No record matches the filters.", b.get("/prison/XAA?reason=VIOLENCE").text("main p:contains(filters)"))
	require.Len(t, b.get("/prison/XAA?wing=a&reason=BULLYING").cells("#apart"), 4)
}

// TestSheet_ofNobody is a sentence.
func TestSheet_ofNobody(t *testing.T) {
	t.Parallel()
	h := newPrison(t, examplePeople())
	p := h.signIn("OFFICER_A").get("/prison/XAA")
	require.Contains(t, p.text("main"), "No open record of two people in this prison was found.")
	require.Zero(t, p.Find("table").Length())
	h.directory.Miss(3)
	h.pass(whereabouts.Fresh)
	p = h.signIn("OFFICER_A").get("/prison/XAA")
	require.Equal(t, "3 people of this prison could not be read.", p.text("#incomplete"))
	require.Equal(t, http.StatusServiceUnavailable, h.signIn("OFFICER_A").get("/prison/XAA.csv").Code, "a file does not say what is missing")
}

// TestSheet_namesWhatItIgnores whatever it is.
func TestSheet_namesWhatItIgnores(t *testing.T) {
	t.Parallel()
	h := newPrison(t, examplePeople())
	h.open(adam, john)
	b := h.signIn("OFFICER_A")
	hostile := `<script>alert(1)</script>'"\` + "\x00"
	p := b.get("/prison/XAA?" + url.Values{"wing": {"Q", hostile, "A", ""}, "reason": {"NONE", hostile}, "page": {"-7"}, hostile: {hostile}}.Encode())
	require.Equal(t, http.StatusOK, p.Code)
	require.Len(t, p.cells("#apart"), 2)
	require.Contains(t, p.text("#warning"), "Filter Q is not known and was ignored.")
	require.Contains(t, p.text("#warning"), "Filter NONE is not known and was ignored.")
	require.Contains(t, p.text("#warning"), "Filter <script>alert(1)</script>")
	require.Zero(t, p.Find("main script").Length())
	require.Equal(t, 4, p.Find("#warning p").Length())
}

// TestSheet_asAFile has the page's filters, and cells that no spreadsheet computes.
func TestSheet_asAFile(t *testing.T) {
	t.Parallel()
	r := examplePeople()
	r.put(merlin, "=SOMER,PLUMBS", "@MERLIN", "XAA", "A-2-004")
	h := newPrison(t, r)
	h.nomisRecord(adam, merlin, domain.TypeTotal, longAgo)
	h.open(adam, john, apartBy(domain.Cell), func(o *domain.Open) { o.Reason = domain.Violence })
	b := h.signIn("OFFICER_A")
	require.Len(t, strings.Split(b.get("/prison/XAA.csv?reason=VIOLENCE").Text, "\r\n"), 4)
	h.pass(time.Second)
	p := b.get("/prison/XAA.csv")
	require.Equal(t, http.StatusOK, p.Code)
	require.Equal(t, "text/csv; charset=utf-8", p.Header.Get("Content-Type"))
	require.Equal(t, "attachment; filename=non-associations-XAA.csv", p.Header.Get("Content-Disposition"))
	lines := strings.Split(strings.TrimSuffix(p.Text, "\r\n"), "\r\n")
	require.Equal(t, "\uFEFFPrison number,Last name,First name,Location,Keep from number,Keep from last name,Keep from first name,Their location,Where to keep apart,NOMIS type,Reason,Id,Position", lines[0])
	require.Len(t, lines, 5)
	require.Regexp(t, `^A1234BC,Doe,John,A-1-001,A9109UD,Example,Adam,A-1-001,Cell only,,Violence,[0-9a-f-]{36},[0-9]+$`, lines[2])
	require.Contains(t, p.Text, `A9109UD,Example,Adam,A-1-001,D5678EF,"'=Somer,Plumbs",'@Merlin,A-2-004,`)
	require.Contains(t, p.Text, "Total Non Association")
	view := h.views(store.ViewFilter{})[0]
	require.Equal(t, store.PagePrisonCSV, view.Page)
	require.Contains(t, view.Shown, merlin)
}

// TestSheet_namesTheTypeOfNOMIS that says more than the restriction, on every page.
func TestSheet_namesTheTypeOfNOMIS(t *testing.T) {
	t.Parallel()
	h := newPrison(t, examplePeople())
	h.nomisRecord(adam, merlin, domain.TypeTotal, longAgo)
	h.nomisRecord(bert, merlin, domain.TypeDoNotExercise, longAgo)
	b := h.signIn("OFFICER_A")
	for _, path := range []string{"/prison/XAA", "/prison/XAA/too-close", "/prison/XAA/move-check?prisoner=D5678EF&to=A"} {
		p := b.get(path)
		require.Contains(t, p.text("main table"), "– NOMIS: Total Non Association", path)
		require.Contains(t, p.text("main table"), "– NOMIS: Do Not Exercise Together", path)
		require.Contains(t, p.text("main table"), "Same wing", "they count as wing: "+path)
	}
}

// TestSheet_hostileNamesAreText on every page and in the picture.
func TestSheet_hostileNamesAreText(t *testing.T) {
	t.Parallel()
	r := examplePeople()
	const name = `<img src=x onerror=alert(1)>"'&`
	r.put(adam, name, name, "XAA", "A-1-001")
	r.put(john, strings.Repeat("W", 300), name, "XAA", `A-1-"><b>`)
	r.put(bert, "SAMPLE", "BERTRAM", "XAA", `<b>RECP</b>`)
	h := newPrison(t, r)
	h.open(adam, john)
	h.open(adam, bert)
	b := h.signIn("OFFICER_A")
	for _, path := range []string{"/prison/XAA", "/prison/XAA?wing=A", "/prison/XAA/too-close", "/prison/XAA/move-check?prisoner=A9109UD"} {
		p := b.get(path)
		require.Equal(t, http.StatusOK, p.Code, path)
		require.Zero(t, p.Find("main img, main b, [onerror]").Length(), path)
		require.Contains(t, strings.ToLower(p.text("main")), "<img src=x onerror=alert(1)>", path)
		require.Contains(t, p.text("main"), "<b>RECP</b>", path)
	}
}

// TestPicture_standsForOneWing of at most 150 people, and has the links of the table.
func TestPicture_standsForOneWing(t *testing.T) {
	t.Parallel()
	h := newPrison(t, examplePeople())
	h.open(adam, john, apartBy(domain.Cell))    // the same cell
	h.open(bert, john, apartBy(domain.Landing)) // the same landing
	h.open(bert, merlin, apartBy(domain.Cell))
	h.open(adam, rex)
	b := h.signIn("OFFICER_A")
	for _, without := range []string{"", "?reason=BULLYING", "?wing=Q", "?wing=A&reason=VIOLENCE"} {
		require.Zero(t, b.get("/prison/XAA"+without).Find("#picture, #picture-title").Length(), without)
	}
	p := b.get("/prison/XAA?wing=A")
	svg := p.Find("svg#picture")
	require.Equal(t, 1, svg.Length())
	require.Equal(t, "group", svg.AttrOr("role", ""))
	require.Equal(t, "Picture of wing A", p.text("#"+svg.AttrOr("aria-labelledby", "")))
	require.Equal(t, "#apart", p.link("Skip the picture"))
	require.Equal(t, 1, p.Find("#apart").Length())
	require.Equal(t, 1, p.Find(`[role=region][tabindex="0"][aria-label] > svg`).Length())
	require.Zero(t, p.Find("[style]").Length())

	table := map[string]bool{}
	p.Find("#apart a").Each(func(_ int, a *goquery.Selection) { table[a.AttrOr("href", "")] = true })
	var labels, breaches, landings []string
	svg.Find("a").Each(func(_ int, a *goquery.Selection) {
		require.True(t, table[a.AttrOr("href", "")])
		require.Regexp(t, `/non-associations/[0-9a-f-]{36}$`, a.AttrOr("href", ""))
		require.Equal(t, "-1", a.AttrOr("tabindex", ""))
		labels = append(labels, a.AttrOr("aria-label", ""))
		if text := a.Find("text").Text(); text != "" {
			breaches = append(breaches, text)
			require.True(t, strings.HasPrefix(a.AttrOr("aria-label", ""), text), "the name begins with what is seen")
		}
	})
	require.ElementsMatch(t, []string{
		"Same cell: Doe, John (A1234BC) and Example, Adam (A9109UD). Cell only",
		"Same landing: Sample, Bertram (A0135GA) and Doe, John (A1234BC). Cell and landing",
		"Sample, Bertram (A0135GA) and Somerplumbs, Merlin (D5678EF). Cell only",
		"Ception, Rex (A1111AA) and Example, Adam (A9109UD). Cell, landing and wing",
	}, labels)
	require.ElementsMatch(t, []string{"Same cell: Doe, John (A1234BC) and Example, Adam (A9109UD)", "Same landing: Sample, Bertram (A0135GA) and Doe, John (A1234BC)"}, breaches)
	svg.Find(".app-picture__landing").Each(func(_ int, one *goquery.Selection) { landings = append(landings, one.Text()) })
	require.Equal(t, []string{"Landing A-1", "Landing A-2", "In no known cell"}, landings)
	again, _ := b.get("/prison/XAA?wing=A").Find("svg#picture").Html()
	first, _ := svg.Html()
	require.Equal(t, first, again)
}

// TestPicture_ofManyHasNoTextOnAnother draws 150 people, and none of 151.
func TestPicture_ofManyHasNoTextOnAnother(t *testing.T) {
	t.Parallel()
	r := &residents{}
	number := func(i int) domain.PrisonerNumber { return domain.PrisonerNumber(fmt.Sprintf("B%04dAA", i)) }
	for i := range 151 {
		r.put(number(i), fmt.Sprintf("LAST%c", 'A'+rune(i%26)), "FIRST", "XAA", fmt.Sprintf("A-%d-%03d", i%4+1, i/8))
	}
	h := newPrison(t, r)
	for i := range 149 {
		h.open(number(i), number(i+1))
		if i%3 == 0 && i+40 < 150 {
			h.open(number(i), number(i+40), apartBy(domain.Cell))
		}
	}
	b := h.signIn("OFFICER_A")
	p := b.get("/prison/XAA?wing=A")
	require.Equal(t, 150, p.Find("svg#picture circle").Length())
	lines := map[string]bool{} // one text a line in each of the two columns
	p.Find("svg#picture text").Each(func(_ int, one *goquery.Selection) {
		at := one.AttrOr("x", "") + " " + one.AttrOr("y", "")
		require.False(t, lines[at], "two texts at %s", at)
		lines[at] = true
	})
	var ys []int
	p.Find("svg#picture .app-picture__breach").Each(func(_ int, one *goquery.Selection) {
		var y int
		_, err := fmt.Sscan(one.AttrOr("y", ""), &y)
		require.NoError(t, err)
		ys = append(ys, y)
	})
	require.NotEmpty(t, ys)
	for i, y := range ys {
		for _, other := range ys[:i] {
			require.GreaterOrEqual(t, max(y-other, other-y), 20)
		}
	}
	h.open(number(150), number(0))
	require.Zero(t, b.get("/prison/XAA?wing=A").Find("svg").Length())
}

// TestSheet_ofAVeryLargePrisonHasPages that say what they list. Each person is on one.
func TestSheet_ofAVeryLargePrisonHasPages(t *testing.T) {
	t.Parallel()
	h := largePrison(t, 600, 1700)
	b := h.signIn("OFFICER_A")
	found, rows := map[string]int{}, 0
	for _, page := range []string{"", "?page=2"} {
		p := b.get("/prison/XAA" + page)
		require.Equal(t, 1, p.Find("nav[aria-label=Pagination]").Length())
		require.Regexp(t, `^Showing [0-9]+ to [0-9]+ of 600 prisoners$`, p.text("main p[role=status]"))
		here := map[string]bool{}
		for _, row := range p.cells("#apart") {
			here[row[0]] = true
			rows++
		}
		for one := range here {
			found[one]++
			require.Equal(t, 1, found[one], "%s is on two pages", one)
		}
	}
	require.Len(t, found, 600)
	require.Equal(t, 3400, rows)
	require.Equal(t, b.get("/prison/XAA?page=2").cells("#apart"), b.get("/prison/XAA?page=99").cells("#apart"))
	require.Equal(t, 3401, strings.Count(b.get("/prison/XAA.csv").Text, "\r\n"))
}
