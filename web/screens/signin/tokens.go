package signin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"golang.org/x/oauth2"

	"nonassociations/web/auth"
	"nonassociations/web/screens/store"
)

var (
	// errRefused means that what the issuer gave is not to be believed.
	errRefused = errors.New("a token is refused")
	// errInvalidGrant means that the issuer takes back what it gave.
	errInvalidGrant = errors.New("the issuer refuses the grant")
)

// exchange turns a code into tokens. Errors: ErrFailed, ErrIssuerAway.
func (s *SignIn) exchange(ctx context.Context, issuer *addresses, code, verifier string) (*oauth2.Token, error) {
	ctx, cancel := context.WithTimeout(context.WithValue(ctx, oauth2.HTTPClient, s.Client), issuerTime)
	defer cancel()
	answer, err := issuer.Exchange(ctx, code, oauth2.VerifierOption(verifier))
	if err == nil {
		return answer, nil
	}
	if status, _ := refusal(err); isOurFault(status) {
		return nil, fmt.Errorf("exchange a code: the answer is %d: %w", status, ErrFailed)
	}
	s.issuer.fails(s.Clock())
	return nil, fmt.Errorf("exchange a code: %w", ErrIssuerAway)
}

// refresh turns a refresh token into new tokens. Errors: errInvalidGrant, ErrIssuerAway.
func (s *SignIn) refresh(ctx context.Context, issuer *addresses, refreshToken string) (*oauth2.Token, error) {
	ctx, cancel := context.WithTimeout(context.WithValue(ctx, oauth2.HTTPClient, s.Client), issuerTime)
	defer cancel()
	answer, err := issuer.TokenSource(ctx, &oauth2.Token{RefreshToken: refreshToken}).Token()
	if err == nil {
		return answer, nil
	}
	status, code := refusal(err)
	if isOurFault(status) && code == "invalid_grant" {
		return nil, errInvalidGrant
	}
	// Other refusals are about this service and not about the user: nobody is signed out
	// for a wrong client secret.
	s.Logger.WarnContext(ctx, "the issuer does not renew tokens", "status", status)
	return nil, fmt.Errorf("renew a token: the answer is %d: %w", status, ErrIssuerAway)
}

// refusal returns the status and the code of the issuer's answer; zero when there was
// none. The library's own text quotes the answer, so it is not passed on.
func refusal(err error) (status int, code string) {
	var refused *oauth2.RetrieveError
	if !errors.As(err, &refused) {
		return 0, ""
	}
	return refused.Response.StatusCode, refused.ErrorCode
}

// isOurFault reports whether the issuer says that a request was wrong, and not that it
// cannot answer now.
func isOurFault(status int) bool {
	return status >= 400 && status < 500 && status != http.StatusRequestTimeout && status != http.StatusTooManyRequests
}

// read verifies what the issuer gave, asked for at a time. nonce is nil for a renewal,
// which has none. Errors: errRefused, ErrIssuerAway while keys cannot be had.
func (s *SignIn) read(ctx context.Context, answer *oauth2.Token, asked time.Time, nonce *string) (user string, t store.Tokens, err error) {
	ctx, cancel := context.WithTimeout(ctx, issuerTime)
	defer cancel()
	claims, err := s.Verifier.Verify(ctx, answer.AccessToken)
	switch {
	case errors.Is(err, auth.ErrInvalid):
		return "", store.Tokens{}, errRefused
	case err != nil:
		return "", store.Tokens{}, fmt.Errorf("verify an access token: %w", ErrIssuerAway)
	case claims.User == "":
		return "", store.Tokens{}, errRefused
	}
	idToken, given := answer.Extra("id_token").(string)
	if given {
		if err := s.idTokens.verify(ctx, idToken, answer.AccessToken, claims.Subject, nonce); err != nil {
			return "", store.Tokens{}, err
		}
	}
	roles := slices.Clone(claims.Roles)
	slices.Sort(roles)
	return claims.User, store.Tokens{
		Access: answer.AccessToken, Refresh: answer.RefreshToken, ID: idToken, Subject: claims.Subject,
		Roles: slices.Compact(roles), Caseloads: claims.Caseloads, RenewedAt: asked, ExpiresAt: claims.Expires,
	}, nil
}
