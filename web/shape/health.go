package shape

import (
	"time"

	"github.com/google/uuid"
)

// HealthStatus is the status of the service and of each component. Probes and dashboards
// depend on the words.
type HealthStatus string

// The two statuses.
const (
	Up   HealthStatus = "UP"
	Down HealthStatus = "DOWN"
)

// Health is the answer of the health endpoints. Components are by name: each is a
// [Component], a [Consumer], a [QueueHealth] or a [TopicHealth].
type Health struct {
	Status     HealthStatus   `json:"status"`
	Components map[string]any `json:"components,omitzero"`
}

// Component is one dependency. Reason is one word of a closed set, because an error
// could hold addresses and the endpoint needs no token. Reason and Since are set while
// the status is DOWN.
type Component struct {
	Status HealthStatus `json:"status"`
	Reason string       `json:"reason,omitzero"`
	Since  *time.Time   `json:"since,omitzero"`
}

// Consumer is one consumer of the log. No key is ever left out. Positions are public
// positions.
type Consumer struct {
	Status    HealthStatus   `json:"status"`
	Position  *uint64        `json:"position"`  // everything up to here is applied; null: none, or unknown
	Head      *uint64        `json:"head"`      // position of the last fact, read now; null: it could not be read
	Lag       *float64       `json:"lag"`       // age of the oldest unapplied fact in seconds; 0: there is none
	Heartbeat *time.Time     `json:"heartbeat"` // when the consumer last did something; null: never
	Fault     *ConsumerFault `json:"fault"`
}

// ConsumerFault is why a consumer is stuck. Category is one of a closed set.
type ConsumerFault struct {
	Category string     `json:"category"`
	EventID  *uuid.UUID `json:"eventId"`
	Type     *string    `json:"type"`
	Position *uint64    `json:"position"`
	Since    time.Time  `json:"since"`
}

// SetUp sets the status to UP or DOWN.
func (c *Consumer) SetUp(up bool) {
	c.Status = Down
	if up {
		c.Status = Up
	}
}

// IsUp reports whether the status is UP.
func (c Consumer) IsUp() bool { return c.Status == Up }

// TopicHealth is the consumer of a publisher with the numbers of its topic. Monitoring
// reads the keys.
type TopicHealth struct {
	Consumer

	Leader   bool   `json:"leader"`
	Waiting  bool   `json:"waiting"`
	InFlight int    `json:"inFlight"`
	Refused  int    `json:"refused"`
	Failing  int    `json:"failing"`
	Blocked  int    `json:"blocked"`
	Skipped  int    `json:"skipped"`
	Sending  string `json:"sending"` // the kind of fault of SNS, "" while all is well
}
