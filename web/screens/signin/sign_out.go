package signin

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"

	"nonassociations/web/screens/store"
)

// SignOut ends the session of a request, if there is one, and returns where the issuer's
// own session ends; without such an address, [SignedOutPath]. The cookie stays: it names the
// user for whom a form of another tab is kept. The error is a fault, after which the
// session may go on.
func (s *SignIn) SignOut(ctx context.Context, r *http.Request) (Redirect, error) {
	var idToken string
	if cookie := secretOf(r, s.cookies.session); cookie != "" {
		row, _, err := s.find(ctx, cookie)
		if err != nil && !errors.Is(err, ErrNoSession) {
			return Redirect{}, err
		}
		idToken = row.Tokens.ID
		if err := s.Store.EndSession(ctx, store.IDOf(cookie), s.Clock()); err != nil {
			return Redirect{}, err
		}
	}
	return Redirect{Location: s.signOutAddress(ctx, idToken)}, nil
}

// signOutAddress returns where a browser goes to end the issuer's session.
func (s *SignIn) signOutAddress(ctx context.Context, idToken string) string {
	back := s.PublicURL + SignedOutPath
	if s.SignOutURL != "" {
		return withQuery(s.SignOutURL, url.Values{"client_id": {s.ClientID}, "redirect_uri": {back}})
	}
	issuer, err := s.endpoints.get(ctx)
	if err != nil || issuer.endSession == "" {
		return SignedOutPath
	}
	query := url.Values{"post_logout_redirect_uri": {back}}
	if idToken != "" {
		query.Set("id_token_hint", idToken)
	} else {
		query.Set("client_id", s.ClientID)
	}
	return withQuery(issuer.endSession, query)
}

// withQuery adds parameters to an address.
func withQuery(address string, query url.Values) string {
	to, err := url.Parse(address)
	if err != nil {
		return SignedOutPath
	}
	all := to.Query()
	maps.Copy(all, query)
	to.RawQuery = all.Encode()
	return to.String()
}
