package screens_test

import (
	"context"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/web/screens"
	"nonassociations/web/screens/store"
	"nonassociations/web/shape"
)

// prisonList is what is known of prisons.
type prisonList struct{ o *office }

func (p prisonList) Known(context.Context) ([]domain.PrisonID, error) {
	return []domain.PrisonID{"XAB", "XAA", "OUT"}, p.o.fault("prisons")
}

func (p prisonList) Details(context.Context, []domain.PrisonID) (map[domain.PrisonID]shape.PrisonDetails, error) {
	name := "Example A " + hostile
	return map[domain.PrisonID]shape.PrisonDetails{
		"XAA": {Name: &name, OpenNonAssociations: new(7), ScreenBlocked: new(true)}, "XAB": {ScreenBlocked: new(false)},
	}, p.o.fault("details")
}

func newSwitchOffice(t *testing.T) *office {
	t.Helper()
	return newOffice(t, func(o *office, operators *screens.Operators) { operators.Prisons = prisonList{o} })
}

const switchOverPath = "/operations/switch-over"

func TestSwitchOver_showsTheBoard(t *testing.T) {
	t.Parallel()
	o := newSwitchOffice(t)
	b := o.signIn("OPERATOR")
	p := b.get(switchOverPath)
	require.Equal(t, http.StatusOK, p.Code, p.Text)
	require.Equal(t, "Switch-over", p.text("h1"))
	require.Equal(t, 2, p.Find("table#prisons tr[data-prison]").Length(), "OUT is no prison")
	require.Contains(t, p.text("tr[data-prison=XAA]"), "Example A "+hostile)
	require.Contains(t, p.text("tr[data-prison=XAA]"), "NOMIS no 7 not known not known off")
	require.Zero(t, p.Find("main script").Length())
	require.Contains(t, p.text("tr[data-prison=XAB]"), " on Change stage")
	require.Zero(t, p.Find("tr[data-prison] .govuk-tag").Length())
	o.stage("XAB", domain.StageDPS)
	require.Contains(t, b.get(switchOverPath).text("tr[data-prison=XAB] .govuk-tag"), "Open at stage DPS", "a screen that is open there is a fault")
	require.NotEmpty(t, p.button("Change stage of XAB"))
	require.NotEmpty(t, p.button("End inbound"))
	require.NotEmpty(t, p.button("End outbound"))
	p = b.get(switchOverPath + "?prison=mdi")
	require.NotEmpty(t, p.button("Change stage of MDI"), "any prison may be staged")
	require.Equal(t, 2, b.get(switchOverPath+"?prison="+hostileQuery).Find("table#prisons tr[data-prison]").Length())
	o.away["details"] = true
	require.Equal(t, http.StatusOK, b.get(switchOverPath).Code, "the stages are shown all the same")
	o.away["prisons"] = true
	require.Contains(t, b.get(switchOverPath).text("main"), "could not be listed")
	require.Zero(t, b.get("/operations").Find("#status li:contains('Prisons at')").Length(), "counts that are not known are not shown")
	require.Empty(t, o.views(store.ViewFilter{}))
}

func TestSwitchOver_changesAStage(t *testing.T) {
	t.Parallel()
	o := newSwitchOffice(t)
	b := o.signIn("OPERATOR")
	path := b.get(switchOverPath).button("Change stage of XAA")
	form := b.get(path)
	require.Equal(t, "NOMISBothDPS", form.text(".govuk-radios__label"))
	for _, stage := range []string{"", "dps", hostile} {
		p := b.show(path, why("stage", stage))
		require.Equal(t, http.StatusBadRequest, p.Code, stage)
		require.Equal(t, "Select a stage", p.text(".govuk-error-summary a[href='#act-stage']"), stage)
	}
	both := b.show(path, url.Values{"reason": {""}})
	require.Equal(t, "Select a stage Enter a reason", both.text(".govuk-error-summary__list"), "in the order of the page")
	same := b.show(path, why("stage", "NOMIS"))
	require.Equal(t, http.StatusConflict, same.Code)
	require.Contains(t, same.text("#warning"), "It is so already. Nothing would change.")
	require.Equal(t, "Agreed in the call of today", same.text("#act-reason"), "what was typed stays")
	p := o.act(b, path, why("stage", "BOTH"))
	require.Contains(t, p.text("#done"), "XAA is at stage Both.")
	require.Contains(t, p.text("tr[data-prison=XAA]"), "Both15 July 2026 at 13:00 by OPERATOR: Agreed in the call of today")
	state, err := o.commands.SwitchOver(t.Context())
	require.NoError(t, err)
	require.Equal(t, domain.StageBoth, state.Prison("XAA").Stage)
	require.Equal(t, "OPERATOR", state.Prison("XAA").By)
	for _, prison := range []string{"xaa", "XA", "OUT", "TRN", "XAAA", hostileQuery} {
		require.Equal(t, http.StatusNotFound, b.get(switchOverPath+"/prisons/"+prison+"/stage").Code, prison)
	}
}

// TestSwitchOver_thatChangedBetweenTheSteps asks again.
func TestSwitchOver_thatChangedBetweenTheSteps(t *testing.T) {
	t.Parallel()
	o := newSwitchOffice(t)
	b := o.signIn("OPERATOR")
	path := switchOverPath + "/prisons/XAA/stage"
	plan := b.show(path, why("stage", "DPS"))
	require.Contains(t, plan.text("#plan"), "from stage NOMIS to stage DPS")
	o.stage("XAA", domain.StageBoth)
	facts := o.facts()
	p := b.post(path, plan.form("form", nil))
	require.Equal(t, http.StatusConflict, p.Code)
	require.Contains(t, p.text("#plan"), "from stage Both to stage DPS")
	require.Equal(t, facts, o.facts())
	require.Equal(t, http.StatusSeeOther, b.post(path, p.form("form", nil)).Code)
}

