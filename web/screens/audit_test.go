package screens_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
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
	t.Parallel()
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

// hostileTexts are what a stranger may type.
var hostileTexts = []string{
	`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, "' OR 1=1 --", "\x00", "\xff\xfe", "{{.}}", "%s%n", strings.Repeat("A", 5000), "\u202Eabc", "-1", "0000-01-01",
}

// TestAudit_hostileTextIsText in every field of every form and in the rows.
func TestAudit_hostileTextIsText(t *testing.T) {
	t.Parallel()
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
	t.Parallel()
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

// away has neither views nor acts now.
type away struct{ *store.Store }

var errPostgresAway = errors.New("postgres is away")

func (away) Views(context.Context, store.ViewFilter, store.Cursor, int) ([]store.View, error) {
	return nil, errPostgresAway
}

func (away) Actions(context.Context, evidence.Filter) ([]evidence.Action, bool, error) {
	return nil, false, errPostgresAway
}

// TestAudit_thatCannotBeReadIsUnavailable, and never an empty list.
func TestAudit_thatCannotBeReadIsUnavailable(t *testing.T) {
	t.Parallel()
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
