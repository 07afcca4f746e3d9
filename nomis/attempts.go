package nomis

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// newDelays returns the exponential backoff of a loop over a queue. An outage of a
// backend must not become a busy loop.
func newDelays() *backoff.ExponentialBackOff {
	waits := backoff.NewExponentialBackOff()
	waits.InitialInterval, waits.MaxInterval = 100*time.Millisecond, 10*time.Second
	waits.Reset()
	return waits
}

// pause logs text and the error, and waits for the next delay. It returns early
// when the context ends.
func pause(ctx context.Context, logger *slog.Logger, waits *backoff.ExponentialBackOff, text string, err error) {
	if ctx.Err() != nil {
		return
	}
	wait := waits.NextBackOff()
	logger.WarnContext(ctx, text, "retry_in", wait, "error", err)
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// extendInterval is how often the visibility timeout of messages at work is extended.
const extendInterval = visibilityTimeout / 6

// keepInvisible extends the visibility timeout of messages until stop is called, so
// that SQS does not deliver them to another consumer. stop waits for the last call to
// end.
func (q *Queue) keepInvisible(ctx context.Context, logger *slog.Logger, every time.Duration, received ...sqsMessage) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			for _, one := range received {
				if err := q.hide(ctx, one, int32(visibilityTimeout/time.Second)); err != nil && ctx.Err() == nil {
					logger.WarnContext(ctx, "extending SQS visibility failed", "error", err)
				}
			}
		}
	})
	return func() { cancel(); running.Wait() }
}

// maxLogged bounds the memory of logged messages. After so many, a message may be
// logged a second time.
const maxLogged = 1000

// unreadable remembers the messages that were logged as unreadable. The queue delivers
// each again until its redrive policy moves it to the dead-letter queue, and each
// delivery would log the same.
type unreadable map[string]bool

// log logs a message once. id is that of the event, empty when it could not be read.
func (u unreadable) log(ctx context.Context, logger *slog.Logger, received sqsMessage, id string, err error) {
	if u[received.id] {
		return
	}
	if len(u) >= maxLogged {
		clear(u)
	}
	u[received.id] = true
	logger.ErrorContext(ctx, "NOMIS message cannot be applied and is left to the queue's redrive",
		"sqsMessage", received.id, "message", id, "error", err)
}
