package screens

import (
	"crypto/rand"
	"encoding/base64"
	"strings"
)

// strictPolicy is the content security policy of what is no page.
const strictPolicy = "default-src 'none'; frame-ancestors 'none'"

// policy returns the content security policy of a page with one inline script. component
// is the origin of the estate's header and footer; "" when they are not used.
func policy(nonce, component string) string {
	also := ""
	if component != "" {
		also = " " + component
	}
	return strings.Join([]string{
		"default-src 'none'", "script-src 'self' 'nonce-" + nonce + "'" + also, "style-src 'self'" + also,
		"img-src 'self' data:" + also, "font-src 'self'" + also, "manifest-src 'self'", "connect-src 'self'",
		"form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'",
	}, "; ")
}

// newNonce returns the random value that lets one inline script of one answer run. It has
// no capital letters, so it can never look like a prisoner number.
func newNonce() string {
	var random [16]byte
	_, _ = rand.Read(random[:]) // never fails
	return strings.ToLower(base64.RawURLEncoding.EncodeToString(random[:]))
}
