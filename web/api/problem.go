package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/go-json-experiment/json"

	"nonassociations/audit"
	"nonassociations/commands"
	"nonassociations/domain"
	"nonassociations/queries"
	"nonassociations/web/outage"
	"nonassociations/web/shape"
	"nonassociations/web/strictjson"
)

// problem is a refusal: its body, and what else its response has. It is an error too, so
// that any function can refuse.
type problem struct {
	shape.Problem

	retryAfter string // seconds, for a 503
	etag       string // the current one, for a 412
	location   string // for a 301
	link       string // for a 410
	cause      error  // for the log
}

// Error makes a problem an error, for the log.
func (p problem) Error() string { return p.DeveloperMessage }

// reply returns the response of a problem.
func (p problem) reply() response {
	body, err := json.Marshal(p.Problem)
	if err != nil {
		panic("a problem is not JSON: " + err.Error()) // a bug: texts and numbers only
	}
	return response{
		status: p.Status, body: body, retryAfter: p.retryAfter, etag: p.etag, location: p.location, link: p.link,
		challenge: p.Status == http.StatusUnauthorized,
	}
}

// refuse returns the response for an error. Faults of this service are logged here, and
// nowhere else.
func (a *API) refuse(ctx context.Context, err error) response {
	p := problemOf(err)
	switch {
	case p.Status >= http.StatusInternalServerError && p.retryAfter == "":
		a.logger.ErrorContext(ctx, "request failed", "error", err)
	case p.cause != nil:
		a.logger.WarnContext(ctx, "request not served", "error", p.cause)
	}
	return p.reply()
}

// problemOf maps every error to a problem. It is the one place that knows which
// error has which status. An unknown error is a 500 without a text.
func problemOf(err error) problem {
	var p problem
	var refusal domain.Refusal
	var missing commands.MissingPrisoners
	var syntax *strictjson.SyntaxError
	var values *strictjson.InvalidError
	switch {
	case errors.As(err, &p):
		return p
	case errors.As(err, &syntax):
		return unreadable(syntax.Pointer, syntax.Detail)
	case errors.As(err, &values):
		return invalidBody(values)
	case errors.As(err, &missing):
		return problemWith(http.StatusNotFound, domain.CodeNotFound, "Missing prisoners: "+missing.Error())
	case errors.Is(err, commands.ErrNotPermitted):
		return plain(http.StatusForbidden, "Forbidden: the caseloads and roles of the token do not allow this for where the prisoners are")
	case errors.Is(err, commands.ErrOtherRequest):
		return plain(http.StatusUnprocessableEntity, "The Idempotency-Key was used for another request; nothing was stored")
	case errors.As(err, &refusal):
		return refused(refusal)
	case outage.Passes(err):
		return unavailable(err)
	}
	return unexpected()
}

// refused maps a refusal of the domain to its status: 400, 404, 409 or 412.
func refused(r domain.Refusal) problem {
	switch r.Code {
	case domain.CodeInvalid:
		return invalidValue("/"+r.Field, r.Message)
	case domain.CodeNotSwitched:
		return plain(http.StatusConflict, r.Message)
	case domain.CodeStale:
		return plain(http.StatusPreconditionFailed, r.Message)
	case domain.CodeNotFound:
		return problemWith(http.StatusNotFound, r.Code, "Not found: "+r.Message)
	default:
		return problemWith(http.StatusConflict, r.Code, r.Message)
	}
}

// plain is a problem without an error code.
func plain(status int, message string) problem {
	return problem{Problem: shape.Problem{Status: status, UserMessage: message, DeveloperMessage: message}}
}

// problemWith is a problem with a stable error code.
func problemWith(status int, code domain.Code, message string) problem {
	p := plain(status, message)
	p.ErrorCode = &code
	return p
}

