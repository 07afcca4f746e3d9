package screens

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"nonassociations/web/screens/signin"
)

// handle serves one route: who may enter, then the handler, then the view audit, then the
// answer. A POST is refused in the order of the design: 403 of another origin and 405
// come before this, then 401, 404, 413, 415, 400.
func (s *Screens) handle(rt route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), s.timeout)
		defer cancel()
		v := &visit{request: r, id: requestID(r), now: s.clock()}
		out, err := s.serveInTime(ctx, v, rt)
		if err != nil {
			out = s.failed(ctx, v, out, failureOf(err))
		}
		if out.status == http.StatusNotFound && v.session != nil && r.Method == http.MethodGet {
			s.forgetKept(ctx, v) // else each sign-in would lead to a page that is gone
		}
		if v.session != nil && v.session.Cookie != nil {
			out.cookies = append(out.cookies, v.session.Cookie)
		}
		s.send(ctx, w, v, rt, out)
	})
}

// answerTime is what is left of a request's time for its answer when what was asked for
// takes long: a page is drawn and its view recorded even then, and a form that could not
// be saved shows what was typed.
const answerTime = 2 * time.Second

// answerTime returns the part of a request's time that belongs to its answer.
func (s *Screens) answerTime() time.Duration { return min(answerTime, s.timeout/4) }

// serveInTime serves a request, and leaves the time for its answer.
func (s *Screens) serveInTime(ctx context.Context, v *visit, rt route) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout-s.answerTime())
	defer cancel()
	return s.serve(ctx, v, rt)
}

// serve finds the session, checks that it opens the route, and calls the handler.
func (s *Screens) serve(ctx context.Context, v *visit, rt route) (answer, error) {
	if rt.access == everybody {
		v.session = s.sessionIfAny(ctx, v)
		return rt.serve(ctx, v)
	}
	session, err := s.sessions.Session(ctx, v.request, isRefreshing(v.request))
	switch {
	case errors.Is(err, signin.ErrNoSession) && !isReading(v.request):
		return s.signedOutForm(ctx, v)
	case errors.Is(err, signin.ErrNoSession):
		return s.askToSignIn(ctx, v)
	case err != nil:
		return answer{}, unavailable(err)
	}
	v.session = &session
	if err := enters(session.Roles, rt.access); err != nil {
		return answer{}, err
	}
	if v.request.Method == http.MethodPost && !rt.mayBeMissing() {
		if err := v.readForm(); err != nil {
			return answer{}, err
		}
	}
	return rt.serve(ctx, v)
}

// sessionIfAny returns the session of a page that needs none, for its header; nil without
// one, and while sessions cannot be read.
func (s *Screens) sessionIfAny(ctx context.Context, v *visit) *signin.Session {
	session, err := s.sessions.Session(ctx, v.request, false)
	if err != nil {
		return nil
	}
	return &session
}

// enters refuses a user without any role of this service, and one whose roles do not open
// this route.
func enters(roles []string, needed access) error {
	if !slices.ContainsFunc(roles, func(role string) bool {
		return role == rolePrison || role == roleOperator || role == roleAuditor
	}) {
		return notAuthorised()
	}
	if role, one := roleOf[needed]; one && !slices.Contains(roles, role) {
		return notFound()
	}
	return nil
}

// unknownRoute is that of a path of no route.
var unknownRoute = route{access: anyRole, serve: unknownPath}

// unknownPath answers a path of no route. A user sees it as every page that is not
// permitted.
func unknownPath(context.Context, *visit) (answer, error) { return answer{}, notFound() }

// methodNotAllowed answers 405 with the methods that the path has. The router asks for it
// with every method that it does not know, also where there is no such path.
func (s *Screens) methodNotAllowed(w http.ResponseWriter, r *http.Request) {
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		if s.mux.Match(newRouteContext(), method, r.URL.Path) {
			allowed = append(allowed, method)
		}
	}
	if slices.Contains(allowed, http.MethodGet) {
		allowed = append(allowed, http.MethodHead)
	}
	if len(allowed) == 0 {
		s.handle(unknownRoute).ServeHTTP(w, r)
		return
	}
	f := notUnderstood(http.StatusMethodNotAllowed, "This address does not take the method "+methodName(r.Method)+".")
	f.allow = strings.Join(allowed, ", ")
	s.handle(route{access: everybody, serve: func(context.Context, *visit) (answer, error) { return answer{}, f }}).ServeHTTP(w, r)
}

// failed returns the page of a failure, and logs a fault of this service once. What the
// handler says of subjects and caseloads is kept, for the view audit.
func (s *Screens) failed(ctx context.Context, v *visit, out answer, f *failure) answer {
	switch {
	case f.status == http.StatusInternalServerError:
		s.logger.ErrorContext(ctx, "page failed", slog.String("requestId", v.id.String()), slog.Any("error", f.cause))
	case f.cause != nil:
		s.logger.WarnContext(ctx, "page not served", slog.String("requestId", v.id.String()), slog.Any("error", f.cause))
	}
	text := f.text
	if f.status == http.StatusServiceUnavailable && v.request.Method == http.MethodPost {
		text = append(slices.Clip(text), "Load this page again to send what you typed again. It is saved once.")
	}
	return answer{
		status: f.status, title: f.title, page: Failure{Heading: f.heading, Text: text, RequestID: v.id.String(), SignInAgain: f.signIn, SignOut: f.status == http.StatusForbidden && v.session != nil},
		subjects: out.subjects, as: out.as, outside: out.outside, failure: f,
	}
}
