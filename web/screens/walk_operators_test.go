package screens_test

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/nomis/migration"
	publisherstore "nonassociations/publisher/store"
)

// operatorThings makes what operators find: something of each kind that they act on.
func (w *walker) operatorThings(n *nomisOffice) {
	w.ids["parked"] = n.park(publisherstore.Refused, wildText, adam, merlin)
	w.ids["blocked"] = n.park(publisherstore.Blocked, "", adam, merlin)
	n.aws.Send(deadEvents, wildText)
	w.ids["difference"] = n.differs().ID
	run := n.started()
	n.failedRun(run)
	w.ids["run"] = run.ID
	w.ids["compared"] = n.asked()
	n.stage("XAB", domain.StageBoth)
}

// started starts a run of the migration.
func (n *nomisOffice) started() migration.Run {
	n.t.Helper()
	runs := migration.Runs{Store: n.Store, Clock: n.clock}
	run, err := runs.Start(n.t.Context(), migration.Order{By: "OPERATOR"})
	if err != nil {
		n.t.Fatal(err)
	}
	return run
}

// operatorStates are those of the operators. In the last of them NOMIS is away.
func operatorStates(ids map[string]uuid.UUID) []state {
	var all []state
	for _, some := range [][]state{operatorPages(ids), actStates(ids), actFaults(ids)} {
		all = append(all, some...)
	}
	return all
}

// operatorPages are the pages that acts begin on.
func operatorPages(ids map[string]uuid.UUID) []state {
	const of = "/operations"
	page := func(name, path, pattern, title string) state {
		return state{name: "operations" + name, route: "GET " + of + pattern, user: "OPERATOR", path: of + path, title: title}
	}
	refreshing := page("-refreshing", "?refresh=5", "", "Operations")
	refreshing.except = "meta-refresh"
	return []state{
		page("", "", "", "Operations"), refreshing,
		page("-projections", "/projections", "/projections", "Projections"),
		page("-publisher", "/publisher", "/publisher", "Publisher"),
		page("-queues", "/queues", "/queues", "Queues"),
		page("-migrations", "/migrations", "/migrations", "Migrations"),
		page("-migration", "/migrations/"+ids["run"].String(), "/migrations/{id}", "Migration 2026-07-15T14:00:00"),
		page("-reconciliations", "/reconciliations", "/reconciliations", "Reconciliations"),
		page("-reconciliation", "/reconciliations/"+ids["compared"].String(), "/reconciliations/{id}", "Reconciliation of 15 July 2026 at 13:00"),
		page("-differences", "/differences", "/differences", "Differences"),
		page("-differences-none", "/differences?state=ACCEPTED", "/differences", "Differences"),
		page("-difference", "/differences/"+ids["difference"].String(), "/differences/{id}", "Difference"),
		page("-pair", "/pairs/A0135GA/A9109UD", "/pairs/{a}/{b}", "Pair"),
		page("-pair-of-nothing", "/pairs/A4444AA/A5555AA", "/pairs/{a}/{b}", "Pair"),
		page("-switch-over", "/switch-over", "/switch-over", "Switch-over"),
	}
}

// walkedAct is one act: its form and what its form sends.
type walkedAct struct {
	name, path, pattern, title string
	fields                     url.Values
}

