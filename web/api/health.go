package api

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json"

	"nonassociations/web/shape"
)

// Health are the checks behind the health endpoints. Each function must return soon
// after its context ends and is safe for concurrent use. A nil one is left out.
type Health struct {
	// Ready returns why this process cannot serve at all: Postgres does not answer, or
	// the id of the log is not known yet.
	Ready func(ctx context.Context) error
	// EventStore returns why the event store cannot be used.
	EventStore func(ctx context.Context) error
	// Reason maps an error of EventStore to one of a closed set of words, the only part
	// of it that is shown. It must be set with EventStore.
	Reason func(error) string
	// Consumers returns the consumers by name.
	Consumers func(ctx context.Context) map[string]shape.Consumer
	// Queues returns the queues by the names of their components.
	Queues func(ctx context.Context) map[string]shape.QueueHealth
}

const (
	keepHealth = 2 * time.Second // results are reused: many probes cost one check
	checkTime  = 2 * time.Second // bounds a check
)

// health runs the checks, at most once in keepHealth, for all probes together.
type health struct {
	checks       Health
	clock        func() time.Time
	logger       *slog.Logger
	shuttingDown atomic.Bool

	turn   chan struct{} // a mutex that can be waited for with a context; guards what follows
	looked time.Time
	found  findings
}

// newHealth returns the health of a process whose checks have not run yet.
func newHealth(checks Health, clock func() time.Time, logger *slog.Logger) *health {
	h := &health{checks: checks, clock: clock, logger: logger, turn: make(chan struct{}, 1)}
	h.turn <- struct{}{}
	return h
}

// findings are the results of one run of all checks.
type findings struct {
	ready      error
	eventStore *shape.Component
	consumers  map[string]shape.Consumer
	queues     map[string]shape.QueueHealth
}

// components returns all components by name.
func (f findings) components() map[string]any {
	parts := map[string]any{}
	if f.eventStore != nil {
		parts["eventStore"] = f.eventStore
	}
	for name, one := range f.consumers {
		parts[name] = one
	}
	for name, one := range f.queues {
		parts[name] = one
	}
	return parts
}

// good reports whether every component is UP.
func (f findings) good() bool {
	for _, one := range f.consumers {
		if !one.IsUp() {
			return false
		}
	}
	for _, one := range f.queues {
		if one.Status != shape.Up {
			return false
		}
	}
	return f.ready == nil && (f.eventStore == nil || f.eventStore.Status == shape.Up)
}

// whole answers /health: DOWN when any component is.
func (h *health) whole(ctx context.Context, _ *http.Request) (response, error) {
	found, err := h.look(ctx)
	return healthReply(found.good(), found.components()), err
}

// readiness answers DOWN when this process should get no requests. An unavailable
// event store is no reason: reads go on without it.
func (h *health) readiness(ctx context.Context, _ *http.Request) (response, error) {
	found, err := h.look(ctx)
	return healthReply(found.ready == nil && !h.shuttingDown.Load(), found.components()), err
}

// up answers for the process alone.
func up(context.Context, *http.Request) (response, error) { return healthReply(true, nil), nil }

// healthReply returns 200 or 503 with the components. Keys are sorted, so that equal
// states give equal bodies.
func healthReply(good bool, parts map[string]any) response {
	out, body := response{status: http.StatusOK}, shape.Health{Status: shape.Up, Components: parts}
	if !good {
		out.status, body.Status = http.StatusServiceUnavailable, shape.Down
	}
	text, err := json.Marshal(body, json.Deterministic(true))
	if err != nil {
		panic("health is not JSON: " + err.Error()) // a bug: texts and numbers only
	}
	out.body = text
	return out
}

// look returns the last findings, and runs the checks first when those are old.
func (h *health) look(ctx context.Context) (findings, error) {
	select {
	case <-h.turn:
		defer func() { h.turn <- struct{}{} }()
	case <-ctx.Done():
		return findings{}, ctx.Err()
	}
	if now := h.clock(); h.looked.IsZero() || now.Sub(h.looked) >= keepHealth {
		// A probe that gives up must not spoil the result for the next one.
		h.found = h.ask(context.WithoutCancel(ctx))
		h.looked = h.clock()
	}
	return h.found, nil
}

// ask runs all checks side by side within checkTime.
func (h *health) ask(ctx context.Context) findings {
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	var found findings
	var all sync.WaitGroup
	if h.checks.Ready != nil {
		all.Go(func() { found.ready = h.logged(ctx, "ready", h.checks.Ready(ctx)) })
	}
	if h.checks.EventStore != nil {
		all.Go(func() {
			found.eventStore = h.componentOf(h.logged(ctx, "eventStore", h.checks.EventStore(ctx)))
		})
	}
	if h.checks.Consumers != nil {
		all.Go(func() { found.consumers = h.checks.Consumers(ctx) })
	}
	if h.checks.Queues != nil {
		all.Go(func() { found.queues = h.checks.Queues(ctx) })
	}
	all.Wait()
	return found
}

// componentOf returns the event store's status, with a reason of a closed set. Since is
// kept while it is down for the same reason.
func (h *health) componentOf(err error) *shape.Component {
	if err == nil {
		return &shape.Component{Status: shape.Up}
	}
	now := &shape.Component{Status: shape.Down, Reason: h.checks.Reason(err)}
	if was := h.found.eventStore; was != nil && was.Reason == now.Reason {
		now.Since = was.Since
		return now
	}
	since := h.clock()
	now.Since = &since
	return now
}

// logged logs the error of a check and returns it. The error may hold addresses and
// leaves by the log alone.
func (h *health) logged(ctx context.Context, what string, err error) error {
	if err != nil {
		h.logger.WarnContext(ctx, "health check failed", "component", what, "error", err)
	}
	return err
}
