package screens_test

import (
	"net/http"
	"net/url"
)

// prisonStates are those of the pages that say who is where in a prison.
func prisonStates() []state {
	const (
		prison, of               = "GET /prison/{prisonId}", "/prison/XAA"
		sheet, tooClose, checked = "Who must be kept apart", "Too close now", "Check a move"
	)
	check := func(to string, numbers ...string) string {
		query := url.Values{"to": {to}}
		for _, number := range numbers {
			query.Set("prisoner", query.Get("prisoner")+number+"\n")
		}
		return of + "/move-check?" + query.Encode()
	}
	return []state{
		{name: "sheet", route: prison, user: "OFFICER_A", path: of, title: sheet},
		{name: "sheet-of-a-wing", route: prison, user: "OFFICER_A", path: of + "?wing=A", title: sheet},
		{name: "sheet-none", route: prison, user: "OFFICER_A", path: of + "?reason=LEGAL_REQUEST", title: sheet},
		{name: "sheet-filter-ignored", route: prison, user: "OFFICER_A", path: of + "?wing=" + url.QueryEscape(wildText) + "&reason=x", title: sheet},
		{name: "sheet-of-another-prison", route: prison, user: "GLOBAL", path: "/prison/XAB", title: sheet},
		{name: "sheet-file", route: prison + ".csv", user: "OFFICER_A", path: of + ".csv", noPage: true},
		{name: "too-close", route: prison + "/too-close", user: "OFFICER_A", path: of + "/too-close", title: tooClose},
		{name: "too-close-nobody", route: prison + "/too-close", user: "GLOBAL", path: "/prison/XAB/too-close", title: tooClose},
		{name: "move-check", route: prison + "/move-check", user: "OFFICER_A", path: of + "/move-check", title: checked},
		{name: "move-check-found", route: prison + "/move-check", user: "OFFICER_A", path: check("B-2", "A9109UD", "A1234BC", "A1111AA"), title: checked},
		{name: "move-check-nobody", route: prison + "/move-check", user: "OFFICER_A", path: check("B", "A2222AA"), title: checked},
		{name: "move-check-nothing", route: prison + "/move-check", user: "OFFICER_A", path: check("", ""), status: http.StatusBadRequest, title: "Error: " + checked},
		{name: "move-check-wrong", route: prison + "/move-check", user: "OFFICER_A", path: check("A 1", wildText, "Z9999ZZ"), status: http.StatusBadRequest, title: "Error: " + checked},
	}
}

// auditStates are those of the auditors.
func auditStates() []state {
	const (
		views, facts, actions = "/audit/views", "/audit/facts", "/audit/actions"
		who, log, did         = "Who looked at whom", "Facts", "What operators did"
	)
	strange := "?user=" + url.QueryEscape(wildText)
	return []state{
		{name: "views", route: "GET " + views, user: "AUDITOR", path: views, title: who},
		{name: "views-of-a-prisoner", route: "GET " + views, user: "AUDITOR", path: views + "?prisoner=A9109UD", title: who},
		{name: "views-none", route: "GET " + views, user: "AUDITOR", path: views + strange, title: who},
		{name: "views-wrong", route: "GET " + views, user: "AUDITOR", path: views + "?prisoner=" + url.QueryEscape(wildText) + "&from=x&to=y", status: http.StatusBadRequest, title: "Error: " + who},
		{name: "views-file", route: "GET " + views + ".csv", user: "AUDITOR", path: views + ".csv?user=OFFICER_A", noPage: true},
		{name: "facts", route: "GET " + facts, user: "AUDITOR", path: facts, title: log},
		{name: "facts-of-a-prisoner", route: "GET " + facts, user: "AUDITOR", path: facts + "?prisoner=A9109UD", title: log},
		{name: "facts-wrong", route: "GET " + facts, user: "AUDITOR", path: facts + strange, status: http.StatusBadRequest, title: "Error: " + log},
		{name: "actions", route: "GET " + actions, user: "AUDITOR", path: actions, title: did},
		{name: "actions-none", route: "GET " + actions, user: "AUDITOR", path: actions + strange, title: did},
	}
}
