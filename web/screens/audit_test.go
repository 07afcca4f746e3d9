package screens_test

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	evidence "nonassociations/audit/evidence/store"
	"nonassociations/domain"
	"nonassociations/web/screens"
	"nonassociations/web/screens/store"
)

// auditTitles are the pages of auditors with their titles.
var auditTitles = map[string]string{"/audit/views": "Who looked at whom", "/audit/facts": "Facts", "/audit/actions": "What operators did"}

// looked records that a user looked at a page, some time after noon.
func (h *house) looked(user string, after time.Duration, change func(*store.View)) store.View {
	h.t.Helper()
	v := store.View{
		ID: uuid.New(), At: noon.Add(after), UserName: user, Page: store.PageList, Route: "/prisoner/{pn}/non-associations",
		Subjects: []domain.PrisonerNumber{adam}, Shown: []domain.PrisonerNumber{}, Position: 7, Build: "b1", RequestID: uuid.New(),
	}
	if change != nil {
		change(&v)
	}
	require.NoError(h.t, h.store.InsertView(h.t.Context(), v))
	return v
}

// rowIDs are the data-ids of the rows of a table.
func (p *page) rowIDs(table string) []string {
	var ids []string
	for _, row := range p.Find("table#" + table + " tbody tr").EachIter() {
		ids = append(ids, row.AttrOr("data-id", row.AttrOr("data-event-id", "")))
	}
	return ids
}

// TestAudit_pagesLeadToEachOther, each with its title as h1.
func TestAudit_pagesLeadToEachOther(t *testing.T) {
	h := newHouse(t)
	b := h.signIn("AUDITOR")
	for path, title := range auditTitles {
		p := b.get(path)
		require.Equal(t, http.StatusOK, p.Code, path)
		require.Equal(t, title, p.text("h1"))
		require.Equal(t, title+" – Non-associations", p.text("title"))
		require.Equal(t, title, p.text(`nav[aria-label="Audit"] [aria-current="page"]`))
		require.Contains(t, p.text(`nav[aria-label="Breadcrumb"]`), "Non-associations "+title)
		for other, name := range auditTitles {
			require.Equal(t, other, p.Find(`nav[aria-label="Audit"] a`).FilterFunction(func(i int, _ *goquery.Selection) bool {
				return p.all(`nav[aria-label="Audit"] a`)[i] == name
			}).AttrOr("href", ""), name)
		}
	}
	for _, path := range []string{"/audit/views", "/audit/facts", "/audit/actions", "/audit/views.csv"} {
		require.Equal(t, http.StatusNotFound, h.signIn("MANAGER_A").get(path).Code, path)
	}
}

// TestAuditViews_sayWhoLookedAtWhom, and are themselves views.
func TestAuditViews_sayWhoLookedAtWhom(t *testing.T) {
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
	h := newHouse(t)
	at := time.Date(2026, 10, 25, 23, 30, 0, 0, time.UTC) // 23:30 in London, 24.5 hours after midnight
	late := h.looked("OFFICER_A", at.Sub(noon), nil).ID.String()
	h.looked("OFFICER_A", at.Add(30*time.Minute).Sub(noon), nil)
	require.Equal(t, []string{late}, h.signIn("AUDITOR").get("/audit/views?from=2026-10-25&to=2026-10-25").rowIDs("views"))
}

// TestAuditViews_pageByPage: none is left out or shown twice, also when others are added
// meanwhile and several are of one moment.
func TestAuditViews_pageByPage(t *testing.T) {
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
	h := newHouse(t, func(o *screens.Options) {
		kept, _ := o.Views.(*store.Store)
		o.Views = endless{kept}
	})
	p := h.signIn("AUDITOR").get("/audit/views.csv?prisoner=A9109UD")
	require.Equal(t, http.StatusBadRequest, p.Code)
	require.Contains(t, p.text("#views-from-error"), "More than 50000 views match. Choose fewer days")
	require.Equal(t, []domain.PrisonerNumber{adam}, h.views(store.ViewFilter{UserName: "AUDITOR"})[0].Subjects)
}

