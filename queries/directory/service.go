package directory

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"nonassociations/domain"
	"nonassociations/internal/bearer"
)

const path = "/prisoner-search/prisoner-numbers"

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
		Transport: transport,
		// A redirect could send the token to another server.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	s := service{url: strings.TrimRight(options.URL, "/") + path, client: client}
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

// find looks up at most maxNumbers numbers. Every status but 200 is an error, and so is
// an answer that is not a list.
func (s service) find(ctx context.Context, numbers []domain.PrisonerNumber) (answers, error) {
	body, err := json.Marshal(struct {
		PrisonerNumbers []domain.PrisonerNumber `json:"prisonerNumbers"`
	}{numbers})
	if err != nil {
		return answers{}, fmt.Errorf("write the request: %w", err)
	}
	if s.tokens == nil {
		return s.post(ctx, body, "", numbers)
	}
	token, err := s.tokens.Get(ctx)
	if err != nil {
		return answers{}, err
	}
	found, err := s.post(ctx, body, token, numbers)
	if !errors.Is(err, errUnauthorised) {
		return found, err
	}
	// The token may have been revoked before it expired: one new token is tried.
	if token, err = s.tokens.Renew(ctx, token); err != nil {
		return answers{}, err
	}
	return s.post(ctx, body, token, numbers)
}

// errUnauthorised is the status 401, for which a new token is tried.
var errUnauthorised = errors.New("it answers 401")

// post sends one request. Its errors quote nothing of the answer, which holds names.
func (s service) post(ctx context.Context, body []byte, token string, numbers []domain.PrisonerNumber) (answers, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, bytes.NewReader(body))
	if err != nil {
		return answers{}, fmt.Errorf("make the request: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json")
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	// The request changes nothing and may be repeated. net/http repeats a POST on a new
	// connection if it has this key, and sends no header for a nil value.
	request.Header["Idempotency-Key"] = nil
	response, err := s.client.Do(request)
	if err != nil {
		return answers{}, fmt.Errorf("send the request: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusUnauthorized {
		return answers{}, errUnauthorised
	}
	if response.StatusCode != http.StatusOK {
		return answers{}, fmt.Errorf("it answers %d", response.StatusCode)
	}
	return readAnswers(io.LimitReader(response.Body, maxBody(len(numbers))), numbers)
}

// maxBody limits an answer: 16 KiB for each prisoner, of whom the real service sends
// many fields that are not used here.
func maxBody(numbers int) int64 { return 64<<10 + int64(numbers)*(16<<10) }
