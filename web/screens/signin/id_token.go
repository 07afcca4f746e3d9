package signin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/coreos/go-oidc/v3/oidc"
)

// idTokens verifies ID tokens. It is safe for concurrent use.
type idTokens struct {
	keys     *oidc.RemoteKeySet
	verifier *oidc.IDTokenVerifier
}

// newIDTokens returns a verifier without keys: it fetches them with the first token.
func newIDTokens(o Options) *idTokens {
	client := *o.Client
	client.Transport = keysOrAway{client.Transport}
	// The key set outlives every request; the time-out of its client bounds a fetch.
	ctx := oidc.ClientContext(context.Background(), &client) //nolint:forbidigo // as above
	keys := oidc.NewRemoteKeySet(ctx, o.KeysURL)
	return &idTokens{keys, oidc.NewVerifier(o.Issuer, keys, &oidc.Config{
		ClientID: o.ClientID, SupportedSigningAlgs: []string{oidc.RS256, oidc.ES256}, Now: o.Clock,
	})}
}

// verify checks an ID token: its signature, issuer, audience and time, that it is of the
// subject of the access token, and, of a sign-in, that it has the nonce. Errors:
// errRefused, ErrIssuerAway while keys cannot be had.
func (i *idTokens) verify(ctx context.Context, text, access, subject string, nonce *string) error {
	// The verifier does not tell a bad signature from keys that cannot be had.
	if _, err := i.keys.VerifySignature(ctx, text); errors.Is(err, errNoKeys) || errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("verify an ID token: %w", ErrIssuerAway)
	}
	token, err := i.verifier.Verify(ctx, text)
	switch {
	case err != nil, token.Subject == "", token.Subject != subject:
		return errRefused
	case nonce != nil && token.Nonce != *nonce:
		return errRefused
	case token.AccessTokenHash != "" && token.VerifyAccessToken(access) != nil:
		return errRefused
	}
	return nil
}

// errNoKeys means that the key set of the issuer cannot be had.
var errNoKeys = errors.New("the issuer's keys cannot be read now")

// keysOrAway makes an error of every answer that is no key set.
type keysOrAway struct{ next http.RoundTripper }

// RoundTrip implements [http.RoundTripper]. The error is errNoKeys.
func (k keysOrAway) RoundTrip(r *http.Request) (*http.Response, error) {
	next := k.next
	if next == nil {
		next = http.DefaultTransport
	}
	response, err := next.RoundTrip(r)
	if err != nil {
		return nil, errNoKeys
	}
	if response.StatusCode != http.StatusOK {
		_ = response.Body.Close()
		return nil, errNoKeys
	}
	response.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(response.Body, maxKeySet), response.Body}
	return response, nil
}

const maxKeySet = 1 << 20
