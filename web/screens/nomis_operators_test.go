package screens_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/internal/dev/circle"
	"nonassociations/nomis"
	"nonassociations/nomis/migration"
	"nonassociations/nomis/npa"
	"nonassociations/nomis/reconcile"
	nomisstore "nonassociations/nomis/store"
	"nonassociations/web/screens"
	"nonassociations/web/screens/govuk"
	"nonassociations/web/screens/store"
)

// nomisOffice is an office with both systems: the record of the circle and the stand-in for
// NOMIS.
type nomisOffice struct {
	*office
	*circle.Circle

	operations *reconcile.Operations
}

func noWait(context.Context, time.Duration) error { return nil }

func newNOMISOffice(t *testing.T) *nomisOffice {
	t.Helper()
	n := &nomisOffice{Circle: circle.New(t)}
	n.Now = time.Now().Add(time.Hour)
	locks := nomisstore.NewLockSessions(n.DSN, noWait)
	t.Cleanup(locks.Close)
	clock := func() time.Time { return n.Now }
	n.operations = reconcile.NewOperations(reconcile.OperationsOptions{
		Store: n.Store, Locks: locks, API: n.API, Turns: n.Options, Clock: clock, Pending: 15 * time.Minute, Wait: noWait,
	})
	dossiers := nomis.NewDossiers(nomis.DossiersOptions{Store: n.Store, Locks: locks, API: n.API, Turns: n.Options, Clock: clock})
	n.office = newOffice(t, func(_ *office, operators *screens.Operators) {
		operators.Reconcile, operators.Dossiers = n.operations, dossiers
		operators.Migrations = &migration.Runs{Store: n.Store, NOMIS: n.API.For(npa.Operator), Clock: func() time.Time { return n.Now.In(london) }}
	})
	return n
}

// both is all that the two systems hold of the pair, without evidence of turns.
func (n *nomisOffice) both() string {
	var all strings.Builder
	for _, fact := range n.Facts() {
		all.WriteString(fact.Type + "\n")
	}
	all.WriteString(strings.Join(n.Writes(), " "))
	for _, d := range n.Living() {
		all.WriteString(string(d.State) + d.Reason)
	}
	return all.String()
}

// differs plants a difference: NOMIS's comment is another one than ours.
func (n *nomisOffice) differs() reconcile.Difference {
	n.t.Helper()
	n.StaffOpen()
	n.TakeTurn()
	n.NOMISChange(1, map[string]any{"comment": hostile})
	return n.compared()
}

func (n *nomisOffice) compared() reconcile.Difference {
	n.t.Helper()
	all, err := n.operations.Compare(n.t.Context(), circle.Pair)
	require.NoError(n.t, err)
	require.Len(n.t, all, 1)
	return all[0]
}

// acts is act for what the circle holds.
func (n *nomisOffice) acts(b *browser, path string, typed map[string]string) *page {
	n.t.Helper()
	form := why()
	for field, value := range typed {
		form.Set(field, value)
	}
	before := n.both()
	plan := b.show(path, form)
	require.Equal(n.t, http.StatusOK, plan.Code, plan.Text)
	require.Equal(n.t, before, n.both(), "the first step changes nothing")
	return n.act(b, path, form)
}

