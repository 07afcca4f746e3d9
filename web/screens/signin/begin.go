package signin

import (
	"context"
	"errors"
	"net/http"

	"golang.org/x/oauth2"

	"nonassociations/web/screens/store"
)

// Redirect is where a browser goes, and the cookies that it gets.
type Redirect struct {
	Location string
	Cookies  []*http.Cookie
}

// Begin begins a sign-in at the issuer: an authorisation code flow with PKCE, state and
// nonce. The page that asked for it is kept with the sign-in. Errors: ErrIssuerAway, and
// faults.
func (s *SignIn) Begin(ctx context.Context, r *http.Request) (Redirect, error) {
	issuer, err := s.endpoints.get(ctx)
	if err != nil {
		return Redirect{}, err
	}
	// Several tabs may sign in at once: they share the browser's secret, and each has a
	// state of its own.
	browser := secretOf(r, s.cookies.browser)
	if browser == "" {
		browser = newSecret()
	}
	state := newSecret()
	attempt := store.Attempt{
		ID: store.IDOf(state), Browser: store.IDOf(browser), BeganAt: s.Clock(), ReturnTo: s.returnTo(r),
		Secrets: store.AttemptSecrets{Nonce: newSecret(), Verifier: oauth2.GenerateVerifier()},
	}
	if err := s.Store.BeginAttempt(ctx, attempt); err != nil {
		return Redirect{}, err
	}
	return Redirect{
		Location: issuer.AuthCodeURL(state, oauth2.S256ChallengeOption(attempt.Secrets.Verifier), oauth2.SetAuthURLParam("nonce", attempt.Secrets.Nonce)),
		Cookies:  []*http.Cookie{s.cookies.make(s.cookies.browser, browser, attemptTime), s.cookies.remove(s.cookies.returnTo)},
	}, nil
}

// Callback ends a sign-in with the issuer's answer, which counts once, and begins a
// session under a new id. The session that the browser had ends. It leads to the form that
// was kept for the user, if there is one, else to the page that asked for the sign-in.
// Errors: ErrFailed, ErrIssuerAway, and faults.
func (s *SignIn) Callback(ctx context.Context, r *http.Request) (Redirect, error) {
	// Before the attempt is taken: while the issuer is away the same answer can come again.
	issuer, err := s.endpoints.get(ctx)
	if err == nil && s.issuer.since(s.Clock(), awayTime) {
		err = ErrIssuerAway
	}
	if err != nil {
		return Redirect{}, err
	}
	attempt, err := s.takeAttempt(ctx, r)
	if err != nil {
		return Redirect{}, err
	}
	query := r.URL.Query()
	code := single(query, "code")
	if query.Has("error") || code == "" || !s.isOfIssuer(query) {
		return Redirect{}, ErrFailed
	}
	now := s.Clock()
	answer, err := s.exchange(ctx, issuer, code, attempt.Secrets.Verifier)
	if err != nil {
		return Redirect{}, err
	}
	user, tokens, err := s.read(ctx, answer, now, &attempt.Secrets.Nonce)
	if errors.Is(err, errRefused) {
		return Redirect{}, ErrFailed
	}
	if err != nil {
		return Redirect{}, err
	}
	return s.begun(ctx, r, attempt.ReturnTo, store.Session{User: user, BeganAt: now, SeenAt: now, Tokens: tokens})
}

// takeAttempt finds the sign-in that an answer of the issuer belongs to.
func (s *SignIn) takeAttempt(ctx context.Context, r *http.Request) (store.Attempt, error) {
	state, browser := single(r.URL.Query(), "state"), secretOf(r, s.cookies.browser)
	if !isSecret(state) || browser == "" {
		return store.Attempt{}, ErrFailed
	}
	attempt, err := s.Store.TakeAttempt(ctx, store.IDOf(state), store.IDOf(browser))
	switch {
	case errors.Is(err, store.ErrNone):
		return store.Attempt{}, ErrFailed
	case err != nil:
		return store.Attempt{}, err
	case s.Clock().Sub(attempt.BeganAt) >= attemptTime:
		return store.Attempt{}, ErrFailed
	}
	return attempt, nil
}

// begun stores the session of a sign-in.
func (s *SignIn) begun(ctx context.Context, r *http.Request, returnTo string, session store.Session) (Redirect, error) {
	if old := secretOf(r, s.cookies.session); old != "" {
		if err := s.Store.EndSession(ctx, store.IDOf(old), session.BeganAt); err != nil {
			return Redirect{}, err
		}
	}
	cookie := newSecret()
	session.ID = store.IDOf(cookie)
	if err := s.Store.CreateSession(ctx, session); err != nil {
		return Redirect{}, err
	}
	kept, err := s.KeptPage(ctx, session.User)
	if err != nil {
		return Redirect{}, err
	}
	return Redirect{
		Location: first(kept, returnTo, home),
		Cookies:  []*http.Cookie{s.cookies.make(s.cookies.session, cookie, 0)},
	}, nil
}

// isOfIssuer reports whether an answer is not of another issuer (RFC 9207).
func (s *SignIn) isOfIssuer(query map[string][]string) bool {
	issuers, named := query["iss"]
	return !named || (len(issuers) == 1 && issuers[0] == s.Issuer)
}

// single returns a parameter that is there once, else "".
func single(query map[string][]string, name string) string {
	if values := query[name]; len(values) == 1 {
		return values[0]
	}
	return ""
}
