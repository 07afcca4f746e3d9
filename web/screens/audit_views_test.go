package screens_test

import (
	"context"
	"encoding/csv"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/web/screens"
	"nonassociations/web/screens/store"
)

// TestAuditViews_sayWhoLookedAtWhom, and are themselves views.
func TestAuditViews_sayWhoLookedAtWhom(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.open(adam, merlin)
	require.Equal(t, http.StatusOK, h.signIn("OFFICER_A").get("/prisoner/A9109UD/non-associations").Code)
	looked := h.views(store.ViewFilter{UserName: "OFFICER_A", Prisoner: adam})
	require.Len(t, looked, 1)
	h.pass(time.Second)
	b := h.signIn("AUDITOR")
	for _, asked := range []domain.PrisonerNumber{adam, merlin} {
		h.pass(time.Second)
		p := b.get("/audit/views?prisoner=" + strings.ToLower(string(asked)))
		require.Equal(t, http.StatusOK, p.Code)
		require.Contains(t, p.rowIDs("views"), looked[0].ID.String())
		row := p.text(`table#views tr[data-id="` + looked[0].ID.String() + `"]`)
		for _, want := range []string{"15/07/2026 13:00:00", "OFFICER_A", "LIST", "A9109UD", "D5678EF", "/prisoner/{pn}/non-associations", looked[0].RequestID.String(), "Build test"} {
			require.Contains(t, row, want)
		}
	}
	own := h.views(store.ViewFilter{UserName: "AUDITOR", Prisoner: merlin})
	require.Len(t, own, 2)
	require.Equal(t, store.PageViews, own[0].Page)
	require.Equal(t, []domain.PrisonerNumber{merlin}, own[0].Subjects)
	require.Equal(t, []domain.PrisonerNumber{adam}, own[0].Shown)
	require.Equal(t, "prisoner=d5678ef", own[0].Query)
	h.pass(time.Second)
	b.get("/audit/views")
	require.Empty(t, h.views(store.ViewFilter{UserName: "AUDITOR"})[0].Subjects)
}

// TestAuditViews_byUserAndDay: a day is one of London, and the last one is included.
func TestAuditViews_byUserAndDay(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	begin := -13 * time.Hour // 14 July 2026, 23:00 UTC: the 15th begins in London
	before := h.looked("OFFICER_A", begin-time.Microsecond, nil).ID.String()
	first := h.looked("OFFICER_A", begin, nil).ID.String()
	last := h.looked("OFFICER_B", begin+24*time.Hour-time.Microsecond, nil).ID.String()
	after := h.looked("OFFICER_A", begin+24*time.Hour, nil).ID.String()
	b := h.signIn("AUDITOR")
	for query, want := range map[string][]string{
		"from=2026-07-15&to=2026-07-15":                 {last, first},
		"from=2026-07-15":                               {after, last, first},
		"to=2026-07-15":                                 {last, first, before},
		"to=2026-07-14":                                 {before},
		"user=OFFICER_B":                                {last},
		"user=+OFFICER_B+&from=2026-07-15":              {last},
		"prisoner=A9109UD&user=OFFICER_A&to=2026-07-15": {first, before},
	} {
		found := slices.DeleteFunc(b.get("/audit/views?"+query).rowIDs("views"), func(id string) bool {
			return !slices.Contains([]string{before, first, last, after}, id) // the auditor's own
		})
		require.Equal(t, want, found, query)
	}
	for _, query := range []string{"user=officer_b", "from=2026-07-16&to=2026-07-15", "prisoner=Z9999ZZ"} {
		p := b.get("/audit/views?" + query)
		require.Equal(t, http.StatusOK, p.Code)
		require.Empty(t, p.rowIDs("views"), query)
		require.Contains(t, p.text("main"), "Nothing was found.")
	}
}

// TestAuditViews_anHourThatComesTwice: the day on which the clocks go back has 25 hours.
func TestAuditViews_anHourThatComesTwice(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	at := time.Date(2026, 10, 25, 23, 30, 0, 0, time.UTC) // 23:30 in London, 24.5 hours after midnight
	late := h.looked("OFFICER_A", at.Sub(noon), nil).ID.String()
	h.looked("OFFICER_A", at.Add(30*time.Minute).Sub(noon), nil)
	require.Equal(t, []string{late}, h.signIn("AUDITOR").get("/audit/views?from=2026-10-25&to=2026-10-25").rowIDs("views"))
}

