package signin

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/sync/singleflight"

	"nonassociations/internal/tracing"
	"nonassociations/web/auth"
	"nonassociations/web/screens/store"
)

// The errors that a page is made of. Every other error is a fault of the store, and means
// that the page cannot be answered now (503).
var (
	// ErrNoSession means that nobody is signed in: a GET leads to the sign-in, a POST is 401.
	ErrNoSession = errors.New("there is no session")
	// ErrFailed means that a sign-in failed (400). It says nothing more to the user.
	ErrFailed = errors.New("the sign-in failed")
	// ErrIssuerAway means that the issuer does not answer now (503).
	ErrIssuerAway = errors.New("the token issuer does not answer now")
	// ErrNotACaseload means that the user does not have the caseload.
	ErrNotACaseload = errors.New("the user does not have this caseload")
)

// The paths that belong to this package.
const (
	SignInPath    = "/sign-in"
	CallbackPath  = "/sign-in/callback"
	SignOutPath   = "/sign-out"
	SignedOutPath = "/signed-out"
)

const (
	renewAfter    = 60 * time.Second // the age at which an access token is renewed
	attemptTime   = 15 * time.Minute // for a user at the issuer
	successorTime = time.Minute      // in which requests with a replaced cookie still arrive
	issuerTime    = 4 * time.Second  // bounds one call of the issuer
	renewTime     = 8 * time.Second  // bounds a renewal, with the wait for the lock
	awayTime      = time.Second      // in which an issuer that was away is not asked again
	pruneEvery    = time.Minute
	renewals      = 8 // at once in a process; each holds a connection of the store
	maxRedirectTo = 2000
)

// Verifier verifies access tokens; [auth.Verifier] is one.
type Verifier interface {
	Verify(ctx context.Context, token string) (auth.Claims, error)
}

// Options are what sign-in and sessions need. Those without a note must be set.
type Options struct {
	Store    *store.Store
	Key      *store.Key // that of the store
	Verifier Verifier
	Clock    func() time.Time

	Issuer       string // AUTH_ISSUER
	KeysURL      string // AUTH_JWKS_URL
	ClientID     string
	ClientSecret string // "": a public client

	// AuthorizeURL and TokenURL replace the issuer's discovery document. With both it is
	// not asked. SignOutURL replaces its end_session_endpoint.
	AuthorizeURL, TokenURL, SignOutURL string

	PublicURL    string // without a slash at its end
	UserRolesURL string // "": a token without the claim has no caseloads

	// KeepFormFor is how long what was typed after the end of a session is kept.
	Lifetime, Idle, KeepFormFor time.Duration

	Client *http.Client // nil: one with time-outs
	Logger *slog.Logger // nil: none
}

// SignIn signs users in and keeps their sessions. It is safe for concurrent use.
type SignIn struct {
	Options

	cookies   cookies
	endpoints *endpoints
	idTokens  *idTokens
	userRoles *userRoles // nil without the service
	renewing  singleflight.Group
	slots     chan struct{} // taken by renewals
	issuer    away
}

// New returns a SignIn. It sends no request yet. The error names what is missing or wrong.
func New(o Options) (*SignIn, error) {
	if o.Store == nil || o.Key == nil || o.Verifier == nil || o.Clock == nil || o.Issuer == "" || o.KeysURL == "" || o.ClientID == "" {
		return nil, errors.New("sign-in needs a store, its key, a verifier, a clock, an issuer, its keys and a client id")
	}
	if o.Lifetime <= 0 || o.Idle <= 0 || o.KeepFormFor <= 0 {
		return nil, errors.New("sign-in needs the lifetime of sessions, their idle time, and how long forms are kept")
	}
	o.PublicURL = strings.TrimRight(o.PublicURL, "/")
	public, err := url.Parse(o.PublicURL)
	if err != nil || public.Host == "" || (public.Scheme != https && public.Scheme != "http") {
		return nil, errors.New("sign-in needs the public URL of the pages")
	}
	if o.Client == nil {
		o.Client = &http.Client{Timeout: issuerTime, Transport: tracing.Transport(nil, "issuer")}
	}
	// A redirect could send a code or a token to another server.
	client := *o.Client
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	o.Client = &client
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	s := &SignIn{Options: o, cookies: cookiesOf(public), slots: make(chan struct{}, renewals)}
	s.endpoints = newEndpoints(o)
	s.idTokens = newIDTokens(o)
	if o.UserRolesURL != "" {
		s.userRoles = newUserRoles(o)
	}
	return s, nil
}

// Run removes old rows of sessions, sign-ins and forms until ctx ends, and returns its
// error. Several processes may run it.
func (s *SignIn) Run(ctx context.Context) error {
	tick := time.NewTicker(pruneEvery)
	defer tick.Stop()
	for {
		if err := s.Prune(ctx); err != nil && ctx.Err() == nil {
			s.Logger.WarnContext(ctx, "old sessions not removed", "error", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Prune ends the sessions whose time is over, and removes the rows that no longer count.
func (s *SignIn) Prune(ctx context.Context) error {
	limits := store.Limits{Lifetime: s.Lifetime, Idle: s.Idle, Attempt: attemptTime, KeepForm: s.KeepFormFor}
	if err := s.Store.Prune(ctx, s.Clock(), limits); err != nil {
		return fmt.Errorf("prune sessions: %w", err)
	}
	return nil
}
