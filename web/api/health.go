package api

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"
)

// Health is what the health endpoints ask. Each function must return soon
// after its context ends; one that is nil is left out.
type Health struct {
	// Ready says what keeps this process from serving at all: Postgres does not
	// answer, or the store id was not read yet.
	Ready func(ctx context.Context) error
	// EventStore says what keeps the log from answering.
	EventStore func(ctx context.Context) error
	// Reason is one of a closed set for an error of EventStore: nothing else of it is
	// shown. It must be given with EventStore.
	Reason func(error) string
	// Consumers says how the consumers are, by their names.
	Consumers func(ctx context.Context) map[string]Consumer
}

// Consumer is how one consumer of the log is doing, as anybody may see it. A key is
// never left out. Positions are as the world sees them.
type Consumer struct {
	Status   status         `json:"status"`
	Position *uint64        `json:"position"` // everything up to here is applied; null: it has none, or it is not known
	Head     *uint64        `json:"head"`     // the last fact of ours in the log, read afresh; null: it could not be read
	Lag      *float64       `json:"lag"`      // seconds, the age of the oldest fact that is not applied; 0: there is none
	Beat     *time.Time     `json:"heartbeat"`
	Fault    *ConsumerFault `json:"fault"`
}

// ConsumerFault is why a consumer does not move. Category is one of a closed set.
type ConsumerFault struct {
	Category string     `json:"category"`
	EventID  *uuid.UUID `json:"eventId"`
	Type     *string    `json:"type"`
	Position *uint64    `json:"position"`
	Since    time.Time  `json:"since"`
}

// SetUp says whether all is well with it.
func (c *Consumer) SetUp(up bool) {
	c.Status = statusDown
	if up {
		c.Status = statusUp
	}
}

// IsUp reports whether all is well with it.
func (c Consumer) IsUp() bool { return c.Status == statusUp }

const (
	keepHealth = 2 * time.Second // so that a rush of probes costs one look
	checkTime  = 2 * time.Second
)

type health struct {
	checks       Health
	clock        func() time.Time
	logger       *slog.Logger
	shuttingDown atomic.Bool

	turn   chan struct{} // holds one token while nobody looks; guards what follows
	looked time.Time
	found  findings
}

func newHealth(checks Health, clock func() time.Time, logger *slog.Logger) *health {
	h := &health{checks: checks, clock: clock, logger: logger, turn: make(chan struct{}, 1)}
	h.turn <- struct{}{}
	return h
}

// findings are one look at everything.
type findings struct {
	ready      error
	eventStore *component
	consumers  map[string]Consumer
}

// components are all parts by their names.
func (f findings) components() map[string]any {
	parts := map[string]any{}
	if f.eventStore != nil {
		parts["eventStore"] = f.eventStore
	}
	for name, one := range f.consumers {
		parts[name] = one
	}
	return parts
}

func (f findings) good() bool {
	for _, one := range f.consumers {
		if !one.IsUp() {
			return false
		}
	}
	return f.ready == nil && f.eventStore.isUp()
}

// component says no more than up or down, and why by one of a closed set: whoever
// asks is not known, and an error could hold addresses. The error is logged.
type component struct {
	Status status     `json:"status"`
	Reason string     `json:"reason,omitzero"`
	Since  *time.Time `json:"since,omitzero"`
}

type status string

const (
	statusUp   status = "UP"
	statusDown status = "DOWN"
)

type healthBody struct {
	Status     status         `json:"status"`
	Components map[string]any `json:"components,omitzero"`
}

// whole is down when any component is.
func (h *health) whole(ctx context.Context, _ *http.Request) (response, error) {
	found, err := h.look(ctx)
	return healthReply(found.good(), found.components()), err
}

// readiness is down when requests should not come here. The event store being
// away is not a reason: reads go on without it.
func (h *health) readiness(ctx context.Context, _ *http.Request) (response, error) {
	found, err := h.look(ctx)
	return healthReply(found.ready == nil && !h.shuttingDown.Load(), found.components()), err
}

// up looks at nothing but this process.
func up(context.Context, *http.Request) (response, error) { return healthReply(true, nil), nil }

func healthReply(good bool, parts map[string]any) response {
	out, body := response{status: http.StatusOK}, healthBody{Status: statusUp, Components: parts}
	if !good {
		out.status, body.Status = http.StatusServiceUnavailable, statusDown
	}
	text, err := json.Marshal(body, json.Deterministic(true))
	if err != nil {
		panic("health is not JSON: " + err.Error()) // a bug: texts and numbers only
	}
	out.body = text
	return out
}

func (c *component) isUp() bool { return c == nil || c.Status == statusUp }

// look asks everything, unless that was done a moment ago.
func (h *health) look(ctx context.Context) (findings, error) {
	select {
	case <-h.turn:
		defer func() { h.turn <- struct{}{} }()
	case <-ctx.Done():
		return findings{}, ctx.Err()
	}
	if now := h.clock(); h.looked.IsZero() || now.Sub(h.looked) >= keepHealth {
		// A probe that leaves does not spoil what the next one is told.
		h.found = h.ask(context.WithoutCancel(ctx))
		h.looked = h.clock()
	}
	return h.found, nil
}

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
	all.Wait()
	return found
}

// componentOf keeps since when it is down for the reason that it is down for.
func (h *health) componentOf(err error) *component {
	if err == nil {
		return &component{Status: statusUp}
	}
	now := &component{Status: statusDown, Reason: h.checks.Reason(err)}
	if was := h.found.eventStore; was != nil && was.Reason == now.Reason {
		now.Since = was.Since
		return now
	}
	since := h.clock()
	now.Since = &since
	return now
}

func (h *health) logged(ctx context.Context, what string, err error) error {
	if err != nil {
		h.logger.WarnContext(ctx, "health", "component", what, "error", err)
	}
	return err
}
