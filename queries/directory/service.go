package directory

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"nonassociations/internal/bearer"
	"nonassociations/internal/tracing"
)

// service is the HTTP client of Prisoner Search.
type service struct {
	url    string
	client *http.Client
	tokens *bearer.Tokens // nil: none are sent
}

// newService prepares the client. It does not connect.
func newService(options Options) service {
	transport := options.transport
	if transport == nil {
		transport = newTransport(options.Timeout)
	}
	client := &http.Client{
		Transport: tracing.Transport(transport, "prisonerSearch"),
		// A redirect could send the token to another server.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	s := service{url: strings.TrimRight(options.URL, "/"), client: client}
	if options.Credentials != nil {
		s.tokens = bearer.NewTokens(*options.Credentials, client, options.Clock)
	}
	return s
}

// newTransport limits every step that has no context of its own, so that a service that
// hangs holds no connection for ever.
func newTransport(timeout time.Duration) *http.Transport {
	return &http.Transport{
		Proxy: http.ProxyFromEnvironment,
		// The attempt to connect goes on when the request that began it has given up,
		// so it needs a limit of its own.
		DialContext:            (&net.Dialer{Timeout: timeout}).DialContext,
		TLSHandshakeTimeout:    timeout,
		ForceAttemptHTTP2:      true,
		MaxConnsPerHost:        maxSlots,
		MaxIdleConnsPerHost:    maxSlots,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
	}
}

func (s service) close() { s.client.CloseIdleConnections() }

// request is one question to the service. It is sent again as it is when a token was
// refused.
type request struct {
	method string
	path   string
	query  url.Values
	body   any   // nil: none is sent
	limit  int64 // the most bytes of the answer that are read
	read   func(io.Reader) (answers, error)
}

// ask sends a request. Every status but 200 is an error, and so is an answer that read
// refuses.
func (s service) ask(ctx context.Context, r request) (answers, error) {
	var body []byte
	if r.body != nil {
		var err error
		if body, err = json.Marshal(r.body); err != nil {
			return answers{}, fmt.Errorf("write the request: %w", err)
		}
	}
	if s.tokens == nil {
		return s.send(ctx, r, body, "")
	}
	token, err := s.tokens.Get(ctx)
	if err != nil {
		return answers{}, err
	}
	found, err := s.send(ctx, r, body, token)
	if !errors.Is(err, errUnauthorised) {
		return found, err
	}
	// The token may have been revoked before it expired: one new token is tried.
	if token, err = s.tokens.Renew(ctx, token); err != nil {
		return answers{}, err
	}
	return s.send(ctx, r, body, token)
}

// errUnauthorised is the status 401, for which a new token is tried.
var errUnauthorised = errors.New("it answers 401")

// send sends one request. Its errors quote nothing of the answer, which holds names.
func (s service) send(ctx context.Context, r request, body []byte, token string) (answers, error) {
	target := s.url + r.path
	if len(r.query) > 0 {
		target += "?" + r.query.Encode()
	}
	sent, err := http.NewRequestWithContext(ctx, r.method, target, bytes.NewReader(body))
	if err != nil {
		return answers{}, errors.New("make the request") // the error quotes the address, which may hold a name
	}
	if body != nil {
		sent.Header.Set("Content-Type", "application/json")
	}
	sent.Header.Set("Accept", "application/json")
	if token != "" {
		sent.Header.Set("Authorization", "Bearer "+token)
	}
	// The request changes nothing and may be repeated. net/http repeats a POST on a new
	// connection if it has this key, and sends no header for a nil value.
	sent.Header["Idempotency-Key"] = nil
	response, err := s.client.Do(sent)
	if err != nil {
		return answers{}, fmt.Errorf("send the request: %w", withoutAddress(err))
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusUnauthorized {
		return answers{}, errUnauthorised
	}
	if response.StatusCode != http.StatusOK {
		return answers{}, statusError(response.StatusCode)
	}
	return r.read(io.LimitReader(response.Body, r.limit))
}

// withoutAddress returns the cause of an error of the client. The client quotes the
// address, and that of a search holds a name.
func withoutAddress(err error) error {
	var quoted *url.Error
	if errors.As(err, &quoted) {
		return quoted.Err
	}
	return err
}

// statusError is a status other than 200 and 401.
type statusError int

func (e statusError) Error() string { return fmt.Sprintf("it answers %d", int(e)) }

// maxBody limits an answer: 16 KiB for each prisoner, of whom the real service sends
// many fields that are not used here.
func maxBody(numbers int) int64 { return 64<<10 + int64(numbers)*(16<<10) }
