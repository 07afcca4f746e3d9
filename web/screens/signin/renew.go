package signin

import (
	"context"
	"errors"
	"slices"
	"time"

	"nonassociations/web/screens/store"
)

// isOld reports whether an access token must be renewed before the next page. A clock that
// went back by more than a minute makes it old as well.
func isOld(t store.Tokens, now time.Time) bool {
	return now.Sub(t.RenewedAt).Abs() > renewAfter || !now.Before(t.ExpiresAt)
}

// renewed is what a renewal made of a session.
type renewed struct {
	row    store.Session
	cookie string // "" when the id has not changed
}

// renew renews the tokens of a session, once for all who ask for it, in this process and in
// others. While the issuer is away the session stays as it is. The cookie is "" unless the
// id has changed. Errors: ErrNoSession when the session has ended, and faults.
func (s *SignIn) renew(ctx context.Context, id store.ID) (store.Session, string, error) {
	// A browser that goes away must not lose the tokens: the issuer has given new ones
	// for those that are stored, which count no longer.
	lasting := context.WithoutCancel(ctx)
	result, err, _ := s.renewing.Do(string(id[:]), func() (any, error) {
		ctx, cancel := context.WithTimeout(lasting, renewTime)
		defer cancel()
		return s.renewLocked(ctx, id)
	})
	if err != nil {
		return store.Session{}, "", err
	}
	now, _ := result.(renewed)
	if !now.row.EndedAt.IsZero() {
		if now.row.Successor == "" {
			return store.Session{}, "", ErrNoSession
		}
		// Another process has changed the id.
		return s.find(ctx, now.row.Successor)
	}
	return now.row, now.cookie, nil
}

// renewLocked renews the tokens under the lock of the row.
func (s *SignIn) renewLocked(ctx context.Context, id store.ID) (renewed, error) {
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-ctx.Done():
		return renewed{}, ctx.Err()
	}
	var cookie string
	row, err := s.Store.Renew(ctx, id, func(before store.Session) (store.Renewal, error) {
		renewal := s.decide(ctx, before)
		cookie = renewal.Cookie
		return renewal, nil
	})
	if errors.Is(err, store.ErrNone) {
		return renewed{}, ErrNoSession
	}
	return renewed{row, cookie}, err
}

// decide asks the issuer for new tokens, unless another was quicker, and returns what
// becomes of the session. The issuer being away changes nothing.
func (s *SignIn) decide(ctx context.Context, before store.Session) store.Renewal {
	now := s.Clock()
	end := store.Renewal{End: true, At: now}
	switch {
	case !before.EndedAt.IsZero() || !isOld(before.Tokens, now):
		return store.Renewal{}
	case before.Tokens.Refresh == "":
		if now.Before(before.Tokens.ExpiresAt) {
			return store.Renewal{}
		}
		return end
	case s.issuer.since(now, awayTime):
		return store.Renewal{}
	}
	issuer, err := s.endpoints.get(ctx)
	if err != nil {
		return store.Renewal{} // the last roles hold
	}
	answer, err := s.refresh(ctx, issuer, before.Tokens.Refresh)
	switch {
	case errors.Is(err, errInvalidGrant):
		return end
	case err != nil:
		s.issuer.fails(s.Clock())
		return store.Renewal{}
	}
	user, tokens, err := s.read(ctx, answer, now, nil)
	switch {
	case errors.Is(err, errRefused) || err == nil && (user != before.User || tokens.Subject != before.Tokens.Subject):
		return end
	case err != nil:
		// The keys cannot be had. The refresh token is new all the same, and the old
		// one counts no longer.
		kept := before.Tokens
		kept.Refresh = answer.RefreshToken
		return store.Renewal{Tokens: &kept}
	}
	return changed(before, tokens, now)
}

// changed returns the renewal with new tokens. With other roles the session gets another
// id.
func changed(before store.Session, tokens store.Tokens, now time.Time) store.Renewal {
	if tokens.ID == "" {
		tokens.ID = before.Tokens.ID
	}
	renewal := store.Renewal{Tokens: &tokens, At: now}
	if !slices.Equal(tokens.Roles, before.Tokens.Roles) {
		renewal.Cookie = newSecret()
	}
	return renewal
}
