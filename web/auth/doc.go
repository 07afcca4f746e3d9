// Package auth tells who is calling: it verifies bearer tokens (JWT) against
// the keys that the issuer publishes, and says nothing about what a caller may
// do. It is the only importer of a JWT library.
//
// Only RS256 and ES256 are accepted, and only with issuer, audience and expiry.
// Keys are fetched in the background and again when a token names one that is
// not known, so that an issuer which is away, or changes its keys, never stops
// this process. A key set is believed for an hour; ADR 0020 says what follows.
package auth
