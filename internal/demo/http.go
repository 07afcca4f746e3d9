package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"nonassociations/internal/estate"
)

// answer is what POST /migrate says.
type answer struct {
	Results []struct {
		PrisonerNumber string `json:"prisonerNumber"`
		Outcome        string `json:"outcome"`
	} `json:"results"`
	Position uint64 `json:"position"`
}

// longest is what an answer may hold, in bytes.
const longest = 8 << 20

func (l *loader) post(ctx context.Context, body []byte) (answer, error) {
	text, err := l.send(ctx, http.MethodPost, "/migrate", body)
	if err != nil {
		return answer{}, err
	}
	var a answer
	if err := json.Unmarshal(text, &a); err != nil {
		return answer{}, fmt.Errorf("read the answer: %w", err)
	}
	return a, nil
}

// untilReadable waits until the last thing that was loaded can be read, so
// that what the summary shows is true when it is shown. A token that may not
// read does not wait.
func (l *loader) untilReadable(ctx context.Context, e *estate.Estate) error {
	path := fmt.Sprintf("/non-associations/%s?atLeast=%d", e.Prisoners[0].Number, l.total.position)
	_, err := l.send(ctx, http.MethodGet, path, nil)
	var refused refusal
	if errors.As(err, &refused) && refused.status == http.StatusForbidden {
		return nil
	}
	return err
}

// refusal is an answer that trying again would not change.
type refusal struct {
	status int
	text   string
}

func (r refusal) Error() string {
	return fmt.Sprintf("the service answers %d: %s", r.status, r.text)
}

// send repeats a request for as long as the service is away or busy, which is
// safe: everything that is sent repeats by its content.
func (l *loader) send(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	wait := 100 * time.Millisecond
	for {
		text, after, err := l.once(ctx, method, path, body)
		var refused refusal
		if err == nil || errors.As(err, &refused) || ctx.Err() != nil {
			return text, err
		}
		if after < 0 {
			after, wait = wait, min(2*wait, 5*time.Second)
		}
		if stopped := l.pause(ctx, after); stopped != nil {
			return nil, err // what was in the way says more than that the time is up
		}
	}
}

// once sends one request. An error that is no refusal may pass: after is how
// long the service asks to wait before, or -1.
func (l *loader) once(ctx context.Context, method, path string, body []byte) (text []byte, after time.Duration, err error) {
	request, err := http.NewRequestWithContext(ctx, method, l.BaseURL+path, bytes.NewReader(body))
	if err != nil {
		return nil, -1, refusal{0, err.Error()}
	}
	request.Header.Set("Authorization", "Bearer "+l.Token)
	request.Header.Set("Content-Type", "application/json")
	response, err := l.client.Do(request)
	if err != nil {
		return nil, -1, err
	}
	defer response.Body.Close()
	text, err = io.ReadAll(io.LimitReader(response.Body, longest))
	if err != nil {
		return nil, -1, err
	}
	switch response.StatusCode {
	case http.StatusOK, http.StatusCreated:
		return text, 0, nil
	case http.StatusServiceUnavailable, http.StatusBadGateway, http.StatusGatewayTimeout:
		return nil, retryAfter(response.Header), fmt.Errorf("the service answers %d", response.StatusCode)
	default:
		return nil, -1, refusal{response.StatusCode, string(text)}
	}
}

// retryAfter is -1 when the service does not say.
func retryAfter(header http.Header) time.Duration {
	seconds, err := strconv.Atoi(header.Get("Retry-After"))
	if err != nil || seconds < 0 {
		return -1
	}
	return time.Duration(seconds) * time.Second
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