// hostileTexts are what a stranger may type.
var hostileTexts = []string{
	`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, "' OR 1=1 --", "\x00", "\xff\xfe", "{{.}}", "%s%n", strings.Repeat("A", 5000), "\u202Eabc", "-1", "0000-01-01",
}

// TestAudit_hostileTextIsText in every field of every form and in the rows.
func TestAudit_hostileTextIsText(t *testing.T) {
	h := newHouse(t)
	for n, hostile := range hostileTexts {
		h.looked(hostile, time.Duration(n)*time.Second, func(v *store.View) { v.Query, v.Route = hostile, hostile })
	}
	require.NoError(t, h.acts.Record(t.Context(), evidence.Action{
		ID: uuid.New(), At: noon, User: hostileTexts[0], Action: hostileTexts[1], Object: hostileTexts[2], Reason: hostileTexts[0], Outcome: evidence.Done, RequestID: hostileTexts[0],
	}))
	b := h.signIn("AUDITOR")
	facts := h.facts()
	for _, path := range []string{"/audit/views", "/audit/views.csv", "/audit/facts", "/audit/actions"} {
		for _, field := range []string{"prisoner", "user", "from", "to", "source", "before", "x"} {
			for _, hostile := range hostileTexts {
				p := b.get(path + "?" + url.Values{field: {hostile}}.Encode())
				require.Contains(t, []int{http.StatusOK, http.StatusBadRequest}, p.Code, "%s %s %q: %s", path, field, hostile, p.text("main"))
				if p.Header.Get("Content-Disposition") == "" {
					require.Zero(t, p.Find("main script, main img").Length(), "%s %s %q", path, field, hostile)
				}
			}
		}
	}
	require.Equal(t, facts, h.facts())
}

// TestAudit_formSaysWhatIsWrong, in the order of the page, and finds nothing then.
func TestAudit_formSaysWhatIsWrong(t *testing.T) {
	h := newHouse(t)
	h.open(adam, merlin)
	b := h.signIn("AUDITOR")
	const tooWide = "Enter a prison number, or two dates at most 31 days apart"
	for address, want := range map[string][]string{
		"views?prisoner=a12&from=1.1.2026&to=x":                {"a12 is not a prison number", "Enter a date", "Enter a date"},
		"views?from=2026-02-30":                                {"Enter a date"},
		"actions?from=2026-13-01&to=2026-07-15T10:00":          {"Enter a date", "Enter a date"},
		"facts?prisoner=A1234B&from=x":                         {"A1234B is not a prison number", "Enter a date"},
		"facts?prisoner=&user=&from=&to=&source=":              {tooWide},
		"facts?user=OFFICER_A":                                 {tooWide},
		"facts?from=2026-07-15":                                {tooWide},
		"facts?from=2026-07-15&to=2026-07-14":                  {tooWide},
		"facts?from=2026-06-01&to=2026-07-03":                  {tooWide},
		"facts?prisoner=A9109UD&prisoner=A9109UD&user=OFFICER": {tooWide},
	} {
		p := b.get("/audit/" + address)
		require.Equal(t, http.StatusBadRequest, p.Code, address)
		require.Equal(t, want, p.all(".govuk-error-summary li a"), address)
		require.True(t, strings.HasPrefix(p.text("title"), "Error: "), address)
		require.Zero(t, p.Find("main table").Length(), address)
		for _, link := range p.Find(".govuk-error-summary li a").EachIter() {
			require.Equal(t, 1, p.Find(link.AttrOr("href", "")).Length(), address)
		}
	}
	form := b.get("/audit/facts?prisoner=A1234B&user=%22x&from=2026-07-15&source=MERGE")
	require.Equal(t, url.Values{"prisoner": {"A1234B"}, "user": {`"x`}, "from": {"2026-07-15"}, "to": {""}, "source": {"MERGE"}}, form.form("main form", nil))
	require.Equal(t, "A1234B is not a prison number", strings.TrimPrefix(form.text("#facts-prisoner-error"), "Error: "))
	views := h.views(store.ViewFilter{UserName: "AUDITOR"})
	require.Empty(t, views[0].Subjects, "nobody was asked for")
}

