package service

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"nonassociations/publisher"
)

// outlook is what a process that only publishes shows of itself at LISTEN_ADDR:
// health as the service's own, and metrics as text. A message that SNS refuses or
// that fails by itself is DOWN for health: an operator must look. It is no reason
// to restart.
func outlook(all []*publisher.Publisher) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) { showHealth(w, all) })
	up := func(w http.ResponseWriter, _ *http.Request) { writeHealth(w, outlookBody{Status: isUp}) }
	mux.HandleFunc("GET /health/liveness", up)
	mux.HandleFunc("GET /health/readiness", up) // nobody sends it requests
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		for _, one := range all {
			showMetrics(w, one.Status())
		}
	})
	return mux
}

// outlookBody is the shape of the service's own health.
type outlookBody struct {
	Status     string                    `json:"status"`
	Components map[string]outlookOfTopic `json:"components,omitzero"`
}

type outlookOfTopic struct {
	Status  string         `json:"status"`
	Details outlookDetails `json:"details"`
}

type outlookDetails struct {
	Leader     bool    `json:"leader"`
	Waiting    bool    `json:"waiting"`
	Position   uint64  `json:"position"`
	OnTheWay   int     `json:"onTheWay"`
	LagSeconds float64 `json:"lagSeconds"`
	Refused    int     `json:"refused"`
	Failing    int     `json:"failing"`
	Blocked    int     `json:"blocked"`
	Skipped    int     `json:"skipped"`
	Fault      string  `json:"fault,omitzero"`
}

func showHealth(w http.ResponseWriter, all []*publisher.Publisher) {
	body := outlookBody{Status: isUp, Components: map[string]outlookOfTopic{}}
	for _, one := range all {
		s := one.Status()
		of := outlookOfTopic{Status: isUp, Details: outlookDetails{
			Leader: s.Leader, Waiting: s.Waiting, Position: s.Position.Outside(), OnTheWay: s.OnTheWay,
			LagSeconds: s.Lag.Seconds(), Refused: s.Refused, Failing: s.Failing, Blocked: s.Blocked, Skipped: s.Skipped,
		}}
		if s.Fault != nil {
			of.Details.Fault = s.Fault.Error()
		}
		if s.Fault != nil || s.Refused > 0 || s.Failing > 0 {
			of.Status, body.Status = isDown, isDown
		}
		body.Components["publisher-"+string(s.Topic)] = of
	}
	writeHealth(w, body)
}

const (
	isUp   = "UP"
	isDown = "DOWN"
)

func writeHealth(w http.ResponseWriter, body outlookBody) {
	w.Header().Set("Content-Type", "application/json")
	if body.Status != isUp {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(body) //nolint:errchkjson // seconds are finite, and whoever asked may be gone
}

// The kinds of metrics.
const (
	gauge   = "gauge"
	counter = "counter"
)

// showMetrics writes one topic in the text that Prometheus reads.
func showMetrics(w io.Writer, s publisher.Status) {
	leader := 0
	if s.Leader {
		leader = 1
	}
	for _, m := range []struct {
		name, kind string
		value      any
	}{
		{"leader", gauge, leader},
		{"position", gauge, s.Position.Outside()},
		{"on_the_way", gauge, s.OnTheWay},
		{"lag_seconds", gauge, s.Lag.Seconds()},
		{"parked_refused", gauge, s.Refused},
		{"parked_failing", gauge, s.Failing},
		{"parked_blocked", gauge, s.Blocked},
		{"parked_skipped", gauge, s.Skipped},
		{"delivered_total", counter, s.Delivered},
		{"faults_total", counter, s.Faults},
		{"refusals_total", counter, s.Refusals},
	} {
		fmt.Fprintf(w, "# TYPE publisher_%s %s\npublisher_%s{topic=%q} %v\n", m.name, m.kind, m.name, s.Topic, m.value)
	}
}
