package signin

import (
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"net/url"
	"time"
)

// https is the scheme under which cookies are secure.
const https = "https"

// secretSize is 256 bits.
const secretSize = 32

// newSecret returns 256 random bits as a cookie or a parameter has them.
func newSecret() string {
	var bits [secretSize]byte
	_, _ = rand.Read(bits[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(bits[:])
}

// isSecret reports whether a text can be one that newSecret made.
func isSecret(text string) bool {
	bits, err := base64.RawURLEncoding.Strict().DecodeString(text)
	return err == nil && len(bits) == secretSize
}

// cookies are the names and flags of our cookies.
type cookies struct {
	session  string // 256 random bits
	browser  string // the same, of a browser in which a sign-in began
	returnTo string // the page that asked for the sign-in, encrypted
	secure   bool
}

// cookiesOf returns the cookies of a public address. Cookies know no port: without it in
// the name two runs on one machine would overwrite each other's.
func cookiesOf(public *url.URL) cookies {
	name := "__Host-nonassociations"
	if public.Scheme != https {
		port := public.Port()
		if port == "" {
			port = "80"
		}
		name = "nonassociations-" + port
	}
	return cookies{name, name + "-sign-in", name + "-return", public.Scheme == https}
}

// make returns a cookie. It lasts as long as the browser is open, or for a time.
func (c cookies) make(name, value string, lasts time.Duration) *http.Cookie {
	return &http.Cookie{ //nolint:gosec // on loopback there is no https
		Name: name, Value: value, Path: "/", MaxAge: int(lasts.Seconds()), Secure: c.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
}

// remove returns a cookie that removes another.
func (c cookies) remove(name string) *http.Cookie {
	gone := c.make(name, "", 0) //nolint:gosec // as in make
	gone.MaxAge = -1
	return gone
}

// secretOf returns the secret of a cookie; "" when there is none.
func secretOf(r *http.Request, name string) string {
	cookie, err := r.Cookie(name)
	if err != nil || !isSecret(cookie.Value) {
		return ""
	}
	return cookie.Value
}
