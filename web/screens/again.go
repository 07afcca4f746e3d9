package screens

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/go-chi/chi/v5"

	"nonassociations/web/screens/govuk"
	"nonassociations/web/screens/signin"
	"nonassociations/web/screens/store"
)

// NotAgainError says in words why a page cannot be shown again.
type NotAgainError struct{ Why string }

// Error is the sentence.
func (e *NotAgainError) Error() string { return "this page cannot be shown again: " + e.Why }

// recordParameter names a record in a path, and in the question that a view keeps.
const recordParameter = "id"

// againWhy says of each page whether it can be shown again: "" if so, else why not. Each
// page of the view audit is in it.
var againWhy = map[store.Page]string{
	store.PageList: "", store.PageRecord: "", store.PageHistory: "", store.PageAsOf: "", store.PageFacts: "",

	store.PageListCSV: "the file has names and places, which are not kept; show --get has its records",

	store.PageHome:   "it shows whom the user looked at, and where people were",
	store.PageSearch: "it shows what the directory answered, which is not kept",
	store.PageAdd:    formWhy, store.PageUpdate: formWhy, store.PageClose: formWhy, store.PageReopen: formWhy, store.PageDelete: formWhy,
	store.PagePrison: whereWhy, store.PagePrisonCSV: whereWhy, store.PageTooClose: whereWhy, store.PageMoveCheck: whereWhy,
	store.PageViews: viewsWhy, store.PageActions: "acts of operators are kept as they are, in evidence.action",
	store.PageExport:    "the bundle is with whom it was written for; export makes one of the same time",
	store.PagePublisher: operatorsWhy, store.PageQueues: operatorsWhy, store.PageMigration: operatorsWhy, store.PageDifferences: operatorsWhy, store.PagePair: operatorsWhy,
}

const (
	formWhy      = "a form has what the user typed, which is not kept"
	whereWhy     = "it shows where people were, which is not kept"
	viewsWhy     = "views are kept as they are, in screens.view"
	operatorsWhy = "it shows what is not in the log, as it was at that moment"
)

// CheckAgain returns a *NotAgainError for a view that cannot be shown again, whatever the log
// holds.
func CheckAgain(view store.View) error {
	why, known := againWhy[view.Page]
	switch {
	case !known:
		why = "this build does not know it"
	case view.Refused:
		why = "the user was refused, and saw no record"
	case why == "" && view.Position == 0:
		why = "it showed nothing of the log"
	}
	if why != "" {
		return &NotAgainError{why}
	}
	_, _, err := addressAgain(view)
	return err
}

// Again draws the page that a view is of once more, by the templates of this build. What the
// page reads is up to the caller, who gives the reads of that time. The words at its top say
// as of which position and by which build. Roles are not kept: the page is drawn as for staff
// who may read everywhere. Errors: a *NotAgainError, and those of the reads.
func (s *Screens) Again(ctx context.Context, view store.View) ([]byte, error) {
	if err := CheckAgain(view); err != nil {
		return nil, err
	}
	path, query, err := addressAgain(view)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, withQuery(path, query), http.NoBody)
	if err != nil {
		return nil, &NotAgainError{"its question is no address"}
	}
	routed := chi.NewRouteContext()
	if !s.mux.Match(routed, http.MethodGet, path) {
		return nil, &NotAgainError{"this build has no page at its address"}
	}
	request = request.WithContext(context.WithValue(ctx, chi.RouteCtxKey, routed))
	v := &visit{request: request, id: view.RequestID, now: view.At.In(s.clock().Location()), session: &signin.Session{
		UserName: view.UserName, Roles: []string{"GLOBAL_SEARCH", "INACTIVE_BOOKINGS", roleAuditor, rolePrison},
	}}
	return s.drawAgain(ctx, v, view)
}

// drawAgain runs the handler of the page and draws what it returns.
func (s *Screens) drawAgain(ctx context.Context, v *visit, view store.View) ([]byte, error) {
	for _, rt := range s.routes() {
		if rt.method != http.MethodGet || rt.path != view.Route {
			continue
		}
		out, err := rt.serve(ctx, v)
		if err != nil {
			return nil, fmt.Errorf("show the page again: %w", err)
		}
		if out.redirect != "" {
			return nil, &NotAgainError{"the number leads to another one"}
		}
		words := "Shown as of position " + strconv.FormatUint(view.Position, 10) + " by build " + s.version + ", with numbers for names."
		if view.Build != s.version {
			words += " The page was made by build " + view.Build + "."
		}
		out.warnings = append([]govuk.Warning{{Text: words}}, out.warnings...)
		_, body, err := s.draw(ctx, v, out, newNonce())
		if out.file != nil {
			body = append([]byte(words+"\n"), body...)
		}
		return body, err
	}
	return nil, &NotAgainError{"this build has no page at its address"}
}

// addressAgain returns the path and the query of a view, whose route has parameters in
// braces: the key prisoner is the first subject, and a record is named in the question.
func addressAgain(view store.View) (path, query string, err error) {
	path, query = view.Route, view.Query
	if strings.Contains(path, "{"+recordParameter+"}") {
		values, err := url.ParseQuery(query)
		if err != nil || values.Get(recordParameter) == "" {
			return "", "", &NotAgainError{"the build that made it kept no id of the record; the history of its prisoners has it"}
		}
		path = strings.Replace(path, "{"+recordParameter+"}", url.PathEscape(values.Get(recordParameter)), 1)
		values.Del(recordParameter)
		query = values.Encode()
	}
	if strings.Contains(path, "{pn}") {
		if len(view.Subjects) == 0 {
			return "", "", &NotAgainError{"the view names no prisoner"}
		}
		path = strings.Replace(path, "{pn}", url.PathEscape(string(view.Subjects[0])), 1)
	}
	if strings.Contains(path, "{") {
		return "", "", &NotAgainError{"a part of its address is not kept"}
	}
	return path, query, nil
}