// TestAuditFacts_areThoseOfTheLog, newest first, with what each says.
func TestAuditFacts_areThoseOfTheLog(t *testing.T) {
	h := newHouse(t)
	id := h.open(adam, merlin)
	comment := "<b>More</b>"
	h.pass(time.Minute)
	h.execute(adam, merlin, "OFFICER_B", domain.Amend{ID: id, Comment: &comment})
	h.pass(time.Minute)
	h.tell(domain.NOMIS, john, adam, item(john, adam))
	h.pass(time.Minute)
	h.execute(adam, merlin, "MANAGER_A", domain.Delete{ID: id, DeletionReason: "Mistake", RequestedBy: "AJONES"})
	h.merge(merlin, otto)
	b := h.signIn("AUDITOR")
	p := b.get("/audit/facts?prisoner=a9109ud")
	require.Equal(t, http.StatusOK, p.Code)
	rows := p.all("table#facts tbody tr")
	require.GreaterOrEqual(t, len(rows), 4)
	require.NotEmpty(t, p.Header.Get("X-Position"))
	require.NotContains(t, p.rowIDs("facts"), "")
	for n, want := range [][]string{
		{"Added", "A9109UD D5678EF", "OFFICER_A", "DPS", "Reason: Bullying", "Where to keep apart: Cell, landing and wing", "A9109UD’s role: Victim", "Comments: Keep them apart", "15/07/2026 13:00:00"},
		{"Updated", "OFFICER_B", "Comments: was Keep them apart, now <b>More</b>", "15/07/2026 13:01:00"},
		{"Added", "A1234BC A9109UD", "NOMIS_USER", "NOMIS", "Comments: Seen fighting", "Starts: 5 July 2021 at 10:35"},
		{"Deleted", "MANAGER_A", "Mistake", "Asked for by AJONES"},
	} {
		for _, text := range want {
			require.Contains(t, rows[len(rows)-1-n], text)
		}
	}
	require.Equal(t, p.rowIDs("facts"), b.get("/audit/facts?from=2026-07-01&to=2026-07-31&prisoner=A9109UD").rowIDs("facts"))
	merged := b.get("/audit/facts?prisoner=D5678EF&source=MERGE").text("table#facts")
	require.Contains(t, merged, "Prisoner numbers merged")
	require.Contains(t, merged, "D5678EF is now A3333AA.")
	require.Len(t, b.get("/audit/facts?prisoner=A9109UD&user=OFFICER_B").rowIDs("facts"), 1)
	require.Len(t, b.get("/audit/facts?prisoner=A9109UD&source=NOMIS").rowIDs("facts"), 1)
	require.Empty(t, b.get("/audit/facts?from=2026-06-14&to=2026-07-14").rowIDs("facts"))
	require.GreaterOrEqual(t, len(b.get("/audit/facts?from=2026-07-15&to=2026-08-15").rowIDs("facts")), 5, "31 days apart")

	odd := b.get("/audit/facts?prisoner=A9109UD&source=PAPER")
	require.Contains(t, odd.text("#warning"), "Filter PAPER is not known and was ignored.")
	require.Equal(t, p.rowIDs("facts"), odd.rowIDs("facts"))

	none := b.get("/audit/facts")
	require.Zero(t, none.Find("main table").Length())
	require.NotContains(t, none.text("main"), "Nothing was found.")
	own := h.views(store.ViewFilter{UserName: "AUDITOR", Prisoner: john})[0]
	require.Equal(t, store.PageFacts, own.Page)
}

// TestAuditFacts_pageByPage shows each fact once.
func TestAuditFacts_pageByPage(t *testing.T) {
	h := newHouse(t)
	id := h.open(adam, merlin)
	for n := range 60 {
		comment := fmt.Sprintf("Comment %d", n)
		h.execute(adam, merlin, "OFFICER_A", domain.Amend{ID: id, Comment: &comment})
	}
	b := h.signIn("AUDITOR")
	first := b.get("/audit/facts?prisoner=A9109UD&source=DPS")
	require.Len(t, first.rowIDs("facts"), 50)
	comment := "Meanwhile"
	h.execute(adam, merlin, "OFFICER_A", domain.Amend{ID: id, Comment: &comment})
	second := b.get(first.link("Older"))
	require.Len(t, second.rowIDs("facts"), 11)
	for _, id := range second.rowIDs("facts") {
		require.NotContains(t, first.rowIDs("facts"), id)
	}
	require.Contains(t, second.all("table#facts tbody tr")[10], "Added")
	require.Equal(t, "/audit/facts?prisoner=A9109UD&source=DPS", second.link("Newest"))
	for _, wrong := range []string{"x", "1", "9223372036854775808-1", "-1-1", "1-99999999999999999999"} {
		require.Len(t, b.get("/audit/facts?prisoner=A9109UD&before="+wrong).rowIDs("facts"), 50, wrong)
	}
}

