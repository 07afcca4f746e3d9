package nomisapi

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"nonassociations/internal/dev/token"
)

// Tokens returns Verify and Sign of Options for an issuer of a development run.
func Tokens(issuer token.Issuer) (
	verify func(token string) (roles []string, err error), sign func(clientID string) (string, time.Duration, error),
) {
	verify = func(text string) ([]string, error) {
		var claims struct {
			jwt.RegisteredClaims

			Authorities []string `json:"authorities"`
		}
		key := func(*jwt.Token) (any, error) { return issuer.Key.Public(), nil }
		_, err := jwt.ParseWithClaims(text, &claims, key, jwt.WithValidMethods([]string{"ES256"}),
			jwt.WithIssuer(issuer.Name), jwt.WithExpirationRequired())
		if err != nil {
			return nil, fmt.Errorf("verify a token: %w", err)
		}
		roles := make([]string, len(claims.Authorities))
		for i, authority := range claims.Authorities {
			roles[i] = strings.TrimPrefix(authority, "ROLE_")
		}
		return roles, nil
	}
	sign = func(clientID string) (string, time.Duration, error) {
		text, err := issuer.Sign(token.Request{User: clientID, Roles: []string{Role}}, time.Now())
		return text, token.TTL, err
	}
	return verify, sign
}

// oauthError is the error of the token endpoint (RFC 6749 §5.2).
func oauthError(status int, code string) answer {
	return answer{status: status, body: map[string]string{"error": code}}
}

// token is POST /oauth/token: OAuth 2's grant for client credentials, which come by Basic
// or in the form.
func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	s.grant(w, r).write(w)
}

// grant answers a request for a token.
func (s *Server) grant(w http.ResponseWriter, r *http.Request) answer {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if r.ParseForm() != nil || r.Form.Get("grant_type") != "client_credentials" {
		return oauthError(http.StatusBadRequest, "unsupported_grant_type")
	}
	id, secret, basic := r.BasicAuth()
	if !basic {
		id, secret = r.Form.Get("client_id"), r.Form.Get("client_secret")
	}
	if id == "" || id != s.options.ClientID || secret != s.options.ClientSecret {
		return oauthError(http.StatusUnauthorized, "invalid_client")
	}
	text, life, err := s.options.Sign(id)
	if err != nil {
		return oauthError(http.StatusInternalServerError, "server_error")
	}
	w.Header().Set("Cache-Control", "no-store")
	return ok(map[string]any{"access_token": text, "token_type": "bearer", "expires_in": int(life.Seconds())})
}