// stage moves a prison to a stage by somebody else.
func (o *office) stage(id domain.PrisonID, stage domain.Stage) {
	o.t.Helper()
	_, err := o.commands.ChangeSwitchOver(o.t.Context(), domain.Cause{CommandID: uuid.New(), Actor: "OTHER", Source: domain.DPS},
		domain.StagePrison{PrisonID: id, Stage: stage, Reason: "Go live"})
	require.NoError(o.t, err)
}

func TestSwitchOver_announces(t *testing.T) {
	t.Parallel()
	o := newSwitchOffice(t)
	b := o.signIn("OPERATOR")
	path := b.get(switchOverPath).button("Announce in XAA")
	for name, typed := range map[string]url.Values{
		"nothing to take back": why(),
		"no day":               why("text", "Soon"),
		"a wrong day":          why("text", "Soon", "from", "tomorrow"),
		"no such day":          why("text", "Soon", "from", "2027-02-30"),
	} {
		p := b.show(path, typed)
		require.Equal(t, http.StatusBadRequest, p.Code, name)
		require.Equal(t, "Enter a date", p.text(".govuk-error-summary a[href='#act-from']"), name)
	}
	p := o.act(b, path, why("text", "Ask "+hostile, "from", "2027-01-31"))
	require.Contains(t, p.text("#done"), "The switch-over from 31 January 2027 is announced in XAA.")
	require.Contains(t, p.text("tr[data-prison=XAA]"), "From 31 January 2027. Ask "+hostile)
	require.Contains(t, o.signIn("OFFICER_A").get("/").text("#switch-over"), "From 31 January 2027 use this service and not NOMIS. Ask "+hostile)
	p = o.act(b, path, why())
	require.Contains(t, p.text("#done"), "The announcement in XAA is taken back.")
}

func TestSwitchOver_endsAndResumes(t *testing.T) {
	t.Parallel()
	o := newSwitchOffice(t)
	b := o.signIn("OPERATOR")
	end := b.get(switchOverPath).button("End inbound")
	refused := b.show(end, why())
	require.Equal(t, http.StatusConflict, refused.Code)
	require.Contains(t, refused.text("#warning"), "Inbound must not end while a prison is not at DPS: XAA, XAB.")
	o.away["prisons"] = true
	require.Equal(t, http.StatusServiceUnavailable, b.show(end, why()).Code, "without the known prisons nothing can be decided")
	o.away["prisons"] = false
	for _, id := range []domain.PrisonID{"XAA", "XAB"} {
		o.stage(id, domain.StageDPS)
	}
	p := o.act(b, end, why())
	require.Contains(t, p.text("#done"), "Inbound has ended.")
	require.Equal(t, http.StatusConflict, b.show(end, why()).Code)
	p = o.act(b, p.button("Resume inbound"), why())
	require.Contains(t, p.text("#done"), "Inbound is resumed.")
	p = o.act(b, p.button("End outbound"), why())
	require.Contains(t, p.text("#done"), "Outbound has ended.")
	require.Contains(t, p.text("main"), "by OPERATOR: Agreed in the call of today")
	p = o.act(b, p.button("Resume outbound"), why())
	require.Contains(t, p.text("#done"), "Outbound is resumed.")
	require.NotEmpty(t, p.button("End outbound"))
	state, err := o.commands.SwitchOver(t.Context())
	require.NoError(t, err)
	require.True(t, state.Inbound.On(noon) && state.Outbound.On(noon))
}

func TestSwitchOver_ofAProcessWithoutIt(t *testing.T) {
	t.Parallel()
	o := newOffice(t, func(_ *office, operators *screens.Operators) { operators.SwitchOver = nil })
	b := o.signIn("OPERATOR")
	p := b.get(switchOverPath)
	require.Equal(t, http.StatusOK, p.Code)
	require.Zero(t, p.Find("main [role=button]").Length())
	for _, path := range []string{"/inbound/end", "/outbound/resume", "/prisons/XAA/stage", "/prisons/XAA/announce"} {
		require.Equal(t, http.StatusNotFound, b.get(switchOverPath+path).Code, path)
	}
}

// TestAct_whoseSessionEnded is shown again, filled, after the sign-in.
func TestAct_whoseSessionEnded(t *testing.T) {
	t.Parallel()
	o := newSwitchOffice(t)
	b := o.signIn("OPERATOR")
	path := switchOverPath + "/prisons/XAA/stage"
	form := b.get(path).form("form", why("stage", "DPS"))
	o.pass(61 * time.Minute)
	require.Equal(t, http.StatusUnauthorized, b.post(path, form).Code)
	require.Equal(t, path, b.signIn("OPERATOR").location())
	p := b.get(path)
	require.Equal(t, http.StatusOK, p.Code)
	require.Contains(t, p.text("#warning"), "You were signed out. Nothing was saved yet.")
	require.Equal(t, "Agreed in the call of today", p.text("#act-reason"))
	require.Equal(t, "DPS", p.Find("input[name=stage][checked]").AttrOr("value", ""))
	require.Empty(t, o.recorded())
	require.Equal(t, http.StatusOK, b.post(path, p.form("form", nil)).Code)
}
