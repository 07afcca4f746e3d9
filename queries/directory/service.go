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
)

const path = "/prisoner-search/prisoner-numbers"

// service is the other side of the wire.
type service struct {
	url    string
	client *http.Client
	tokens *tokens // nil: none are sent
}

func newService(options Options) service {
	client := &http.Client{
		Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment,
			// A connection being made outlives who gave up waiting for it.
			DialContext:            (&net.Dialer{Timeout: options.Timeout}).DialContext,
			TLSHandshakeTimeout:    options.Timeout,
			ForceAttemptHTTP2:      true,
			MaxConnsPerHost:        maxSlots,
			MaxIdleConnsPerHost:    maxSlots,
			IdleConnTimeout:        90 * time.Second,
			MaxResponseHeaderBytes: 64 << 10,
		},
		// A token is for this service alone.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	s := service{url: strings.TrimRight(options.URL, "/") + path, client: client}
	if options.Credentials != nil {
		s.tokens = newTokens(*options.Credentials, client, options.Clock)
	}
	return s
}

func (s service) close() { s.client.CloseIdleConnections() }

// find asks for at most maxNumbers. An answer that is not one to the question
// is an error as a whole.
func (s service) find(ctx context.Context, numbers []domain.PrisonerNumber) (answers, error) {
	body, err := json.Marshal(struct {
		PrisonerNumbers []domain.PrisonerNumber `json:"prisonerNumbers"`
	}{numbers})
	if err != nil {
		return answers{}, fmt.Errorf("write the question: %w", err)
	}
	if s.tokens == nil {
		return s.post(ctx, body, "", numbers)
	}
	token, err := s.tokens.get(ctx)
	if err != nil {
		return answers{}, err
	}
	found, err := s.post(ctx, body, token, numbers)
	if !errors.Is(err, errUnauthorised) {
		return found, err
	}
	// The token may have been taken back before its time.
	if token, err = s.tokens.renew(ctx, token); err != nil {
		return answers{}, err
	}
	return s.post(ctx, body, token, numbers)
}

var errUnauthorised = errors.New("it answers 401")

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
	// It only asks: without a value the header is not sent, but a connection that
	// the service closed meanwhile is replaced and the question repeated.
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

// maxBody leaves room for everything that the real service says of a prisoner.
func maxBody(numbers int) int64 { return 64<<10 + int64(numbers)*(16<<10) }