func TestDifferences_areShownWithBothSides(t *testing.T) {
	t.Parallel()
	n := newNOMISOffice(t)
	b := n.signIn("OPERATOR")
	p := b.get("/operations/differences")
	require.Equal(t, "Differences", p.text("h1"))
	require.Contains(t, p.text("main"), "0 differences.")
	d := n.differs()
	p = b.get("/operations/differences")
	require.Equal(t, 1, p.Find("table#differences tbody tr").Length())
	require.Equal(t, d.ID.String(), p.Find("table#differences tbody tr").AttrOr("data-id", ""))
	n.pass(time.Second)
	p = b.get(p.link("View details of " + string(domaintest.Low) + " and " + string(domaintest.High) + ", sequence 1"))
	require.Equal(t, http.StatusOK, p.Code, p.Text)
	require.Equal(t, "Difference", p.text("h1"))
	require.Equal(t, "Difference – Non-associations", p.text("title"))
	require.Contains(t, p.text("table#sides"), "Comment Differs Apart "+hostile)
	require.Equal(t, "Both sides as they were on "+govuk.DateTime(d.LastSeen.In(london)), p.text("table#sides caption"))
	require.Zero(t, p.Find("main script").Length())
	require.Contains(t, p.text("#details"), d.Cause)
	require.NotEmpty(t, p.text("#steps")+p.text("#problems"), p.Text)
	view := n.viewOf(store.PageDifferences)
	require.ElementsMatch(t, []domain.PrisonerNumber{domaintest.Low, domaintest.High}, view.Subjects)

	n.Fault("error-503", 1000)
	p = b.get("/operations/differences/" + d.ID.String())
	require.Equal(t, http.StatusOK, p.Code)
	require.Contains(t, p.text("main"), "could not be read")
	for _, path := range []string{"x", "7d1a3f0e-3f0a-5a57-9a58-0d5d1c9c2b11", d.ID.String() + "/repair"} {
		require.Equal(t, http.StatusNotFound, b.get("/operations/differences/"+path).Code, path)
	}
	require.Contains(t, b.get("/operations/differences?state="+hostileQuery+"&page=x").text("main"), "1 difference.")
	require.Contains(t, b.get("/operations/differences?state=ACCEPTED&page=9").text("main"), "0 differences.")
}

const hostileQuery = "%3C%2Ftd%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E"

func TestDifference_isRepairedFromEitherSide(t *testing.T) {
	t.Parallel()
	for _, side := range []string{"DPS", "NOMIS"} {
		n := newNOMISOffice(t)
		b := n.signIn("OPERATOR")
		d := n.differs()
		path := b.get("/operations/differences/" + d.ID.String()).button("Repair from " + side + " this difference")
		p := n.acts(b, path, nil)
		require.Equal(t, "Difference", p.text("h1"))
		require.Contains(t, p.text("#done"), "The difference is repaired.")
		require.Equal(t, "reconcile repair from "+side, n.recorded()[0].Action)
		require.Zero(t, p.Find("main [role=button]").Length(), "there is nothing left to decide")
		require.Contains(t, p.text("#details"), "Agreed in the call of today")
		comment := "Apart"
		if side == "NOMIS" {
			comment = hostile
			require.Equal(t, "OPERATOR", n.Facts()[len(n.Facts())-1].Meta.Actor)
		}
		require.Equal(t, comment, *n.Items()[0].Comment)
		again := b.show(path, why())
		require.Equal(t, http.StatusConflict, again.Code)
		require.Contains(t, again.text("#warning"), "The difference is gone: repaired.")
	}
}

func TestDifference_isAccepted(t *testing.T) {
	t.Parallel()
	n := newNOMISOffice(t)
	b := n.signIn("OPERATOR")
	d := n.differs()
	path := b.get("/operations/differences/" + d.ID.String()).button("Accept this difference")
	for _, until := range []string{"yesterday", "2026-07-14", "2027-02-30", hostile} {
		p := b.show(path, why("until", until))
		require.Equal(t, http.StatusBadRequest, p.Code, until)
		require.Equal(t, "Enter a date that has not passed", p.text(".govuk-error-summary a[href='#act-until']"), until)
	}
	require.Empty(t, n.recorded())
	p := n.acts(b, path, map[string]string{"until": "2027-01-31"})
	require.Contains(t, p.text("#done"), "The difference is accepted.")
	require.Contains(t, p.text("#details"), "31 January 2027")
	require.Equal(t, "2027-01-31", n.Living()[0].Until)
	require.Equal(t, http.StatusConflict, b.show(path, why()).Code)
}

