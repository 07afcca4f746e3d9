// Package auth verifies bearer tokens (JWT) against the key set of one issuer. It
// returns who is calling, and decides nothing about what a caller may do. It is the
// only importer of a JWT library.
//
// Only RS256 and ES256 are accepted, and only with issuer, audience and expiry. Keys
// are fetched in the background, and again when a token names an unknown one. An issuer
// that is down, or that changes its keys, therefore never stops this process. A key set
// is trusted for an hour after it was last confirmed; ADR 0020 has the reasons.
package auth
