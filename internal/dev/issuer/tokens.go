package issuer

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
)

const (
	algorithm    = "ES256"
	refreshToken = "refresh_token"

	accessTTL  = 10 * time.Minute
	refreshTTL = 12 * time.Hour
	// refreshUse is the audience of refresh tokens: nobody takes one for an access token.
	refreshUse = "the issuer itself"
)

// errGrant is the answer invalid_grant (RFC 6749 §5.2).
var errGrant = errors.New("invalid_grant")

// token is POST /token: tokens for a code or for a refresh token, which both count once.
func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.asked++
	s.mu.Unlock()
	if err := r.ParseForm(); err != nil {
		refuse(w, http.StatusBadRequest, "invalid_request")
		return
	}
	client, _, basic := r.BasicAuth()
	if !basic {
		client = r.PostForm.Get("client_id")
	}
	if client != ClientID {
		refuse(w, http.StatusUnauthorized, "invalid_client")
		return
	}
	var (
		user, nonce string
		err         error
	)
	switch r.PostForm.Get("grant_type") {
	case "authorization_code":
		user, nonce, err = s.exchange(r.PostForm)
	case refreshToken:
		user, err = s.refresh(r.PostForm.Get(refreshToken))
	default:
		refuse(w, http.StatusBadRequest, "unsupported_grant_type")
		return
	}
	if err != nil {
		refuse(w, http.StatusBadRequest, errGrant.Error())
		return
	}
	tokens, err := s.mint(user, nonce)
	if err != nil {
		refuse(w, http.StatusInternalServerError, "server_error")
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	answer(w, http.StatusOK, tokens)
}

// exchange returns the user of a code, and the nonce. The error is errGrant.
func (s *Server) exchange(form url.Values) (user, nonce string, err error) {
	s.mu.Lock()
	given, known := s.codes[form.Get("code")]
	delete(s.codes, form.Get("code"))
	s.mu.Unlock()
	hash := sha256.Sum256([]byte(form.Get("code_verifier")))
	switch {
	case !known, !s.clock().Before(given.until), given.RedirectURI != form.Get("redirect_uri"):
		return "", "", errGrant
	case base64.RawURLEncoding.EncodeToString(hash[:]) != given.Challenge:
		return "", "", errGrant
	}
	return given.user, given.Nonce, nil
}

// refresh returns the user of a refresh token. Refresh tokens are signed, so that sessions
// outlive a restart of the run. The error is errGrant.
func (s *Server) refresh(text string) (string, error) {
	var claims jwt.RegisteredClaims
	_, err := jwt.ParseWithClaims(text, &claims, func(*jwt.Token) (any, error) { return s.Key.Public(), nil },
		jwt.WithValidMethods([]string{algorithm}), jwt.WithAudience(refreshUse), jwt.WithIssuer(s.Name),
		jwt.WithExpirationRequired(), jwt.WithTimeFunc(s.clock))
	if err != nil {
		return "", errGrant
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	at, revoked := s.revoked[claims.Subject]
	if s.used[claims.ID] || (revoked && (claims.IssuedAt == nil || !claims.IssuedAt.After(at))) {
		return "", errGrant
	}
	s.used[claims.ID] = true
	return claims.Subject, nil
}

// mint makes the tokens of a user. The error is errGrant for one who is not there.
func (s *Server) mint(name, nonce string) (map[string]any, error) {
	user, known := s.user(name)
	if !known {
		return nil, errGrant
	}
	s.mu.Lock()
	noClaim, idTokens, noRefresh, alter := s.noClaim, s.idTokens, s.noRefresh, s.alter
	s.mu.Unlock()
	access := s.claims(s.Audience, user.Name, s.ttl, jwt.MapClaims{
		"user_name": user.Name, "client_id": ClientID, "scope": []string{}, "authorities": authorities(user.Roles),
	})
	if !noClaim {
		access["caseloads"] = user.Caseloads
	}
	answer := map[string]any{"token_type": "Bearer", "expires_in": int(s.ttl.Seconds())}
	all := map[string]jwt.MapClaims{
		"access_token": changedBy(alter.Access, access),
		refreshToken:   s.claims(refreshUse, user.Name, refreshTTL, nil),
	}
	if noRefresh {
		delete(all, refreshToken)
	}
	if idTokens {
		all["id_token"] = changedBy(alter.ID, s.claims(ClientID, user.Name, s.ttl, jwt.MapClaims{"nonce": nonce}))
	}
	for kind, claims := range all {
		signed, err := s.SignClaims(claims)
		if err != nil {
			return nil, err
		}
		answer[kind] = signed
	}
	return answer, nil
}

// claims returns those of every token of a user, and more.
func (s *Server) claims(audience, user string, ttl time.Duration, more jwt.MapClaims) jwt.MapClaims {
	now := s.clock()
	all := jwt.MapClaims{
		"iss": s.Name, "aud": audience, "sub": user, "jti": uuid.NewString(), "iat": now.Unix(), "exp": now.Add(ttl).Unix(),
	}
	maps.Copy(all, more)
	return all
}

// changedBy returns the claims after a function has changed them.
func changedBy(alter func(jwt.MapClaims), claims jwt.MapClaims) jwt.MapClaims {
	if alter != nil {
		alter(claims)
	}
	return claims
}

// authorities returns roles as the claim has them.
func authorities(roles []string) []string {
	all := make([]string, 0, len(roles))
	for _, role := range roles {
		all = append(all, "ROLE_"+role)
	}
	return all
}

// refuse answers with an error of RFC 6749 §5.2.
func refuse(w http.ResponseWriter, status int, code string) {
	answer(w, status, map[string]string{"error": code})
}

// answer writes JSON.
func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a reader that left needs no answer
}