// invalid is the 400 for bad values. more counts faults beyond those listed.
func invalid(faults []shape.Fault, more int) problem {
	p := problemWith(http.StatusBadRequest, domain.CodeInvalid, "Validation failure: the request has values that are not allowed")
	p.DeveloperMessage = fmt.Sprintf("Validation failure: %s %s", nameOf(faults[0].Source), faults[0].Detail)
	if others := len(faults) - 1 + more; others > 0 {
		p.DeveloperMessage += fmt.Sprintf(", and %d more", others)
	}
	p.Errors = faults
	return p
}

// invalidValue is the 400 for one bad value.
func invalidValue(source, detail string) problem {
	return invalid([]shape.Fault{{Source: source, Detail: detail}}, 0)
}

// invalidBody is the 400 for the bad values of a body.
func invalidBody(e *strictjson.InvalidError) problem {
	faults := make([]shape.Fault, len(e.Faults))
	for i, f := range e.Faults {
		faults[i] = shape.Fault{Source: f.Pointer, Detail: f.Detail}
	}
	return invalid(faults, e.More)
}

// nameOf names the source of a fault in the developer message. The empty pointer is
// the whole body.
func nameOf(source string) string {
	if source == "" {
		return "the body"
	}
	return source
}

// unreadable is the 400 for a body that is not strict JSON, with a pointer to the
// place.
func unreadable(at, detail string) problem {
	p := problemWith(http.StatusBadRequest, domain.CodeInvalid, "Validation failure: Couldn't read request body: "+detail)
	p.Errors = []shape.Fault{{Source: at, Detail: detail}}
	return p
}

// unavailable is the 503 of a request that may be sent again. cause is logged and not
// shown, except for the ids of a log that is not the expected one: an operator needs
// them.
func unavailable(cause error) problem {
	p := plain(http.StatusServiceUnavailable, "The service cannot answer now. Repeating the request is safe.")
	p.retryAfter, p.cause = "1", cause
	if errors.Is(cause, queries.ErrTooManyWaiters) {
		p.DeveloperMessage = "Too many requests wait for the read model at once. Repeating the request is safe."
	}
	var otherLog *audit.Mismatch
	if errors.As(cause, &otherLog) { // an operator must look
		p.DeveloperMessage = "The event store is not the one that it was: " + otherLog.Describe()
	}
	return p
}

// unauthorised is the 401 without a valid token. It does not say what is wrong with
// it.
func unauthorised() problem {
	return plain(http.StatusUnauthorized, "Unauthorised: a valid bearer token is needed")
}

// codeNoUser is the code of a valid token that names no user.
const codeNoUser domain.Code = 401

// noUser is the 401 for a valid token that names no user: no actor could be
// recorded.
func noUser() problem {
	return problemWith(http.StatusUnauthorized, codeNoUser, "Unauthorised: the token names no user")
}

// forbidden is the 403 for a missing role.
func forbidden() problem {
	return plain(http.StatusForbidden, "Forbidden: the token does not carry the role that this needs")
}

// withoutScope is the 403 for a staff write without the scope.
func withoutScope() problem {
	return plain(http.StatusForbidden, "Forbidden: the token does not carry the scope write that this needs")
}

// noSuchRoute is the 404 for a path that is not served. It has no error code, unlike
// a missing record.
func noSuchRoute() problem { return plain(http.StatusNotFound, "No resource found") }

// wrongMethod is the 405.
func wrongMethod() problem {
	return plain(http.StatusMethodNotAllowed, "Method not allowed here; Allow names those that are")
}

// wrongFormat is the 415.
func wrongFormat(detail string) problem {
	return plain(http.StatusUnsupportedMediaType, "Validation failure: Request format not supported: "+detail)
}

// tooLarge is the 413.
func tooLarge() problem {
	return plain(http.StatusRequestEntityTooLarge, "The body is larger than 1 MiB")
}

// tooSlow is the 408 for a body that did not arrive in time.
func tooSlow() problem {
	return plain(http.StatusRequestTimeout, "The body did not arrive in time. Repeating the request is safe.")
}

// unexpected is the 500. Its cause is in the log alone.
func unexpected() problem {
	return plain(http.StatusInternalServerError, "Unexpected error")
}
