package screens_test

import (
	"net/http"
	"net/url"
	"time"

	"github.com/google/uuid"

	"nonassociations/domain"
)

// formStates are those of the five forms that write.
func formStates(ids map[string]uuid.UUID) []state {
	const (
		with     = "/prisoner/{pn}/non-associations/add/with-prisoner/{other}"
		record   = "/prisoner/{pn}/non-associations/{id}"
		entering = "Enter non-association details"
	)
	add := ofAdam + "/add/with-prisoner/A1111AA"
	of := func(path, id, form string) string { return path + "/" + ids[id].String() + "/" + form }
	nothing := url.Values{"comment": {"\u0007 " + wildText + wildText + wildText}}
	return []state{
		{name: "add", route: "GET " + with, user: "OFFICER_A", path: add, title: entering},
		{name: "add-nothing", route: "POST " + with, user: "OFFICER_A", path: add, fields: url.Values{}, status: http.StatusBadRequest, title: "Error: " + entering},
		{name: "add-hostile", route: "POST " + with, user: "OFFICER_A", path: add, fields: nothing, status: http.StatusBadRequest, title: "Error: " + entering},
		{name: "add-closed-before", route: "GET " + with, user: "OFFICER_A", path: ofAdam + "/add/with-prisoner/A0135GA", title: entering},
		{name: "add-open-already", route: "GET " + with, user: "OFFICER_A", path: ofAdam + "/add/with-prisoner/D5678EF", title: entering},
		{
			name: "add-open-meanwhile", route: "POST " + with, user: "OFFICER_A", path: "/prisoner/D5678EF/non-associations/add/with-prisoner/A1111AA", title: entering,
			fields: details(), status: http.StatusConflict, between: func(w *walker) { w.open(merlin, rex) },
		},
		{name: "add-saved", route: "POST " + with, user: "OFFICER_A", path: "/prisoner/D5678EF/non-associations/add/with-prisoner/A1234BC", fields: details(), title: "Non-association details"},
		{name: "update", route: "GET " + record + "/update", user: "OFFICER_A", path: of(ofAdam, "open", "update"), title: entering},
		{name: "update-same-comment", route: "POST " + record + "/update", user: "OFFICER_A", path: of(ofAdam, "open", "update"), fields: url.Values{}, status: http.StatusBadRequest, title: "Error: " + entering},
		{name: "update-saved", route: "POST " + record + "/update", user: "OFFICER_A", path: of(ofBert, "forms", "update"), fields: url.Values{"comment": {"A new comment"}}, title: "Non-association details"},
		{name: "close", route: "GET " + record + "/close", user: "OFFICER_A", path: of(ofAdam, "open", "close"), title: "Close a non-association"},
		{name: "close-nothing", route: "POST " + record + "/close", user: "OFFICER_A", path: of(ofAdam, "open", "close"), fields: url.Values{}, status: http.StatusBadRequest, title: "Error: Close a non-association"},
		{name: "reopen", route: "GET " + record + "/reopen", user: "MANAGER_A", path: of(ofAdam, "closed", "reopen"), title: "Reopen a non-association"},
		{name: "reopen-nothing", route: "POST " + record + "/reopen", user: "MANAGER_A", path: of(ofAdam, "closed", "reopen"), fields: url.Values{}, status: http.StatusBadRequest, title: "Error: Reopen a non-association"},
		{name: "delete", route: "GET " + record + "/delete", user: "MANAGER_A", path: of(ofAdam, "open", "delete"), title: "Delete a non-association"},
		{name: "delete-nothing", route: "POST " + record + "/delete", user: "MANAGER_A", path: of(ofAdam, "open", "delete"), fields: url.Values{}, status: http.StatusBadRequest, title: "Error: Delete a non-association"},
	}
}

