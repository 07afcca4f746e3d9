package auth

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/golang-jwt/jwt/v5"

	"nonassociations/domain"
)

// Claims is what a verified token says of its bearer. It is shared between
// requests: never change it.
type Claims struct {
	User     string   // who acts, at most 60 characters; empty when the token names nobody whom a record could keep
	ClientID string   // the system that asks
	Roles    []string // without the prefix ROLE_
	Scopes   []string
	Expires  time.Time // when the token ends, by the issuer's clock
}

// HasAnyRole tells whether the bearer has one of the roles.
func (c Claims) HasAnyRole(roles []string) bool {
	for _, role := range roles {
		if slices.Contains(c.Roles, role) {
			return true
		}
	}
	return false
}

// HasScope tells whether the token was given for the scope.
func (c Claims) HasScope(scope string) bool { return slices.Contains(c.Scopes, scope) }

// rolePrefix marks the authorities that are roles.
const rolePrefix = "ROLE_"

// token is the payload of a JWT as issuers of this estate write it.
type token struct {
	jwt.RegisteredClaims

	Expires     *seconds `json:"exp"` // instead of the registered claim
	UserName    string   `json:"user_name"`
	ClientID    string   `json:"client_id"`
	Authorities []string `json:"authorities"`
	Scope       words    `json:"scope"`
}

// GetExpirationTime is nil when the token never expires.
func (t *token) GetExpirationTime() (*jwt.NumericDate, error) {
	if t.Expires == nil {
		return nil, nil //nolint:nilnil // what the interface asks for
	}
	return &t.Expires.NumericDate, nil
}

// seconds is a time as a token must write it: a number (RFC 7519). The library
// takes a text with a number in it, too.
type seconds struct{ jwt.NumericDate }

func (s *seconds) UnmarshalJSON(data []byte) error {
	if data[0] == '"' {
		return errors.New("a time is not a number")
	}
	return s.NumericDate.UnmarshalJSON(data)
}

func (t *token) claims() Claims {
	c := Claims{User: t.user(), ClientID: t.ClientID, Scopes: t.Scope}
	if t.Expires != nil {
		c.Expires = t.Expires.Time
	}
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

// maxUser is the longest name of a user that every record keeps, in
// characters: whoever opens one authorises it, and NOMIS has no more room.
const maxUser = domain.MaxAuthorisedBy

// user is who acts. A name that no record could keep names nobody, and is not
// replaced by the subject: that may be somebody else.
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

// words is a list of texts, or one text with blanks between them: issuers
// write scopes either way.
type words []string

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
