package client

import (
	"context"
	"net/http"

	"github.com/go-json-experiment/json/jsontext"
)

// Health is the body of the health calls. DOWN comes with a 503, which is an [Error].
type Health struct {
	Status     string      `json:"status"`
	Components *Components `json:"components,omitempty"`
}

// Components are the event store and the consumers of the log.
type Components struct {
	EventStore       *Component `json:"eventStore,omitempty"`
	ReadModel        *Consumer  `json:"readModel,omitempty"`
	Publisher        *Consumer  `json:"publisher,omitempty"`
	HistoryPublisher *Consumer  `json:"historyPublisher,omitempty"`
	Nomis            *Consumer  `json:"nomis,omitempty"`
}

// Component is one dependency. Reason and Since are set while it is DOWN.
type Component struct {
	Status string  `json:"status"`
	Reason *string `json:"reason,omitempty"`
	Since  *string `json:"since,omitempty"`
}

// Consumer is one consumer of the log. Lag is the age of its oldest unapplied fact in
// seconds.
type Consumer struct {
	Status    string         `json:"status"`
	Position  *uint64        `json:"position"`
	Head      *uint64        `json:"head"`
	Lag       *float64       `json:"lag"`
	Heartbeat *string        `json:"heartbeat"`
	Fault     *ConsumerFault `json:"fault"`
}

// ConsumerFault is why a consumer is stuck.
type ConsumerFault struct {
	Category string  `json:"category"`
	EventID  *string `json:"eventId"`
	Type     *string `json:"type"`
	Position *uint64 `json:"position"`
	Since    string  `json:"since"`
}

// Health asks for the health of all components.
func (c *Client) Health(ctx context.Context) (Response[Health], error) {
	return send[Health](ctx, c, request{method: http.MethodGet, path: "/health"})
}

// Ping asks whether the service answers.
func (c *Client) Ping(ctx context.Context) (Response[Health], error) {
	return send[Health](ctx, c, request{method: http.MethodGet, path: "/health/ping"})
}

// Liveness asks whether the process is alive.
func (c *Client) Liveness(ctx context.Context) (Response[Health], error) {
	return send[Health](ctx, c, request{method: http.MethodGet, path: "/health/liveness"})
}

// Readiness asks whether the process can serve requests.
func (c *Client) Readiness(ctx context.Context) (Response[Health], error) {
	return send[Health](ctx, c, request{method: http.MethodGet, path: "/health/readiness"})
}

// Info asks which build answers.
func (c *Client) Info(ctx context.Context) (Response[Info], error) {
	return send[Info](ctx, c, request{method: http.MethodGet, path: "/info"})
}

// OpenAPI returns the contract.
func (c *Client) OpenAPI(ctx context.Context) (Response[jsontext.Value], error) {
	return send[jsontext.Value](ctx, c, request{method: http.MethodGet, path: "/openapi.json"})
}
