package screens_test

import (
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
)

// TestList_isFiltered by every filter and by several at once.
func TestList_isFiltered(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	with := func(reason domain.Reason, restriction domain.Restriction) func(*domain.Open) {
		return func(o *domain.Open) { o.Reason, o.Restriction = reason, restriction }
	}
	ids := map[string]string{
		"bert": h.open(adam, bert, with(domain.Bullying, domain.Cell)).String(), "merlin": h.open(adam, merlin, with(domain.Threat, domain.Cell)).String(),
		"otto": h.open(adam, otto, with(domain.Threat, domain.Wing)).String(), "ossie": h.open(adam, ossie, with(domain.Bullying, domain.Wing)).String(),
	}
	b := h.signIn("OFFICER_A")
	for query, want := range map[string][]string{
		"reason=BULLYING": {"bert", "ossie"}, "reason=BULLYING&reason=THREAT": {"bert", "merlin", "otto", "ossie"},
		"restriction=CELL": {"bert", "merlin"}, "restriction=CELL&reason=THREAT": {"merlin"}, "establishment=XAB": {"otto"},
		"establishment=XAA&establishment=XAB&restriction=WING": {"otto"}, "restriction=LANDING": nil, "reason=THREAT&establishment=XAA&reason=THREAT": {"merlin"},
	} {
		p := b.get(adamsList + "?" + query)
		require.Equal(t, http.StatusOK, p.Code)
		var wanted []string
		for _, one := range want {
			wanted = append(wanted, ids[one])
		}
		shown := slices.Concat(p.ids("same"), p.ids("other"), p.ids("outside"))
		require.ElementsMatch(t, wanted, shown, query)
		require.Contains(t, p.text("main"), string('0'+rune(len(want)))+" of 4 shown", query)
		require.Equal(t, "Open (4 records)", p.text(`nav a[aria-current="page"]`), "the counts are unfiltered")
		require.Zero(t, p.Find("#warning").Length())
		require.Equal(t, adamsList, p.link("Clear filters"))
		csv := b.get(p.link("Download as CSV"))
		require.Len(t, rowsIn(t, csv), 1+len(want), query)
		if len(want) == 0 {
			require.Equal(t, []string{"No record matches the filters.", "No record matches the filters.", "No record matches the filters."}, p.all("main h2 + p"))
		}
	}
	p := b.get(adamsList + "?reason=THREAT&otherSort=LAST_NAME")
	form := p.form(`form[method=get]`, nil)
	require.Equal(t, url.Values{"reason": {"THREAT"}, "otherSort": {"LAST_NAME"}}, form)
	require.Equal(t, adamsList+"?otherSort=LAST_NAME", p.link("Clear filters"))
	require.Equal(t, []string{"Bullying", "Gang related", "Organised crime", "Police or legal request", "Threat", "Violence", "Other"}, p.all("label[for^=filter-reason]"))
	require.Equal(t, []string{"Cell only", "Cell and landing", "Cell, landing and wing"}, p.all("label[for^=filter-restriction]"))
	require.Equal(t, []string{"Example A (HMP)", "Example B (HMP)"}, p.all("label[for^=filter-establishment]"))
	require.Equal(t, []string{"Reason", "Where to keep apart", "Establishment"}, p.all("main legend"))
	require.NotContains(t, b.get(adamsList).text("main"), "shown")
}

// TestList_namesFiltersThatItIgnores and shows everything then.
func TestList_namesFiltersThatItIgnores(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.open(adam, merlin)
	b := h.signIn("OFFICER_A")
	for query, value := range map[string]string{
		"reason=bullying": "bullying", "restriction=WINGS": "WINGS", "establishment=XAB": "XAB", "establishment=TRN": "TRN",
		"reason=" + url.QueryEscape(`"><script>alert(1)</script>`): `"><script>alert(1)</script>`, "establishment=" + url.QueryEscape("é\u2028'"): "é\u2028'",
	} {
		p := b.get(adamsList + "?" + query)
		require.Equal(t, http.StatusOK, p.Code)
		require.Contains(t, p.Find("#warning").Text(), "Filter "+value+" is not known and was ignored.")
		require.Len(t, p.ids("same"), 1, query)
		require.NotContains(t, p.text("main"), " shown")
		require.Zero(t, p.Find("script:not([src]):not([nonce])").Length())
		require.Equal(t, adamsList+".csv", p.link("Download as CSV"), "what is ignored goes no further")
		require.Len(t, rowsIn(t, b.get(adamsList+".csv?"+query)), 2)
	}
	require.Len(t, b.get(adamsList+"?reason=A&reason=A&restriction=B").all("#warning p"), 2, "each is named once")
}