// conflictStates are those of forms that something has overtaken.
func conflictStates(ids map[string]uuid.UUID) []state {
	const record, changed = "POST /prisoner/{pn}/non-associations/{id}", "Somebody changed this"
	of := func(path, id, form string) string { return path + "/" + ids[id].String() + "/" + form }
	amended := func(id string, a, b domain.PrisonerNumber) func(*walker) {
		return func(w *walker) {
			threat := domain.Threat
			w.execute(a, b, "OFFICER_B", domain.Amend{ID: w.ids[id], Reason: &threat, Comment: new("Changed by " + uuid.NewString())})
		}
	}
	closed := func(w *walker) {
		w.execute(bert, rex, "OFFICER_B", domain.Close{ID: w.ids["turns"], ClosedReason: "Closed in between"})
	}
	reopened := func(w *walker) {
		w.execute(bert, ray, "MANAGER_A", domain.Reopen{ID: w.ids["back"], ReopenReason: "Reopened in between"})
	}
	return []state{
		{name: "update-conflict", route: record + "/update", user: "OFFICER_A", path: of(ofBert, "forms", "update"), fields: url.Values{"comment": {wildText}, "reason": {"VIOLENCE"}}, between: amended("forms", bert, merlin), status: http.StatusConflict, title: changed},
		{name: "close-conflict", route: record + "/close", user: "OFFICER_A", path: of(ofBert, "forms", "close"), fields: url.Values{"closedReason": {"No longer"}}, between: amended("forms", bert, merlin), status: http.StatusConflict, title: changed},
		{name: "update-closed-meanwhile", route: record + "/update", user: "OFFICER_A", path: of(ofBert, "turns", "update"), fields: url.Values{"comment": {wildText}}, between: closed, status: http.StatusConflict, title: changed},
		{name: "reopen-reopened-meanwhile", route: record + "/reopen", user: "MANAGER_A", path: of(ofBert, "back", "reopen"), fields: url.Values{"reopenReason": {"Again"}}, between: reopened, status: http.StatusConflict, title: changed},
		{name: "close-opened-by-another", route: record + "/close", user: "OFFICER_A", path: of(ofBert, "forms", "close"), fields: url.Values{"user": {"OFFICER_B"}, "closedReason": {"Mine"}}, status: http.StatusConflict, title: "Close a non-association"},
		{name: "close-saved", route: record + "/close", user: "OFFICER_A", path: of(ofBert, "forms", "close"), fields: url.Values{"closedReason": {"They get on"}}, title: "Non-association details"},
		{name: "reopen-saved", route: record + "/reopen", user: "MANAGER_A", path: of(ofBert, "forms", "reopen"), fields: url.Values{"reopenReason": {"They do not"}}, title: "Non-association details"},
		{name: "delete-saved", route: record + "/delete", user: "MANAGER_A", path: of(ofBert, "forms", "delete"), fields: url.Values{"deletionReason": {"A mistake"}, "staffUserNameRequestingDeletion": {"OFFICER_B"}}, title: "Non-associations"},
		{name: "close-signed-out", route: record + "/close", user: "OFFICER_A", path: of(ofAdam, "open", "close"), fields: url.Values{"closedReason": {"Typed for long"}}, between: sessionsEnd, after: forgetSessions, status: http.StatusUnauthorized, title: "Signed out"},
		{name: "close-kept", route: "GET /prisoner/{pn}/non-associations/{id}/close", user: "OFFICER_A", path: of(ofAdam, "open", "close"), title: "Close a non-association"},
	}
}

// failureStates are those of pages that stand in the place of another.
func failureStates() []state {
	return []state{
		{name: "not-found", user: "OFFICER_A", path: "/no-such-page", status: http.StatusNotFound, title: "Page not found"},
		{name: "not-authorised", route: "GET /", user: "NOBODY", path: "/", status: http.StatusForbidden, title: "Not authorised"},
		{name: "request-method", user: "GLOBAL", path: "/caseload", fields: url.Values{}, twist: `form.action = '/help'`, status: http.StatusMethodNotAllowed, title: "Request not understood"},
		{name: "request-kind", user: "GLOBAL", path: "/caseload", fields: url.Values{}, twist: `form.enctype = 'multipart/form-data'`, status: http.StatusUnsupportedMediaType, title: "Request not understood"},
	}
}

// sessionsEnd lets so much time pass that every session is over.
func sessionsEnd(w *walker) { w.pass(61 * time.Minute) }

// forgetSessions has every user sign in again.
func forgetSessions(w *walker) { clear(w.sessions) }
