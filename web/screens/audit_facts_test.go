package screens_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	evidence "nonassociations/audit/evidence/store"
	"nonassociations/domain"
	"nonassociations/web/screens"
	"nonassociations/web/screens/store"
)

// TestAuditFacts_areThoseOfTheLog, newest first, with what each says.
func TestAuditFacts_areThoseOfTheLog(t *testing.T) {
	t.Parallel()
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

// TestAuditFacts_sayWhatNOMISHolds of which record.
func TestAuditFacts_sayWhatNOMISHolds(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id := h.open(adam, merlin)
	text, sequence := hostile, 1
	h.does(domain.NOMIS, "NON_ASSOCIATIONS_API", adam, merlin, domain.Deliver{ID: id, TypeSequence: sequence, Detail: domain.Detail{
		TypeCode: "WING", TypeSequence: &sequence, EffectiveDate: "2026-07-15", Comment: &text, ReasonCodes: map[domain.PrisonerNumber]domain.ReasonCode{adam: "VIC", merlin: "PER"},
	}})
	row := h.signIn("AUDITOR").get("/audit/facts?prisoner=A9109UD&source=NOMIS").all("table#facts tbody tr")[0]
	require.Contains(t, row, "Brought to NOMIS")
	require.Contains(t, row, "Record "+id.String())
	require.Contains(t, row, "NOMIS holds as sequence 1, as of revision 0: Reason code of A9109UD “VIC”; Reason code of D5678EF “PER”; Type code “WING”;")
	require.Contains(t, row, "Comment “"+hostile+"”")
}

// TestAuditFacts_pageByPage shows each fact once.
func TestAuditFacts_pageByPage(t *testing.T) {
	t.Parallel()
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
	t.Parallel()
	ahead := uint64(0)
	h := newHouse(t, func(o *screens.Options) {
		head := o.Head
		o.Head = func(ctx context.Context) (uint64, error) {
			position, err := head(ctx)
			return position + ahead, err
		}
		o.Timeout = 3 * time.Second
	})
	h.open(adam, merlin)
	b := h.signIn("AUDITOR")
	require.Equal(t, http.StatusOK, b.get("/audit/facts?prisoner=A9109UD").Code)
	ahead = 1_000_000
	require.Equal(t, http.StatusServiceUnavailable, b.get("/audit/facts?prisoner=A9109UD").Code)
}

// TestAuditActions_byUserAndDay, newest first and page by page.
func TestAuditActions_byUserAndDay(t *testing.T) {
	t.Parallel()
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