// TestList_isSortedByEveryColumn of the real system, in both directions.
func TestList_isSortedByEveryColumn(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	opened := map[string]string{}
	for _, other := range []domain.PrisonerNumber{rex, bert, john, ray, merlin} {
		opened[h.open(adam, other).String()] = string(other)
		h.pass(time.Minute)
	}
	ids := func(p *page) (numbers []string) {
		for _, id := range p.ids("same") {
			numbers = append(numbers, opened[id])
		}
		return numbers
	}
	const (
		aRex, aRay, aBert, aJohn, aMerlin = string(rex), string(ray), string(bert), string(john), string(merlin)
	)
	byTime := []string{aRex, aBert, aJohn, aRay, aMerlin}
	byName := []string{aRay, aRex, aJohn, aBert, aMerlin}
	b := h.signIn("OFFICER_A")
	for column, ascending := range map[string][]string{
		"WHEN_CREATED": byTime, "WHEN_UPDATED": byTime, "LAST_NAME": byName, "FIRST_NAME": {aBert, aJohn, aMerlin, aRay, aRex},
		"PRISONER_NUMBER": {aBert, aRex, aJohn, aRay, aMerlin}, "CELL_LOCATION": {aJohn, aBert, aMerlin, aRay, aRex},
		// Everybody has the same, or none: ties go by name.
		"PRISON_ID": byName, "PRISON_NAME": byName, "WHEN_CLOSED": byName,
	} {
		require.Equal(t, ascending, ids(b.get(adamsList+"?sameSort="+column+"&sameOrder=ASC")), column)
		descending := slices.Clone(ascending)
		switch column {
		case "PRISON_ID", "PRISON_NAME", "WHEN_CLOSED":
		case "LAST_NAME":
			descending = []string{aMerlin, aBert, aJohn, aRay, aRex}
		case "CELL_LOCATION":
			descending = []string{aRay, aRex, aMerlin, aBert, aJohn}
		default:
			slices.Reverse(descending)
		}
		require.Equal(t, descending, ids(b.get(adamsList+"?sameSort="+column+"&sameOrder=DESC")), column)
	}
	slices.Reverse(byTime)
	require.Equal(t, byTime, ids(b.get(adamsList)), "the newest first")
	require.Equal(t, byTime, ids(b.get(adamsList+"?sameSort=WHEN_CREATED")), "a date without an order too")
	require.Equal(t, byName, ids(b.get(adamsList+"?sameSort=LAST_NAME")))
	slices.Reverse(byTime)
	require.Equal(t, byTime, ids(b.get(adamsList+"?sameOrder=ASC")))
}

// TestList_hasMissingValuesLast in both directions.
func TestList_hasMissingValuesLast(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ends := func(other domain.PrisonerNumber, at domain.LocalDateTime) string {
		return h.tell(domain.NOMIS, trent, other, item(trent, other, func(i *domain.Item) { i.ExpiryDate = &at })).String()
	}
	first, second, none := ends(bert, "2027-01-01T00:00:00"), ends(merlin, "2028-01-01T00:00:00"), h.open(trent, otto).String()
	b := h.signIn("OFFICER_A")
	list := "/prisoner/A4444AA/non-associations?anySort=WHEN_CLOSED&anyOrder="
	require.Equal(t, []string{first, second, none}, b.get(list+"ASC").ids("any"))
	require.Equal(t, []string{second, first, none}, b.get(list+"DESC").ids("any"))
}

