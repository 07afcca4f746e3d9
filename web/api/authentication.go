package api

import (
	"context"
	"errors"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"nonassociations/web/auth"
)

// endpoint answers an authenticated and authorised request. The position and the
// written headers of its response hold for its error too.
type endpoint func(ctx context.Context, r *http.Request, by auth.Claims) (response, error)

// authenticated is the middleware of nearly every route: it verifies the token,
// demands one of the roles (anyToken: any) and bounds the time of the request. An
// error of any of these is the answer.
func (a *API) authenticated(do endpoint, roles ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), a.timeout)
		defer cancel()
		var out response
		by, err := a.admit(ctx, r, roles)
		// The actor is known from here on, also for a request that is refused, so that
		// the log shows whose request it was.
		if rec, is := w.(*responseRecorder); is {
			rec.actor, rec.client, rec.correlation = by.User, by.ClientID, correlation(r)
		}
		if err == nil {
			out, err = do(ofClient(ctx, by.ClientID), r, by)
		}
		if err != nil {
			// A refusal carries the position as well: a client that retries after a 503
			// learns how far the read model was.
			position, written := out.position, out.written
			out = a.refuse(ctx, err)
			out.position, out.written = position, written
		}
		out.write(w, r)
	}
}

// admit verifies the token of a request and demands one of the roles. The claims come
// with every refusal of a valid token too.
func (a *API) admit(ctx context.Context, r *http.Request, roles []string) (auth.Claims, error) {
	token, is := bearer(r)
	if !is {
		return auth.Claims{}, unauthorised()
	}
	by, err := a.verifier.Verify(ctx, token)
	switch {
	case errors.Is(err, auth.ErrInvalid):
		return auth.Claims{}, unauthorised()
	case err != nil:
		return auth.Claims{}, unverifiable(err)
	case by.User == "":
		return by, noUser()
	case !slices.Contains(roles, anyToken) && !by.HasAnyRole(roles):
		return by, forbidden()
	}
	return by, nil
}

// unverifiable is a 503 with the time after which the token may be verifiable.
func unverifiable(err error) problem {
	p := unavailable(err)
	var later *auth.UnverifiableError
	if errors.As(err, &later) {
		seconds := math.Ceil(later.RetryAfter.Seconds())
		// At least a second, since 0 would invite a busy loop, and at most a minute,
		// since the keys may be back earlier than the back-off expects.
		p.retryAfter = strconv.Itoa(int(min(max(seconds, 1), 60)))
	}
	return p
}

// bearer returns the token of the Authorization header. A second header makes both
// invalid: a proxy could read the one and the service the other.
func bearer(r *http.Request) (string, bool) {
	const scheme = "bearer "
	header := r.Header["Authorization"]
	if len(header) != 1 || len(header[0]) <= len(scheme) || !strings.EqualFold(header[0][:len(scheme)], scheme) {
		return "", false
	}
	return strings.TrimLeft(header[0][len(scheme):], " "), true
}

// correlation returns the caller's own id of the work that this request belongs to;
// "" unless it is a UUID.
func correlation(r *http.Request) string {
	header := r.Header["X-Correlation-Id"]
	if len(header) != 1 {
		return ""
	}
	if _, err := parseID(header[0]); err != nil {
		return ""
	}
	return header[0]
}