// TestAuditFacts_areNotShownFromAReadModelThatIsBehind: a fact would be missing silently.
func TestAuditFacts_areNotShownFromAReadModelThatIsBehind(t *testing.T) {
	ahead := uint64(0)
	h := newHouse(t, func(o *screens.Options) {
		head := o.Head
		o.Head = func(ctx context.Context) (uint64, error) {
			position, err := head(ctx)
			return position + ahead, err
		}
		o.Timeout = 300 * time.Millisecond
	})
	h.open(adam, merlin)
	b := h.signIn("AUDITOR")
	require.Equal(t, http.StatusOK, b.get("/audit/facts?prisoner=A9109UD").Code)
	ahead = 1_000_000
	require.Equal(t, http.StatusServiceUnavailable, b.get("/audit/facts?prisoner=A9109UD").Code)
}

// TestAuditActions_byUserAndDay, newest first and page by page.
func TestAuditActions_byUserAndDay(t *testing.T) {
	h := newHouse(t)
	act := func(user string, at time.Time, outcome evidence.Outcome) string {
		id := uuid.New()
		require.NoError(t, h.acts.Record(t.Context(), evidence.Action{
			ID: id, At: at, User: user, Action: "publish parked skip", Object: "event 1", Reason: "Sent by hand\nto A1234BC", Outcome: outcome,
		}))
		return id.String()
	}
	midnight := time.Date(2026, 7, 14, 23, 0, 0, 0, time.UTC)
	before, first := act("OPERATOR", midnight.Add(-time.Microsecond), evidence.Done), act("OPERATOR", midnight, evidence.Refused)
	last := act("root", midnight.Add(24*time.Hour-time.Microsecond), evidence.Failed)
	b := h.signIn("AUDITOR")
	require.Equal(t, []string{last, first, before}, b.get("/audit/actions").rowIDs("actions"))
	p := b.get("/audit/actions?from=2026-07-15&to=2026-07-15")
	require.Equal(t, []string{last, first}, p.rowIDs("actions"))
	require.Equal(t, "15/07/2026 23:59:59 root publish parked skip event 1 Sent by hand to A1234BC Failed Command line", p.all("table#actions tbody tr")[0])
	require.Equal(t, []string{first, before}, b.get("/audit/actions?user=OPERATOR").rowIDs("actions"))
	own := h.views(store.ViewFilter{UserName: "AUDITOR"})[0]
	require.Equal(t, store.PageActions, own.Page)
	require.Equal(t, []domain.PrisonerNumber{john}, own.Shown, "who is named in a reason is shown")

	for n := range 60 {
		act("MANY", midnight.Add(time.Duration(n/9)*time.Microsecond), evidence.Done)
	}
	p = b.get("/audit/actions?user=MANY")
	all := p.rowIDs("actions")
	all = append(all, b.get(p.link("Older")).rowIDs("actions")...)
	slices.Sort(all)
	require.Len(t, slices.Compact(all), 60)
}

// away has neither views nor acts now.
type away struct{ *store.Store }

var errPostgresAway = errors.New("Postgres is away")

func (away) Views(context.Context, store.ViewFilter, store.Cursor, int) ([]store.View, error) {
	return nil, errPostgresAway
}

func (away) Actions(context.Context, evidence.Filter) ([]evidence.Action, bool, error) {
	return nil, false, errPostgresAway
}

// TestAudit_thatCannotBeReadIsUnavailable, and never an empty list.
func TestAudit_thatCannotBeReadIsUnavailable(t *testing.T) {
	h := newHouse(t, func(o *screens.Options) {
		kept, _ := o.Views.(*store.Store)
		o.Views, o.Actions = away{kept}, away{}
	})
	b := h.signIn("AUDITOR")
	for _, path := range []string{"/audit/views", "/audit/views.csv", "/audit/actions"} {
		p := b.get(path)
		require.Equal(t, http.StatusServiceUnavailable, p.Code, path)
		require.NotContains(t, p.Text, errPostgresAway.Error())
	}
}
