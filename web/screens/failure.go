package screens

import (
	"errors"
	"fmt"
	"net/http"

	"nonassociations/commands"
	"nonassociations/domain"
	"nonassociations/queries/directory"
	"nonassociations/queries/whereabouts"
	"nonassociations/web/outage"
)

// failure is an answer that is not the page that was asked for. It is an error too, so
// that any function of a handler can end it.
type failure struct {
	status  int
	title   string
	heading string
	text    []string // paragraphs
	allow   string   // the methods of a 405
	signIn  bool     // leads to the sign-in
	cause   error    // for the log
}

// Error makes a failure an error, for the log.
func (f *failure) Error() string {
	if f.cause != nil {
		return f.cause.Error()
	}
	return fmt.Sprintf("%d %s", f.status, f.title)
}

// Unwrap returns the cause.
func (f *failure) Unwrap() error { return f.cause }

// notFound is the same page for an unknown path, for what does not exist and for what
// the user may not see, so that nobody learns which it is.
func notFound() *failure {
	return &failure{
		status: http.StatusNotFound, title: "Page not found", heading: "Page not found",
		text: []string{"If you typed the web address, check it is correct.", "If you pasted the web address, check you copied the entire address."},
	}
}

// notAuthorised is for a user without any role of this service.
func notAuthorised() *failure {
	return &failure{
		status: http.StatusForbidden, title: "Not authorised", heading: "You are not authorised to use this application",
		text: []string{"Ask your local system administrator for a role of this service, then sign out and sign in again."},
	}
}

// crossOrigin is for a form of another site.
func crossOrigin(cause error) *failure {
	return &failure{
		status: http.StatusForbidden, title: "No permission", heading: "You do not have permission",
		text: []string{"The form was sent from another site. Nothing was saved."}, cause: cause,
	}
}

// notUnderstood is a 400, 405, 413 or 415.
func notUnderstood(status int, text string) *failure {
	return &failure{status: status, title: "Request not understood", heading: "Sorry, this request cannot be answered", text: []string{text}}
}

// badAddress is the 400 of a file whose address has a value that is refused.
func badAddress(text string) *failure { return notUnderstood(http.StatusBadRequest, text) }

// unavailable is the 503 of a request that may be sent again. texts say what is away.
func unavailable(cause error, texts ...string) *failure {
	return &failure{
		status: http.StatusServiceUnavailable, title: "Service unavailable", heading: "Sorry, the service is unavailable",
		text: append(texts, "Try again in a moment. Nothing was changed."), cause: cause,
	}
}

// locationsAway is the 503 of a page that needs the places of prisoners.
func locationsAway(cause error) *failure {
	return unavailable(cause, "Locations cannot be read now.")
}

// unexpected is a fault of this service.
func unexpected(cause error) *failure {
	return &failure{
		status: http.StatusInternalServerError, title: "Problem with the service", heading: "Sorry, there is a problem with the service",
		text: []string{"Try again later."}, cause: cause,
	}
}

// failureOf maps every error to a failure. It is the one place that knows which error has
// which page. An unknown error is a 500 without a text.
func failureOf(err error) *failure {
	var f *failure
	var refusal domain.Refusal
	var missing commands.MissingPrisoners
	switch {
	case errors.As(err, &f):
		return f
	case errors.As(err, &missing), errors.Is(err, commands.ErrNotPermitted):
		return notFound()
	case errors.As(err, &refusal) && refusal.Code == domain.CodeNotFound:
		return notFound()
	case errors.Is(err, whereabouts.ErrUnknownPrison):
		return notFound()
	case errors.Is(err, directory.ErrUnavailable), errors.Is(err, whereabouts.ErrNoLocations):
		return locationsAway(err)
	case outage.Passes(err):
		return unavailable(err)
	}
	return unexpected(err)
}
