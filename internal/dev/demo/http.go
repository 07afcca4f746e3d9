package demo

import (
	"context"
	"errors"
	"net/http"
	"time"

	"nonassociations/internal/dev/estate"
	"nonassociations/web/client"
)

// post sends one request, and tries again while the service answers 503.
func (l *loader) post(ctx context.Context, request client.SyncRequest) (client.SyncResponse, error) {
	got, err := again(ctx, l, func(ctx context.Context) (client.Response[client.SyncResponse], error) {
		return l.service.Migrate(ctx, client.Correlation{}, request)
	})
	return got.Body, err
}

// untilReadable waits until the last thing that was loaded can be read, so
// that what the summary shows is true when it is shown. A token that may not
// read does not wait.
func (l *loader) untilReadable(ctx context.Context, e *estate.Estate) error {
	_, err := again(ctx, l, func(ctx context.Context) (client.Response[client.NonAssociations], error) {
		return l.service.NonAssociations(ctx, string(e.Prisoners[0].Number), client.Read{AtLeast: l.total.position})
	})
	var refused *client.Error
	if errors.As(err, &refused) && refused.Status == http.StatusForbidden {
		return nil
	}
	return err
}

// again repeats a request for as long as the service is away or busy, which is
// safe: everything that is sent repeats by its content.
func again[T any](ctx context.Context, l *loader, ask func(context.Context) (T, error)) (T, error) {
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

// pause waits on the real clock.
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
