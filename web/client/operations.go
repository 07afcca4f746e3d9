package client

import (
	"context"
	"net/http"

	"github.com/go-json-experiment/json/jsontext"

	"nonassociations/web/shape"
)

// Health is the body of the health calls. DOWN comes with a 503, which is an [Error].
type Health struct {
	Status     shape.HealthStatus `json:"status"`
	Components *Components        `json:"components,omitempty"`
}

// Components are the event store, the consumers of the log and the queues.
type Components struct {
	EventStore       *Component `json:"eventStore,omitempty"`
	ReadModel        *Consumer  `json:"readModel,omitempty"`
	Publisher        *Consumer  `json:"publisher,omitempty"`
	HistoryPublisher *Consumer  `json:"historyPublisher,omitempty"`
	Nomis            *Consumer  `json:"nomis,omitempty"`

	DomainEvents   *QueueHealth `json:"domainEvents-health,omitempty"`
	NOMISEvents    *QueueHealth `json:"nomisEvents-health,omitempty"`
	PrisonerEvents *QueueHealth `json:"prisonerEvents-health,omitempty"`
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
