package screens

import (
	"net/http"

	"nonassociations/domain"
	"nonassociations/web/screens/govuk"
	"nonassociations/web/screens/store"
)

// answer is what a handler returns: a page, a file or a redirect.
type answer struct {
	status int // 0: 200, or 303 of a redirect that follows a POST
	// page is the struct of the page; its template has the same name.
	page     any
	title    string // without " – Non-associations", and never with a person in it
	crumbs   []crumb
	warnings []govuk.Warning
	errors   []govuk.ErrorLink // of the error summary
	saved    *govuk.Saved
	saving   *govuk.Saving

	done    string // the sentence of #done
	refresh int    // seconds after which the page loads itself again
	cookies []*http.Cookie

	file     *file
	redirect string // an address of this service

	// as is the page's name in the view audit where it is not that of its route.
	as store.Page
	// subjects are the prisoners whose page it is.
	subjects []domain.PrisonerNumber
	// position is what an answer about records reflects; 0: it is about none.
	position uint64
	// outside says that the page is of a prison that is not among the user's caseloads.
	outside bool
	// failure is why there is no such page.
	failure *failure
}

// crumb is one link of the breadcrumbs.
type crumb struct{ text, href string }

// file is an answer that a browser saves.
type file struct {
	name string // in the user's folder
	body []byte
}

// statusOf returns the status of an answer.
func (a answer) statusOf(method string) int {
	switch {
	case a.status != 0:
		return a.status
	case a.redirect != "" && method == http.MethodPost:
		return http.StatusSeeOther
	case a.redirect != "":
		return http.StatusFound
	}
	return http.StatusOK
}