// TestAuditViews_pageByPage: none is left out or shown twice, also when others are added
// meanwhile and several are of one moment.
func TestAuditViews_pageByPage(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	var want []string
	for n := range 120 {
		want = append(want, h.looked("OFFICER_A", time.Duration(n/7)*time.Microsecond, nil).ID.String())
	}
	b := h.signIn("AUDITOR")
	var seen []string
	address := "/audit/views?user=OFFICER_A"
	for range 3 {
		p := b.get(address)
		seen = append(seen, p.rowIDs("views")...)
		h.looked("OFFICER_A", time.Hour, nil)
		if len(seen) < len(want) {
			require.Len(t, p.rowIDs("views"), 50)
			address = p.link("Older")
			continue
		}
		require.NotContains(t, p.all("nav a"), "Older")
		require.Equal(t, "/audit/views?user=OFFICER_A", p.link("Newest"))
	}
	require.ElementsMatch(t, want, seen)
	for _, wrong := range []string{"x", "1-2", "-1-" + uuid.NewString(), "9223372036854775807-" + uuid.NewString(), "%00", "'"} {
		p := b.get("/audit/views?user=OFFICER_A&before=" + wrong)
		require.Equal(t, http.StatusOK, p.Code, wrong)
		require.Len(t, p.rowIDs("views"), 50, "it begins with the newest")
	}
}

// TestAuditViews_nameWhoWasAskedFor among many, and say how many more there are.
func TestAuditViews_nameWhoWasAskedFor(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	var many []domain.PrisonerNumber
	for n := range 30 {
		many = append(many, domain.PrisonerNumber(fmt.Sprintf("B%04dXX", n)))
	}
	h.looked("OFFICER_A", 0, func(v *store.View) { v.Subjects, v.Shown = nil, many })
	row := h.signIn("AUDITOR").get("/audit/views?prisoner=B0029XX").text("table#views tbody tr")
	require.Contains(t, row, "B0029XX B0000XX")
	require.Contains(t, row, "B0018XX and 10 more")
	require.NotContains(t, row, "B0019XX")
	require.Contains(t, row, "Nobody’s")
}

// TestAuditViewsFile_hasEveryView of the question, and no formula.
func TestAuditViewsFile_hasEveryView(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for n := range 60 {
		h.looked("OFFICER_A", time.Duration(n)*time.Second, nil)
	}
	odd := h.looked("=cmd|' /C calc'!A0", time.Hour, func(v *store.View) {
		v.Page, v.Query, v.Route = store.PageSearch, "q=\"a\",\r\nb", "+route"
		v.Subjects, v.Shown, v.Position = nil, []domain.PrisonerNumber{john, merlin}, 0
		v.OutsideCaseload, v.Refused = true, true
	})
	b := h.signIn("AUDITOR")
	p := b.get("/audit/views?from=2026-07-15")
	require.Len(t, p.rowIDs("views"), 50)
	require.Contains(t, p.text("table#views"), "Refused Outside caseload")
	p = b.get(p.link("Download as CSV"))
	require.Equal(t, http.StatusOK, p.Code)
	require.Equal(t, "text/csv; charset=utf-8", p.Header.Get("Content-Type"))
	require.Equal(t, `attachment; filename=non-associations-views.csv`, p.Header.Get("Content-Disposition"))
	require.True(t, strings.HasPrefix(p.Text, "\uFEFFTime,User,Page,Route,Query,Subjects,Shown,Position,Build,Request id,Outside caseload,Refused\r\n"))
	lines, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(p.Text, "\uFEFF"))).ReadAll()
	require.NoError(t, err)
	require.Len(t, lines, 1+61+1, "with the page that the link was on")
	require.Contains(t, lines, []string{
		"2026-07-15T14:00:00.000+01:00", "'=cmd|' /C calc'!A0", "SEARCH", "'+route", "q=\"a\",\nb", "", "A1234BC D5678EF", "", "b1",
		odd.RequestID.String(), "Yes", "Yes",
	})
	require.True(t, slices.ContainsFunc(lines, func(line []string) bool {
		return line[5] == "A9109UD" && line[7] == "7" && line[10] == "No" && line[11] == "No"
	}))
	own := slices.DeleteFunc(h.views(store.ViewFilter{UserName: "AUDITOR"}), func(v store.View) bool { return v.Route != "/audit/views.csv" })
	require.Len(t, own, 1)
	require.Equal(t, []domain.PrisonerNumber{john, adam, merlin}, own[0].Shown)
	require.Equal(t, http.StatusBadRequest, b.get("/audit/views.csv?from=yesterday").Code)
}

// endless has more views than fit into a file.
type endless struct{ *store.Store }

func (endless) Views(_ context.Context, _ store.ViewFilter, _ store.Cursor, limit int) ([]store.View, error) {
	return make([]store.View, limit), nil
}

// TestAuditViewsFile_isWholeOrRefused.
func TestAuditViewsFile_isWholeOrRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(o *screens.Options) {
		kept, _ := o.Views.(*store.Store)
		o.Views = endless{kept}
	})
	p := h.signIn("AUDITOR").get("/audit/views.csv?prisoner=A9109UD")
	require.Equal(t, http.StatusBadRequest, p.Code)
	require.Contains(t, p.text("#views-from-error"), "More than 50000 views match. Choose fewer days")
	require.Equal(t, []domain.PrisonerNumber{adam}, h.views(store.ViewFilter{UserName: "AUDITOR"})[0].Subjects)
}
