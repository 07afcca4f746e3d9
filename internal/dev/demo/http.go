package demo

import (
	"context"
	"errors"
	"net/http"
	"time"

	"nonassociations/internal/dev/estate"
	"nonassociations/web/client"
)

// post sends one request and retries it, see retry.
func (l *loader) post(ctx context.Context, request client.SyncRequest) (client.SyncResponse, error) {
	got, err := retry(ctx, l, func(ctx context.Context) (client.Response[client.SyncResponse], error) {
		return l.service.Migrate(ctx, client.Correlation{}, request)
	})
	return got.Body, err
}

// untilReadable waits until the read model contains the last record, so that the
// commands of the summary show it. A token without the right to read does not wait.
func (l *loader) untilReadable(ctx context.Context, e *estate.Estate) error {
	_, err := retry(ctx, l, func(ctx context.Context) (client.Response[client.NonAssociations], error) {
		return l.service.NonAssociations(ctx, string(e.Prisoners[0].Number), client.Read{AtLeast: l.total.position})
	})
	var refused *client.Error
	if errors.As(err, &refused) && refused.Status == http.StatusForbidden {
		return nil
	}
	return err
}

// retry repeats a request with exponential backoff while its error is temporary: 503,
// 429 or no connection. A Retry-After of the service wins. Repeating is safe, because
// the service recognises records by their content. The result is the last response and
// error.
func retry[T any](ctx context.Context, l *loader, ask func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	wait := 100 * time.Millisecond
	for {
		got, err := ask(ctx)
		var refused *client.Error
		if err == nil || errors.As(err, &refused) && !refused.Temporary() || ctx.Err() != nil {
			return got, err
		}
		after := wait
		if refused != nil && refused.RetryAfter > 0 {
			after = refused.RetryAfter
		} else {
			wait = min(2*wait, 5*time.Second)
		}
		if stopped := l.pause(ctx, after); stopped != nil {
			return got, err // the last failure explains more than the time-out
		}
	}
}

// pause waits for d. Errors: the context's, when it ends first.
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
