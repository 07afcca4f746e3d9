package signin

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"nonassociations/domain"
	"nonassociations/web/auth"
	"nonassociations/web/screens/store"
)

// Session is who asks for a page. Its slices are shared: never change them.
type Session struct {
	UserName    string
	Roles       []string // without the prefix ROLE_, sorted
	AccessToken string   // for services that are asked in the user's name
	Caseloads   Caseloads

	// EndsAt is when the session ends without another request, LifetimeEndsAt when it ends
	// at the latest. Without a refresh token both are at most the end of the access token.
	EndsAt, LifetimeEndsAt time.Time

	// Cookie must be sent with the answer when it is not nil: the id of the session has
	// changed with the user's roles.
	Cookie *http.Cookie

	id      store.ID
	claimed []domain.PrisonID // the claim caseloads; nil without it
	expires time.Time         // of the access token
}

// Claims returns what the access token says, as the API has it.
func (s Session) Claims() auth.Claims {
	return auth.Claims{User: s.UserName, Roles: s.Roles, Caseloads: s.claimed, Expires: s.expires}
}

// HasRole reports whether the user has a role.
func (s Session) HasRole(role string) bool { return slices.Contains(s.Roles, role) }

// Session returns the session of a request, and records the request, unless it is one of a
// page that refreshes itself. An access token that is older than 60 seconds is renewed
// first. Errors: ErrNoSession; ErrIssuerAway, when the access token has expired and cannot
// be renewed now; and faults.
func (s *SignIn) Session(ctx context.Context, r *http.Request, refreshing bool) (Session, error) {
	row, cookie, err := s.find(ctx, secretOf(r, s.cookies.session))
	if err != nil {
		return Session{}, err
	}
	now := s.Clock()
	if s.isOver(row, now) {
		if err := s.Store.EndSession(ctx, row.ID, s.end(row)); err != nil {
			return Session{}, err
		}
		return Session{}, ErrNoSession
	}
	if !refreshing {
		if err := s.Store.Touch(ctx, row.ID, now); err != nil {
			return Session{}, err
		}
		row.SeenAt = now
	}
	if isOld(row.Tokens, now) && (row.Tokens.Refresh != "" || !now.Before(row.Tokens.ExpiresAt)) {
		renewed, renewedCookie, err := s.renew(ctx, row.ID)
		if err != nil {
			return Session{}, err
		}
		row, cookie = renewed, first(renewedCookie, cookie)
	}
	if !now.Before(row.Tokens.ExpiresAt) {
		return Session{}, ErrIssuerAway
	}
	return s.sessionOf(ctx, row, cookie)
}

// find returns the row of a cookie. A cookie that was replaced a moment ago leads to the
// row of its successor, which is then returned as well: the answer with it may have been
// lost. The error is ErrNoSession for a session that has ended.
func (s *SignIn) find(ctx context.Context, cookie string) (row store.Session, successor string, err error) {
	for range 3 { // cookies are replaced once a minute at most
		if cookie == "" {
			return store.Session{}, "", ErrNoSession
		}
		row, err = s.Store.Session(ctx, store.IDOf(cookie))
		switch {
		case errors.Is(err, store.ErrNone):
			return store.Session{}, "", ErrNoSession
		case err != nil:
			return store.Session{}, "", err
		case row.EndedAt.IsZero():
			return row, successor, nil
		case row.Successor == "" || s.Clock().Sub(row.EndedAt) >= successorTime:
			return store.Session{}, "", ErrNoSession
		}
		cookie, successor = row.Successor, row.Successor
	}
	return store.Session{}, "", ErrNoSession
}

// end returns when a session ends without another request.
func (s *SignIn) end(row store.Session) time.Time {
	idle, lifetime := row.SeenAt.Add(s.Idle), row.BeganAt.Add(s.Lifetime)
	if lifetime.Before(idle) {
		return lifetime
	}
	return idle
}

// isOver reports whether the time of a session is over.
func (s *SignIn) isOver(row store.Session, now time.Time) bool { return !now.Before(s.end(row)) }

// sessionOf returns the session of a row, with the caseloads.
func (s *SignIn) sessionOf(ctx context.Context, row store.Session, cookie string) (Session, error) {
	session := Session{
		UserName: row.User, Roles: row.Tokens.Roles, AccessToken: row.Tokens.Access, id: row.ID,
		claimed: row.Tokens.Caseloads, expires: row.Tokens.ExpiresAt, EndsAt: s.end(row), LifetimeEndsAt: row.BeganAt.Add(s.Lifetime),
	}
	if cookie != "" {
		session.Cookie = s.cookies.make(s.cookies.session, cookie, 0)
	}
	if row.Tokens.Refresh == "" {
		session.EndsAt = earlier(session.EndsAt, session.expires)
		session.LifetimeEndsAt = earlier(session.LifetimeEndsAt, session.expires)
	}
	var err error
	session.Caseloads, err = s.caseloads(ctx, row)
	return session, err
}

// earlier returns the earlier of two times.
func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
