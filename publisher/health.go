package publisher

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"nonassociations/eventstore/consumer/status"
	"nonassociations/publisher/message"
)

// health keeps the last fault of sending until a message is delivered. A lasting
// fault is logged once a minute, not at every attempt. It is safe for concurrent
// use: all senders of a session report to it.
type health struct {
	topic  message.Topic
	clock  func() time.Time
	logger *slog.Logger

	mu       sync.Mutex
	last     error
	loggedAt time.Time
}

// logEvery is how often a fault that lasts is logged. Retries come many times a
// second, and a log of each would hide everything else.
const logEvery = time.Minute

// fault returns the last fault, or nil when a message was delivered since.
func (h *health) fault() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.last
}

// failed keeps a fault and logs it when that is due. What ends with the session is
// no fault of SNS and is ignored.
func (h *health) failed(ctx context.Context, err error) {
	if ctx.Err() != nil || errors.Is(err, context.Canceled) {
		return
	}
	if h.keep(err) {
		h.logger.WarnContext(ctx, "SNS publish failed, retrying", "topic", h.topic, "kind", status.KindOf(err), "code", codeOf(err))
	}
}

// keep stores a fault and reports whether it is to be logged.
func (h *health) keep(err error) (due bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.clock()
	due = h.last == nil || now.Sub(h.loggedAt) >= logEvery
	if due {
		h.loggedAt = now
	}
	h.last = err
	return due
}

// recovered ends the fault, if there is one, and logs that.
func (h *health) recovered(ctx context.Context) {
	h.mu.Lock()
	was := h.last
	h.last = nil
	h.mu.Unlock()
	if was != nil {
		h.logger.InfoContext(ctx, "SNS publish recovered", "topic", h.topic)
	}
}
