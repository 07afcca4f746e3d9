package npa

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync/atomic"

	"github.com/go-json-experiment/json"
	"github.com/sony/gobreaker/v2"

	"nonassociations/internal/bearer"
)

// Client calls the API for one cause. It is safe for concurrent use. [API.For] makes one.
//
// The errors of all calls are a [*Failure], wrapped with the act. Each call waits for its
// turn within the rate for as long as its context allows; only then does the time-out of
// the request begin. A read may be sent again by net/http after a broken connection, a
// write never is.
type Client struct {
	api      *API
	cause    *atomic.Int64
	requests atomic.Int64
}

// answer is what came back, with the whole body.
type answer struct {
	status int
	body   []byte
}

// maxBody limits an answer. NOMIS has room for 999 rows of a pair, of 2 KB each.
const maxBody = 4 << 20

// call sends one request, with another token if the first is not accepted, and returns
// the body of an answer that succeeded. content is sent as JSON unless it is nil.
func (c *Client) call(ctx context.Context, method, path string, content any) ([]byte, error) {
	var body []byte
	if content != nil {
		var err error
		if body, err = json.Marshal(content); err != nil {
			return nil, &Failure{Kind: ErrRefused, cause: errors.New("it cannot be written as JSON")}
		}
	}
	select {
	case c.api.slots <- struct{}{}:
		defer func() { <-c.api.slots }()
	case <-ctx.Done():
		return nil, givenUp(ctx.Err())
	}
	got, err := c.api.breaker.Execute(func() (answer, error) { return c.exchange(ctx, method, path, body) })
	if errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests) {
		return nil, notCalled()
	}
	return got.body, err
}

// exchange sends a request, and once more when its token has been revoked before it
// expired.
func (c *Client) exchange(ctx context.Context, method, path string, body []byte) (answer, error) {
	var token string
	var err error
	if c.api.tokens != nil {
		if token, err = c.token(ctx, ""); err != nil {
			return answer{}, err
		}
	}
	got, err := c.send(ctx, method, path, body, token)
	if err != nil {
		return answer{}, err
	}
	if got.status == http.StatusUnauthorized && c.api.tokens != nil {
		if token, err = c.token(ctx, token); err != nil {
			return answer{}, err
		}
		if got, err = c.send(ctx, method, path, body, token); err != nil {
			return answer{}, err
		}
	}
	return got, classify(got)
}

// token returns a token other than refused.
func (c *Client) token(ctx context.Context, refused string) (string, error) {
	limited, cancel := context.WithTimeout(ctx, c.api.timeout)
	defer cancel()
	token, err := c.api.tokens.Renew(limited, refused)
	switch {
	case err == nil:
		return token, nil
	case ctx.Err() != nil:
		return "", givenUp(ctx.Err())
	case errors.Is(err, bearer.ErrRefused):
		return "", &Failure{Kind: ErrDenied, cause: err}
	}
	return "", &Failure{Kind: ErrUnavailable, cause: errors.New(err.Error()), silent: true} // its own time-out is no end of ctx
}

// send waits for its turn within the rate, sends one request and reads the answer.
func (c *Client) send(ctx context.Context, method, path string, body []byte, token string) (answer, error) {
	if err := c.api.limiter.Wait(ctx); err != nil {
		// The limiter ends the wait early when the turn would come after the deadline.
		return answer{}, givenUp(orDeadline(ctx.Err()))
	}
	c.cause.Add(1)
	c.requests.Add(1)
	limited, cancel := context.WithTimeout(ctx, c.api.timeout)
	defer cancel()
	var content io.Reader = http.NoBody
	if body != nil {
		content = bytes.NewReader(body)
	}
	request, err := http.NewRequestWithContext(limited, method, c.api.url+path, content)
	if err != nil {
		return answer{}, &Failure{Kind: ErrUnavailable, cause: errors.New("its address is wrong"), silent: true}
	}
	request.Header.Set("Accept", "application/json")
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := c.api.client.Do(request)
	if err != nil {
		return answer{}, c.unanswered(ctx, limited, err)
	}
	defer response.Body.Close()
	got := answer{status: response.StatusCode}
	if got.body, err = io.ReadAll(io.LimitReader(response.Body, maxBody+1)); err != nil {
		return answer{}, c.unanswered(ctx, limited, err)
	}
	if len(got.body) > maxBody {
		return answer{}, &Failure{Kind: ErrUnavailable, Status: got.status, cause: errTooLong, garbled: got.status < 300}
	}
	return got, nil
}

// unanswered is the failure of a request that has no answer. limited is the context that
// has the time-out too. The address is left out of the cause, since it names prisoners.
func (c *Client) unanswered(ctx, limited context.Context, err error) error {
	if ctx.Err() != nil {
		return givenUp(ctx.Err())
	}
	var sent *url.Error
	if errors.As(err, &sent) {
		err = sent.Err
	}
	if limited.Err() != nil {
		err = fmt.Errorf("no answer within %s", c.api.timeout)
	}
	return &Failure{Kind: ErrUnavailable, cause: err, silent: true}
}

// givenUp is the failure of a call whose caller waits no longer.
func givenUp(ended error) *Failure {
	return &Failure{Kind: ErrUnavailable, cause: ended, givenUp: true}
}

func orDeadline(ended error) error {
	if ended != nil {
		return ended
	}
	return context.DeadlineExceeded
}