// TestDifference_thatChangedBetweenTheSteps is repaired by nobody.
func TestDifference_thatChangedBetweenTheSteps(t *testing.T) {
	t.Parallel()
	n := newNOMISOffice(t)
	b := n.signIn("OPERATOR")
	d := n.differs()
	path := "/operations/differences/" + d.ID.String() + "/repair-from-nomis"
	plan := b.show(path, why())
	n.NOMISChange(1, map[string]any{"comment": "Another one"})
	require.NotEqual(t, d.Version, n.compared().Version)
	before := n.both()
	p := b.post(path, plan.form("form", nil))
	require.Equal(t, http.StatusConflict, p.Code, p.Text)
	require.Contains(t, plan.text("#plan"), "Comment “"+hostile+"”")
	require.Contains(t, p.text("#plan"), "Comment “Another one”", "the values that are confirmed stand in the plan")
	require.Equal(t, before, n.both())
	require.Empty(t, n.recorded())
	require.Equal(t, http.StatusSeeOther, b.post(path, p.form("form", nil)).Code)

	n.Fault("error-503", 1000)
	p = b.show("/operations/differences/"+d.ID.String()+"/repair-from-dps", why())
	require.NotEqual(t, http.StatusOK, p.Code)
	require.Zero(t, p.Find("#plan").Length())
}

func TestPair_isShownAndSynchronised(t *testing.T) {
	t.Parallel()
	n := newNOMISOffice(t)
	b := n.signIn("OPERATOR")
	path := "/operations/pairs/" + string(domaintest.High) + "/" + strings.ToLower(string(domaintest.Low))
	p := b.get(path)
	require.Equal(t, http.StatusOK, p.Code, p.Text)
	require.Equal(t, "Pair "+string(domaintest.High)+" and "+string(domaintest.Low), p.text("h1"))
	require.Equal(t, "Pair – Non-associations", p.text("title"))
	require.Contains(t, p.text("main"), "NOMIS holds nothing of the pair.")
	require.Contains(t, b.get("/operations/pairs/A9109UD/Z9999ZZ").text("main"), "NOMIS does not know A9109UD or Z9999ZZ, or no booking of theirs.")
	n.StaffOpen()
	n.open(adam, merlin)
	n.pass(time.Second)
	p = b.get(path)
	require.Contains(t, p.text("table#ours"), "Apart")
	require.Contains(t, p.text("#steps"), "Create it in NOMIS.")
	require.NotEmpty(t, p.Header.Get("X-Position"))
	require.ElementsMatch(t, []domain.PrisonerNumber{domaintest.Low, domaintest.High}, n.viewOf(store.PagePair).Subjects)
	require.Contains(t, b.show(p.button("Synchronise this pair"), why()).text("#plan"), "Create it in NOMIS. ")
	require.Contains(t, b.show(p.button("Synchronise this pair"), why()).text("#plan"), "Comment “Apart”.")
	p = n.acts(b, p.button("Synchronise this pair"), nil)
	require.Contains(t, p.text("#done"), "The pair is synchronised")
	require.Equal(t, 2, p.Find("table#theirs tbody tr").Length())
	require.Contains(t, p.text("main"), "There is nothing to do.")

	n.Fault("error-503", 1000)
	p = b.get(path)
	require.Equal(t, http.StatusOK, p.Code)
	require.Contains(t, p.text("main"), "NOMIS could not be read.")
	require.Zero(t, p.Find("table#theirs").Length())
	synchronise := b.show(p.button("Synchronise this pair"), why())
	require.Equal(t, http.StatusServiceUnavailable, synchronise.Code)
	require.NotEmpty(t, synchronise.text("#warning"))
	for _, wrong := range []string{"A1234BC/A1234BC", "A1234BC/x", "x/A1234BC", "A1234BC/" + hostileQuery} {
		require.Equal(t, http.StatusNotFound, b.get("/operations/pairs/"+wrong).Code, wrong)
	}
}

// TestPair_thatWaitsForADecisionIsNotInStep is about what a turn may not take over.
func TestPair_thatWaitsForADecisionIsNotInStep(t *testing.T) {
	t.Parallel()
	n := newNOMISOffice(t)
	b := n.signIn("OPERATOR")
	n.StaffOpen()
	n.TakeTurn()
	n.Inbound = false
	n.NOMISChange(1, map[string]any{"comment": hostile})
	path := "/operations/pairs/" + string(domaintest.Low) + "/" + string(domaintest.High) + "/synchronise"
	require.Contains(t, b.show(path, why()).text("#plan"), "No step is to be taken. Left for a person to decide: CHANGED_AFTER_SWITCH.")
	p := n.act(b, path, why())
	require.Contains(t, p.text("#done"), "0 steps were taken. 1 problem is left for a person to decide.")
	require.NotContains(t, p.text("#done"), "synchronised")
}
