package directory

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

// maxLifetime is how long a token is believed to be good, whatever is said.
const maxLifetime = 24 * time.Hour

// Credentials get a token by OAuth 2.0 client credentials.
type Credentials struct {
	TokenURL, ClientID, ClientSecret string
}

// tokens keeps one token until shortly before it expires.
type tokens struct {
	credentials Credentials
	client      *http.Client
	clock       func() time.Time
	turn        chan struct{} // a lock that can be waited for with a context
	value       string
	until       time.Time
}

func newTokens(credentials Credentials, client *http.Client, clock func() time.Time) *tokens {
	return &tokens{credentials: credentials, client: client, clock: clock, turn: make(chan struct{}, 1)}
}

// get gives a token that is good for now, fetching one where need be.
func (t *tokens) get(ctx context.Context) (string, error) { return t.renew(ctx, "") }

// renew is get for who found that a token is not taken any more.
func (t *tokens) renew(ctx context.Context, refused string) (string, error) {
	select {
	case t.turn <- struct{}{}:
		defer func() { <-t.turn }()
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
	// What is left of its life must be enough for a question on its way.
	t.value, t.until = value, t.clock().Add(lifetime-min(30*time.Second, lifetime/2))
	return value, nil
}

var errNoToken = errors.New("the answer holds no token")

func (t *tokens) fetch(ctx context.Context) (string, time.Duration, error) {
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
	if response.StatusCode != http.StatusOK {
		return "", 0, fmt.Errorf("the answer is %d", response.StatusCode)
	}
	// The decoder's own words might quote the token.
	var answer tokenAnswer
	if err := json.UnmarshalRead(io.LimitReader(response.Body, 1<<20), &answer); err != nil || answer.Token == "" {
		return "", 0, errNoToken
	}
	lifetime, err := answer.lifetime()
	return answer.Token, lifetime, err
}

// tokenAnswer is what an issuer says (RFC 6749 §5.1). Its names count in their
// own letter case, and none may come twice.
type tokenAnswer struct {
	Token   string         `json:"access_token"`
	Seconds jsontext.Value `json:"expires_in"`
}

var errNoLifetime = errors.New("expires_in of the answer is no number of seconds")

// lifetime is none when the issuer does not say: then the token is good for one
// question. Some issuers write the number as a text, or a fraction.
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
