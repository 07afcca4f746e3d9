package service

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"nonassociations/publisher"
)

// outlook is what a process that only publishes shows of itself at LISTEN_ADDR:
// health as the service's own, and metrics as text. A message that SNS refuses
// is DOWN for health, so that somebody looks, and no reason to restart.
func outlook(all []*publisher.Publisher) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) { showHealth(w, all) })
	up := func(w http.ResponseWriter, _ *http.Request) { writeHealth(w, map[string]any{"status": "UP"}, true) }
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

func showHealth(w http.ResponseWriter, all []*publisher.Publisher) {
	components, well := map[string]any{}, true
	for _, one := range all {
		s := one.Status()
		details := map[string]any{
			"leader": s.Leader, "waiting": s.Waiting, "position": s.Position.Outside(), "onTheWay": s.OnTheWay,
			"lagSeconds": s.Lag.Seconds(), "refused": s.Refused, "held": s.Held,
		}
		if s.Fault != nil {
			details["fault"] = s.Fault.Error()
		}
		word := "UP"
		if s.Fault != nil || s.Refused > 0 {
			word, well = "DOWN", false
		}
		components["publisher-"+string(s.Topic)] = map[string]any{"status": word, "details": details}
	}
	word := "UP"
	if !well {
		word = "DOWN"
	}
	writeHealth(w, map[string]any{"status": word, "components": components}, well)
}

func writeHealth(w http.ResponseWriter, body map[string]any, well bool) {
	w.Header().Set("Content-Type", "application/json")
	if !well {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(body) // whoever asked is gone
}

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
		{"leader", "gauge", leader},
		{"position", "gauge", s.Position.Outside()},
		{"on_the_way", "gauge", s.OnTheWay},
		{"lag_seconds", "gauge", s.Lag.Seconds()},
		{"parked_refused", "gauge", s.Refused},
		{"parked_held", "gauge", s.Held},
		{"delivered_total", "counter", s.Delivered},
		{"faults_total", "counter", s.Faults},
		{"refusals_total", "counter", s.Refusals},
	} {
		fmt.Fprintf(w, "# TYPE publisher_%s %s\npublisher_%s{topic=%q} %v\n", m.name, m.kind, m.name, s.Topic, m.value)
	}
}
