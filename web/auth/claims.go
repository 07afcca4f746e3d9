package auth

import (
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/golang-jwt/jwt/v5"

	"nonassociations/domain"
)

// Claims are the claims of a verified token. A value is shared between requests: never
// change it.
type Claims struct {
	User     string   // the actor, at most 60 characters; "" when the token names no user that a record could keep
	Subject  string   // the claim sub
	ClientID string   // the calling system; the user where the token names no system
	Roles    []string // without the prefix ROLE_
	Scopes   []string
	Expires  time.Time // by the issuer's clock

	// Caseloads are the prisons that the claim caseloads lists. nil is a token without
	// the claim; an empty list that is not nil is a claim that lists no prison.
	Caseloads []domain.PrisonID
}

// HasAnyRole reports whether the bearer has one of the roles.
func (c Claims) HasAnyRole(roles []string) bool {
	for _, role := range roles {
		if slices.Contains(c.Roles, role) {
			return true
		}
	}
	return false
}

// HasScope reports whether the token has the scope.
func (c Claims) HasScope(scope string) bool { return slices.Contains(c.Scopes, scope) }

// rolePrefix marks the authorities that are roles.
const rolePrefix = "ROLE_"

// token is the payload of a JWT as the department's issuers write it.
type token struct {
	Issuer      string           `json:"iss"`
	Subject     string           `json:"sub"`
	Audience    jwt.ClaimStrings `json:"aud"`
	Expires     *seconds         `json:"exp"`
	NotBefore   *seconds         `json:"nbf"`
	IssuedAt    *seconds         `json:"iat"`
	UserName    string           `json:"user_name"`
	ClientID    string           `json:"client_id"`
	Authorities []string         `json:"authorities"`
	Scope       words            `json:"scope"`
	Caseloads   caseloads        `json:"caseloads"`
}

// UnmarshalJSON accepts claims under their exact names only, and refuses a payload with
// a name twice (RFC 7519 §4). The library's own decoder takes any letter case, and the
// last of several.
func (t *token) UnmarshalJSON(data []byte) error {
	type plain token // without this method
	return json.Unmarshal(data, (*plain)(t))
}

// The methods that the JWT library requires.

// GetExpirationTime returns nil when the token never expires.
func (t *token) GetExpirationTime() (*jwt.NumericDate, error) { return t.Expires.date() }

// GetNotBefore returns nil when the token is valid from the beginning.
func (t *token) GetNotBefore() (*jwt.NumericDate, error) { return t.NotBefore.date() }

// GetIssuedAt returns nil when the claim is absent.
func (t *token) GetIssuedAt() (*jwt.NumericDate, error) { return t.IssuedAt.date() }

// GetIssuer returns "" when the claim is absent.
func (t *token) GetIssuer() (string, error) { return t.Issuer, nil }

// GetSubject returns "" when the claim is absent.
func (t *token) GetSubject() (string, error) { return t.Subject, nil }

// GetAudience returns nil when the claim is absent.
func (t *token) GetAudience() (jwt.ClaimStrings, error) { return t.Audience, nil }

// seconds is a NumericDate of RFC 7519, which is a number. The library would accept a
// text with a number in it too.
type seconds struct{ jwt.NumericDate }

// lastSecond is the end of the year 9999. Later times would overflow in the library.
const lastSecond = 253_402_300_799

// UnmarshalJSON reads a NumericDate of RFC 7519: a number, with or without a
// fraction.
func (s *seconds) UnmarshalJSON(data []byte) error {
	var since float64
	if err := json.Unmarshal(data, &since); err != nil || since < 0 || since > lastSecond {
		return errors.New("a time is not a number of seconds")
	}
	return s.NumericDate.UnmarshalJSON(data)
}

// date returns the time for the library's checks; nil when the claim is absent.
func (s *seconds) date() (*jwt.NumericDate, error) {
	if s == nil {
		return nil, nil //nolint:nilnil // what the interface asks for
	}
	return &s.NumericDate, nil
}

// claims returns the claims that the service uses. Roles lose their prefix.
func (t *token) claims() Claims {
	c := Claims{User: t.user(), Subject: t.Subject, ClientID: t.ClientID, Scopes: t.Scope, Caseloads: t.Caseloads}
	if t.Expires != nil {
		c.Expires = t.Expires.Time
	}
	// Quotas and idempotency keys are kept per client. A token without a client gets
	// its subject, so that such tokens do not share one quota.
	if c.ClientID == "" {
		c.ClientID = t.Subject
	}
	for _, authority := range t.Authorities {
		if role, is := strings.CutPrefix(authority, rolePrefix); is {
			c.Roles = append(c.Roles, role)
		}
	}
	return c
}

// maxUser bounds a user name in characters. The user who opens a record authorises it,
// and NOMIS has room for 60.
const maxUser = domain.MaxAuthorisedBy

// user returns the actor: user_name, otherwise the subject. A user_name that no record
// could keep gives "". It is not replaced by the subject, which may be another person.
func (t *token) user() string {
	name := t.UserName
	if strings.TrimSpace(name) == "" {
		name = t.Subject
	}
	if utf8.RuneCountInString(name) > maxUser || strings.ContainsFunc(name, unicode.IsControl) {
		return ""
	}
	return strings.TrimSpace(name)
}

// plainHeader reports whether the header of a token is JSON without a repeated name.
// The library's own decoder would take the last of several.
func plainHeader(text string) bool {
	encoded, _, _ := strings.Cut(text, ".")
	header, err := base64.RawURLEncoding.DecodeString(encoded)
	// IsValid refuses a repeated name. Two parties that read different values of alg or
	// kid could be made to disagree on the key.
	return err == nil && jsontext.Value(header).IsValid()
}

// words is a list of texts. Issuers write scopes as a list, or as one text with blanks
// between.
type words []string

// UnmarshalJSON reads a list of texts, or one text with blanks between.
func (w *words) UnmarshalJSON(data []byte) error {
	var list []string
	if json.Unmarshal(data, &list) == nil {
		*w = list
		return nil
	}
	var text string
	if json.Unmarshal(data, &text) != nil {
		return errors.New("scope is neither a list nor a text")
	}
	*w = strings.Fields(text)
	return nil
}

// caseloads are the prisons of a claim. nil means that the token has no such claim.
type caseloads []domain.PrisonID

// UnmarshalJSON reads a list of texts. Null is refused like every other value: taken for
// a claim that is absent, it would free the token of its caseloads. A text that names no
// prison is left out, because it gives no right: NOMIS has caseloads that are no prison.
func (c *caseloads) UnmarshalJSON(data []byte) error {
	var texts []string
	if err := json.Unmarshal(data, &texts); err != nil || texts == nil {
		return errors.New("caseloads is no list of texts")
	}
	*c = make(caseloads, 0, len(texts))
	for _, text := range texts {
		if id, err := domain.ParsePrisonID(text); err == nil {
			*c = append(*c, id)
		}
	}
	return nil
}
