// Package bearer gets the tokens with which services next door are called. It is part of
// production.
package bearer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// maxLifetime limits how long a token is used, whatever its issuer says.
const maxLifetime = 24 * time.Hour

// Credentials are those of an OAuth 2.0 client (RFC 6749 §4.4).
type Credentials struct {
	TokenURL, ClientID, ClientSecret string
}

// Tokens fetches a token and uses it until shortly before it expires. It is safe for
// concurrent use. NewTokens makes one.
//
// It is our own code because x/oauth2 keeps a token without expires_in for ever, refuses
// a fraction of a second, quotes the issuer's answer in its errors, and cannot replace
// a token that the service refuses.
type Tokens struct {
	credentials Credentials
	client      *http.Client
	clock       func() time.Time
	lock        chan struct{} // a mutex that can be waited for with a context
	value       string
	until       time.Time
}

// NewTokens returns an empty token cache. It sends no request yet. client should follow
// no redirect, which could send the secret to another server.
func NewTokens(credentials Credentials, client *http.Client, clock func() time.Time) *Tokens {
	return &Tokens{credentials: credentials, client: client, clock: clock, lock: make(chan struct{}, 1)}
}

// ErrRefused says that the issuer refused the credentials, in which case another try is
// of no use.
var ErrRefused = errors.New("the issuer refuses the credentials")

// Get returns a token that is valid now, and fetches one if necessary. Concurrent
// callers share the token of one successful request. Errors: as Renew.
func (t *Tokens) Get(ctx context.Context) (string, error) { return t.Renew(ctx, "") }

// Renew returns a token other than refused, which the service did not accept. A caller
// that comes after another has renewed gets that token. Errors: the context's,
// ErrRefused, and those of an issuer that cannot be reached or read; the old token is
// then kept. None quotes the answer.
func (t *Tokens) Renew(ctx context.Context, refused string) (string, error) {
	select {
	case t.lock <- struct{}{}:
		defer func() { <-t.lock }()
	case <-ctx.Done():
		return "", fmt.Errorf("get a token: %w", ctx.Err())
	}
	if t.value != refused && t.clock().Before(t.until) {
		return t.value, nil
	}
	value, lifetime, err := t.fetch(ctx)
	if err != nil {
		return "", fmt.Errorf("get a token: %w", err)
	}
	// The rest of its life must be enough for the request that it is sent with.
	t.value, t.until = value, t.clock().Add(lifetime-min(30*time.Second, lifetime/2))
	return value, nil
}

// errNoToken is an answer of 200 without an access token, or one that is no JSON.
var errNoToken = errors.New("the answer holds no token")

// fetch requests a token, and returns it with its lifetime. Its errors quote nothing of
// the answer.
func (t *Tokens) fetch(ctx context.Context) (string, time.Duration, error) {
	form := strings.NewReader(url.Values{"grant_type": {"client_credentials"}}.Encode())
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, t.credentials.TokenURL, form)
	if err != nil {
		return "", 0, fmt.Errorf("make the request: %w", err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Accept", "application/json")
	// RFC 6749 §2.3.1: both are form-encoded before they become basic credentials.
	request.SetBasicAuth(url.QueryEscape(t.credentials.ClientID), url.QueryEscape(t.credentials.ClientSecret))
	response, err := t.client.Do(request)
	if err != nil {
		return "", 0, fmt.Errorf("send the request: %w", err)
	}
	defer response.Body.Close()
	switch response.StatusCode {
	case http.StatusOK:
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden: // RFC 6749 §5.2
		return "", 0, fmt.Errorf("%w: the answer is %d", ErrRefused, response.StatusCode)
	default:
		return "", 0, fmt.Errorf("the answer is %d", response.StatusCode)
	}
	// The error of the decoder might quote the token, so it is not passed on.
	var answer tokenAnswer
	if err := json.UnmarshalRead(io.LimitReader(response.Body, 1<<20), &answer); err != nil || answer.Token == "" {
		return "", 0, errNoToken
	}
	lifetime, err := answer.lifetime()
	return answer.Token, lifetime, err
}

// tokenAnswer is the answer of an issuer (RFC 6749 §5.1). Names are compared with their
// letter case, and a name that comes twice is an error.
type tokenAnswer struct {
	Token   string         `json:"access_token"`
	Seconds jsontext.Value `json:"expires_in"`
}

var errNoLifetime = errors.New("expires_in of the answer is no number of seconds")

// lifetime returns 0 when the issuer names none: the token is then used for one request.
// Some issuers write the number as a text, or with a fraction.
func (a tokenAnswer) lifetime() (time.Duration, error) {
	number := a.Seconds
	if len(number) == 0 || number.Kind() == jsontext.KindNull {
		return 0, nil
	}
	if number.Kind() == jsontext.KindString {
		text, err := jsontext.AppendUnquote(nil, number)
		if err != nil {
			return 0, errNoLifetime
		}
		number = bytes.TrimSpace(text)
	}
	var seconds float64
	if number.Kind() != jsontext.KindNumber || json.Unmarshal(number, &seconds) != nil || seconds < 0 {
		return 0, errNoLifetime
	}
	return time.Duration(min(seconds, maxLifetime.Seconds()) * float64(time.Second)), nil
}
