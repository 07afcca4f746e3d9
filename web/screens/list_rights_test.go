package screens_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/web/screens"
)

// TestList_offersAddingOnlyToWhoMay looks at the button and at the advice in its place.
func TestList_offersAddingOnlyToWhoMay(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	const advice = "Need to add non-associations?"
	for user, want := range map[string]struct {
		offered []domain.PrisonerNumber
		advised bool
	}{
		"OFFICER_A":         {[]domain.PrisonerNumber{adam}, false},
		"OFFICER_B":         {[]domain.PrisonerNumber{otto}, false},
		"READER_A":          {nil, true},
		"GLOBAL_SEARCHER":   {[]domain.PrisonerNumber{adam, trent}, false},
		"INACTIVE_SEARCHER": {[]domain.PrisonerNumber{adam, ossie, pat}, false},
		"POM_A":             {[]domain.PrisonerNumber{adam, pat}, false},
	} {
		b := h.signIn(user)
		for _, key := range []domain.PrisonerNumber{adam, otto, trent, ossie, pat, una} {
			p := b.get("/prisoner/" + string(key) + "/non-associations")
			offered := p.Find("main a").FilterFunction(func(_ int, a *goquery.Selection) bool { return words(a) == "Add a non-association" }).Length() == 1
			require.Equal(t, slices.Contains(want.offered, key), offered, "%s of %s", user, key)
			require.Equal(t, want.advised, strings.Contains(p.text("main details"), advice), user)
		}
	}
}

// TestList_leadsToTheProfileOfWhoMayBeViewed needs the address of the estate.
func TestList_leadsToTheProfileOfWhoMayBeViewed(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(o *screens.Options) { o.DPSURL = "https://dps.invalid/" })
	const crumbs = `nav[aria-label="Breadcrumb"] a`
	for user, numbers := range map[string][]domain.PrisonerNumber{
		"OFFICER_A": {adam}, "GLOBAL_SEARCHER": {adam, trent}, "INACTIVE_SEARCHER": {adam, ossie, pat}, "POM_A": {adam, pat},
	} {
		b := h.signIn(user)
		for _, key := range []domain.PrisonerNumber{adam, otto, trent, ossie, pat, una} {
			p := b.get("/prisoner/" + string(key) + "/non-associations")
			require.Equal(t, "Digital Prison Services", p.all(crumbs)[0])
			led := p.Find(`a[href="https://dps.invalid/prisoner/` + string(key) + `"]`).Length()
			require.Equal(t, slices.Contains(numbers, key), led == 1, "%s of %s", user, key)
		}
	}
	p := newHouse(t).signIn("OFFICER_A").get(adamsList)
	require.Equal(t, []string{"Non-associations"}, p.all(crumbs))
	require.Equal(t, "Example, Adam", p.text(`nav[aria-label="Breadcrumb"] [aria-current=page]`))
}
