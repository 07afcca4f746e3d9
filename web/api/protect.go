package api

import (
	"net/http"
	"strings"
)

// The values of the headers that every answer has.
const (
	cacheNever  = "no-store" // about a person, or of this moment
	cacheAsking = "no-cache" // the same for every caller, until the next release
	// cacheForever is for what never changes and needs a token: the caller's own cache keeps it.
	cacheForever = "private, max-age=31536000, immutable"
	policyStrict = "default-src 'none'; frame-ancestors 'none'"
	// policyPage lets a page load what this service serves, and nothing else; an
	// image may stand in the style sheet.
	policyPage = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	// strictTransport holds browsers to https for a year (RFC 6797).
	strictTransport = "max-age=31536000"
)

// headerRule holds the header values of good answers (200 and 304) under a path. The
// slices are shared by all answers and never changed.
type headerRule struct {
	path          string // of one route; with / at its end, of all beneath
	cache, policy []string
}

// ruleFor returns the rule of a path with shared header values.
func ruleFor(path, cache, policy string) headerRule {
	return headerRule{path, []string{cache}, []string{policy}}
}

// headerRules lists what is fixed, and public unless its rule says private. Everything else, and every answer of
// another status, is kept by no cache and loads nothing.
var headerRules = []headerRule{
	ruleFor("/info", cacheAsking, policyStrict),
	ruleFor("/openapi.json", cacheAsking, policyStrict),
	ruleFor("/v3/api-docs", cacheAsking, policyStrict),
	ruleFor("/swagger-ui/", cacheAsking, policyPage),
	ruleFor("/evidence/tile/", cacheForever, policyStrict),
}

var (
	otherRule  = ruleFor("", cacheNever, policyStrict)
	noReferrer = []string{"no-referrer"}
	noSniff    = []string{"nosniff"}
	httpsOnly  = []string{strictTransport}
)

// ruleOf returns the rule of a path, matched as the router matches it.
func ruleOf(path string) headerRule {
	for _, rule := range headerRules {
		if path == rule.path || strings.HasSuffix(rule.path, "/") && strings.HasPrefix(path, rule.path) {
			return rule
		}
	}
	return otherRule
}

// protect sets the security headers before anything else runs, so that no answer goes
// out without them.
func protect(h http.Header, r *http.Request) {
	rule := ruleOf(r.URL.Path)
	h["Cache-Control"], h["Content-Security-Policy"] = rule.cache, rule.policy
	h["Referrer-Policy"], h["X-Content-Type-Options"] = noReferrer, noSniff
	if isEncrypted(r) {
		h["Strict-Transport-Security"] = httpsOnly
	}
}

// restrict withdraws what a rule allows, for an answer of another status.
func restrict(h http.Header, status int) {
	if status == http.StatusOK || status == http.StatusNotModified {
		return
	}
	h["Cache-Control"], h["Content-Security-Policy"] = otherRule.cache, otherRule.policy
}

// isEncrypted reports whether the client's own connection is https. A client that
// forges X-Forwarded-Proto gains nothing: browsers accept the header that depends on
// it over https alone, and no cache keeps the answer for another client.
func isEncrypted(r *http.Request) bool {
	if r.TLS != nil {
		return true
	}
	protocols := r.Header["X-Forwarded-Proto"]
	if len(protocols) == 0 {
		return false
	}
	nearest, _, _ := strings.Cut(protocols[0], ",") // to the caller, of several proxies
	return strings.EqualFold(strings.TrimSpace(nearest), "https")
}