// TestList_linksSort by the columns of the design, and carry the sorts of the others.
func TestList_linksSort(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, other := range []domain.PrisonerNumber{merlin, otto, ossie, una} {
		h.open(adam, other)
	}
	h.closeBetween(adam, bert, h.open(adam, bert))
	b := h.signIn("OFFICER_A")
	p := b.get(adamsList + "?otherSort=LAST_NAME&otherOrder=DESC&reason=BULLYING")
	hrefs := func(p *page, table string) map[string]string {
		links := map[string]string{}
		for _, name := range p.all("table#" + table + " th a") {
			if name == "View details" {
				continue
			}
			for i, text := range p.all("table#" + table + " thead a") {
				if text == name {
					links[name] = p.Find("table#"+table+" thead a").Eq(i).AttrOr("href", "")
				}
			}
		}
		return links
	}
	carried := "otherOrder=DESC&otherSort=LAST_NAME&reason=BULLYING"
	require.Equal(t, map[string]string{
		"Name":         adamsList + "?" + carried + "&sameOrder=ASC&sameSort=LAST_NAME",
		"Location":     adamsList + "?" + carried + "&sameOrder=ASC&sameSort=CELL_LOCATION",
		"Last updated": adamsList + "?" + carried + "&sameOrder=ASC&sameSort=WHEN_UPDATED", // turned round
	}, hrefs(p, "same"))
	require.Equal(t, map[string]string{
		"Name":          adamsList + "?otherOrder=ASC&otherSort=LAST_NAME&reason=BULLYING", // turned round
		"Establishment": adamsList + "?otherOrder=ASC&otherSort=PRISON_NAME&reason=BULLYING",
		"Last updated":  adamsList + "?otherOrder=DESC&otherSort=WHEN_UPDATED&reason=BULLYING", // the newest first
	}, hrefs(p, "other"))
	require.Len(t, hrefs(p, "outside"), 2, "a place outside is no column to sort by")
	require.NotContains(t, hrefs(p, "outside"), "Location")
	require.Empty(t, hrefs(p, "unknown"))
	require.Equal(t, "descending", p.Find("table#other th").First().AttrOr("aria-sort", ""))
	require.Equal(t, "descending", p.Find("table#same th").Eq(4).AttrOr("aria-sort", ""))
	require.Equal(t, "none", p.Find("table#same th").First().AttrOr("aria-sort", ""))
	p = b.get(adamsList + "/closed")
	require.Equal(t, adamsList+"/closed?sameOrder=ASC&sameSort=WHEN_CLOSED", hrefs(p, "same")["Date closed"])
	p = b.get("/prisoner/A4444AA/non-associations")
	require.Equal(t, http.StatusOK, p.Code)
}

// TestList_refusesABadSort with the tables in their default order below it.
func TestList_refusesABadSort(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	first := h.open(adam, merlin).String()
	h.pass(time.Minute)
	second := h.open(adam, bert).String()
	b := h.signIn("OFFICER_A")
	for query, text := range map[string]string{
		"sameSort=NAME": "Invalid sort column", "sameSort=last_name": "Invalid sort column", "sameSort=": "Invalid sort column",
		"sameSort=LAST_NAME&sameSort=FIRST_NAME": "Invalid sort column", "sameSort=LAST_NAME&otherSort=" + url.QueryEscape("<script>"): "Invalid sort column",
		"sameSort=LAST_NAME&sameOrder=UP": "Invalid order", "outsideOrder=asc": "Invalid order", "anySort=LAST_NAME&anyOrder=": "Invalid order",
	} {
		p := b.get(adamsList + "?" + query)
		require.Equal(t, http.StatusBadRequest, p.Code, query)
		require.Equal(t, "Error: Non-associations – Non-associations", p.text("title"))
		require.Equal(t, "There is a problem "+text, p.text(".govuk-error-summary"))
		require.Equal(t, []string{second, first}, p.ids("same"), query)
		require.Equal(t, adamsList+".csv", p.link("Download as CSV"))
		require.Equal(t, http.StatusBadRequest, b.get(adamsList+".csv?"+query).Code)
	}
	require.Equal(t, http.StatusOK, b.get(adamsList+"?unknownSort=NAME&unknownOrder=x").Code, "that table has one order")
}

// TestList_outsideIsSortedByEveryRealValue also by the name that the directory gives the
// place, which no column shows.
func TestList_outsideIsSortedByEveryRealValue(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	inTransfer, outside := h.open(adam, trent).String(), h.open(adam, ossie).String()
	b := h.signIn("OFFICER_A")
	require.Equal(t, []string{outside, inTransfer}, b.get(adamsList+"?outsideSort=PRISON_NAME&outsideOrder=ASC").ids("outside"))
	require.Equal(t, []string{inTransfer, outside}, b.get(adamsList+"?outsideSort=PRISON_NAME&outsideOrder=DESC").ids("outside"))
}