// walkedActs are all acts, each as it can be planned.
func walkedActs(ids map[string]uuid.UUID) []walkedAct {
	parked, difference, run := "/publisher/domain/"+ids["parked"].String(), "/differences/"+ids["difference"].String(), "/migrations/"+ids["run"].String()
	return []walkedAct{
		{"retry", parked + "/retry", "/publisher/{topic}/{event}/retry", "Retry a parked message", why("reason", wildText)},
		{"skip", parked + "/skip", "/publisher/{topic}/{event}/skip", "Skip a parked message", why()},
		{"retry-all", "/queues/" + events + "/retry-all", "/queues/{queue}/retry-all", "Retry all dead letters", why()},
		{"remove-all", "/queues/" + events + "/remove-all", "/queues/{queue}/remove-all", "Remove all dead letters", why()},
		{"migrate", "/migrations/start", "/migrations/start", "Start a migration", why()},
		{"dry-run", "/migrations/start-dry-run", "/migrations/start-dry-run", "Start a dry run", why()},
		{"retry-failed", run + "/retry-failed", "/migrations/{id}/retry-failed", "Retry the failed pairs", why()},
		{"reconcile", "/reconciliations/start", "/reconciliations/start", "Start a reconciliation", why("scope", "ALL")},
		{"repair-from-dps", difference + "/repair-from-dps", "/differences/{id}/repair-from-dps", "Repair from DPS", why()},
		{"repair-from-nomis", difference + "/repair-from-nomis", "/differences/{id}/repair-from-nomis", "Repair from NOMIS", why()},
		{"accept", difference + "/accept", "/differences/{id}/accept", "Accept a difference", why("until", "2027-01-31")},
		{"synchronise", "/pairs/A0135GA/A9109UD/synchronise", "/pairs/{a}/{b}/synchronise", "Synchronise a pair", why()},
		{"stage", "/switch-over/prisons/XAA/stage", "/switch-over/prisons/{prison}/stage", "Change the stage of XAA", why("stage", "BOTH")},
		{"announce", "/switch-over/prisons/XAA/announce", "/switch-over/prisons/{prison}/announce", "Announce the switch-over in XAA", why("from", "2027-01-31", "text", wildText)},
		{"end-outbound", "/switch-over/outbound/end", "/switch-over/outbound/end", "End outbound", why()},
	}
}

// actStates are the forms of all acts, and their plans.
func actStates(ids map[string]uuid.UUID) []state {
	const of = "/operations"
	var all []state
	// The browser looks at each kind of form, and at two plans.
	forms, plans := []string{"retry", "reconcile", "accept", "stage", "announce"}, []string{"retry", "announce"}
	for _, a := range walkedActs(ids) {
		all = append(all,
			state{name: "act-" + a.name, route: "GET " + of + a.pattern, user: "OPERATOR", path: of + a.path, title: a.title, alike: !slices.Contains(forms, a.name)},
			state{name: "act-" + a.name + "-plan", route: "POST " + of + a.pattern, user: "OPERATOR", path: of + a.path, fields: a.fields, title: a.title, alike: !slices.Contains(plans, a.name)})
	}
	return all
}

// actFaults are acts that are refused, and those whose form has a fault.
func actFaults(ids map[string]uuid.UUID) []state {
	const of = "/operations"
	all := []state{{
		name: "act-faults", route: "POST " + of + "/switch-over/prisons/{prison}/stage", user: "OPERATOR", path: of + "/switch-over/prisons/XAA/stage",
		fields: why("reason", ""), status: http.StatusBadRequest, title: "Error: Change the stage of XAA",
	}}
	for _, refused := range []struct{ name, path, pattern, title string }{
		{"cancel", "/migrations/" + ids["run"].String() + "/cancel", "/migrations/{id}/cancel", "Cancel a migration"},
		{"end-inbound", "/switch-over/inbound/end", "/switch-over/inbound/end", "End inbound"},
		{"resume-inbound", "/switch-over/inbound/resume", "/switch-over/inbound/resume", "Resume inbound"},
		{"resume-outbound", "/switch-over/outbound/resume", "/switch-over/outbound/resume", "Resume outbound"},
	} {
		all = append(all,
			state{name: "act-" + refused.name, route: "GET " + of + refused.pattern, user: "OPERATOR", path: of + refused.path, title: refused.title, alike: true},
			state{
				name: "act-" + refused.name + "-refused", route: "POST " + of + refused.pattern, user: "OPERATOR", path: of + refused.path,
				fields: why(), status: http.StatusConflict, title: refused.title, alike: refused.name != "cancel",
			})
	}
	return all
}
