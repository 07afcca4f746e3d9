package screens

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"nonassociations/domain"
	"nonassociations/web/screens/govuk"
	"nonassociations/web/screens/signin"
)

// keepAlivePath counts as a request of a session and shows nothing.
const keepAlivePath = "/keep-alive"

// askToSignIn leads a page without a session to the sign-in.
func (s *Screens) askToSignIn(_ context.Context, v *visit) (answer, error) {
	return redirectOf(s.sessions.ToSignIn(v.request)), nil
}

// redirectOf returns the answer for a step of a sign-in.
func redirectOf(to signin.Redirect) answer {
	return answer{status: http.StatusFound, redirect: to.Location, cookies: to.Cookies}
}

// signIn begins a sign-in. With a session it leads to a form that was kept for the user,
// else to the beginning.
func (s *Screens) signIn(ctx context.Context, v *visit) (answer, error) {
	if v.session != nil {
		page, err := s.sessions.KeptPage(ctx, v.session.UserName)
		return answer{redirect: orText(page, "/")}, err
	}
	return signInStep(s.sessions.Begin(ctx, v.request))
}

// callback ends a sign-in.
func (s *Screens) callback(ctx context.Context, v *visit) (answer, error) {
	return signInStep(s.sessions.Callback(ctx, v.request))
}

// signOut ends the session here, then at the issuer.
func (s *Screens) signOut(ctx context.Context, v *visit) (answer, error) {
	return signInStep(s.sessions.SignOut(ctx, v.request))
}

// signInStep returns the redirect of a step, or the page of why there is none.
func signInStep(to signin.Redirect, err error) (answer, error) {
	switch {
	case errors.Is(err, signin.ErrFailed):
		return answer{}, &failure{
			status: http.StatusBadRequest, title: "Sign-in failed", heading: "You could not be signed in",
			text: []string{"Nothing was changed."}, signIn: true,
		}
	case err != nil:
		return answer{}, unavailable(err)
	}
	return redirectOf(to), nil
}

// keepAlive answers a script that was told to stay signed in.
func (s *Screens) keepAlive(context.Context, *visit) (answer, error) {
	return answer{title: "Signed in", page: KeepAlive{}}, nil
}

// KeepAlive is seen by nobody.
type KeepAlive struct{}

// signedOutForm answers a form that was sent without a session. It is no redirect, which
// the browser would block. What was typed is kept for the user of the ended session.
func (s *Screens) signedOutForm(ctx context.Context, v *visit) (answer, error) {
	f := &failure{
		status: http.StatusUnauthorized, title: "Signed out", heading: "You have been signed out",
		text: []string{"Nothing was saved. Sign in again to see what you typed."}, signIn: true,
	}
	kept, err := s.keepTyped(ctx, v.request)
	if err != nil {
		return answer{}, unavailable(err)
	}
	if !kept {
		f.text = []string{"Nothing was saved.", "What you typed could not be kept."}
	}
	return answer{}, f
}

// keepTyped keeps the fields of a form for the user of the ended session, and reports
// whether it did.
func (s *Screens) keepTyped(ctx context.Context, r *http.Request) (bool, error) {
	body, err := readBody(r)
	if err != nil {
		return false, nil //nolint:nilerr // too large or cut off: nothing can be kept
	}
	fields, err := url.ParseQuery(string(body))
	if err != nil || len(fields) == 0 {
		return false, nil //nolint:nilerr // no form
	}
	return s.sessions.KeepForm(ctx, r, fields)
}

// signOutWarning is how long before its end a session says so.
const signOutWarning = 5 * time.Minute

// sessionEnd says when the session ends.
func (s *Screens) sessionEnd(v *visit) *govuk.Session {
	end := &govuk.Session{
		Idle: v.session.EndsAt.Sub(v.now), Left: v.session.LifetimeEndsAt.Sub(v.now), Warn: signOutWarning, KeepAlive: keepAlivePath,
	}
	if half := s.idle / 2; half < end.Warn {
		end.Warn = half
	}
	return end
}

// userOf returns who is signed in, for the header.
func (s *Screens) userOf(v *visit) *govuk.User {
	user := &govuk.User{Name: v.session.UserName, CanChange: len(v.session.Caseloads.All) > 1}
	if active := v.session.Caseloads.Active; active != "" {
		user.Caseload = s.prisonName(v, active)
	}
	return user
}

// prisonName returns the name of a prison: that of the user's caseloads, else the one
// that the directory gave any of its people, else its id.
func (s *Screens) prisonName(v *visit, id domain.PrisonID) string {
	for _, one := range v.session.Caseloads.All {
		if one.ID == id && one.Name != "" {
			return one.Name
		}
	}
	return s.locations.NameOf(id)
}

// isRefreshing reports whether a page loads itself again, which is no request of its user.
func isRefreshing(r *http.Request) bool { return r.URL.Query().Get("refresh") != "" }

// announced says from when the prisons of a user use this service.
func announced(state domain.SwitchOver, caseloads signin.Caseloads, name func(domain.PrisonID) string) []string {
	var all []string
	for _, one := range caseloads.All {
		a := state.Prison(one.ID).Announced
		if a == nil {
			continue
		}
		text := "From " + longDay(a.From) + " use this service and not NOMIS. " + a.Text
		if len(caseloads.All) > 1 {
			text = name(one.ID) + ": " + text
		}
		all = append(all, text)
	}
	return all
}

// longDay returns a day such as 2027-01-31 as "31 January 2027".
func longDay(day string) string {
	at, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return day
	}
	return govuk.Date(at)
}
