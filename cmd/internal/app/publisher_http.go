package app

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"nonassociations/eventstore/consumer/status"
	"nonassociations/publisher"
	"nonassociations/web/shape"
)

// publisherStatusHandler serves the health of a process without the API, at
// LISTEN_ADDR. It has the shape of the API's own health, so that one probe reads both.
// A refused or failing message makes it DOWN, since an operator must act. Liveness and
// readiness stay UP: a restart would not help.
func (p *process) publisherStatusHandler() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /health", p.showHealth)
	up := func(w http.ResponseWriter, _ *http.Request) { writeHealth(w, shape.Health{Status: shape.Up}) }
	mux.HandleFunc("GET /health/liveness", up)
	mux.HandleFunc("GET /health/readiness", up) // no load balancer depends on it
	return mux
}

// healthOfTopic adds a topic's numbers to its consumer. A fault of SNS makes it
// DOWN, and so does a message that waits for an operator.
func healthOfTopic(one shape.Consumer, s publisher.Status) shape.TopicHealth {
	one.SetUp(one.IsUp() && s.Fault == nil && s.Refused == 0 && s.Failing == 0)
	return shape.TopicHealth{
		Consumer: one, Leader: s.Leader, Waiting: s.Waiting, InFlight: s.InFlight,
		Refused: s.Refused, Failing: s.Failing, Blocked: s.Blocked, Skipped: s.Skipped,
		Sending: string(status.KindOf(s.Fault)),
	}
}

// statusTime bounds how long /health waits for the stores. A
// probe then gets an answer with what was read until then.
const statusTime = 5 * time.Second

// showHealth answers /health with 200, or with 503 when any consumer is DOWN.
func (p *process) showHealth(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), statusTime)
	defer cancel()
	body := shape.Health{Status: shape.Up, Components: map[string]any{}}
	all := p.consumers.refresh(ctx)
	for name, one := range all {
		body.Components[name] = one
	}
	for _, of := range p.publishing() {
		s := of.Status()
		topic := healthOfTopic(all[publisher.ConsumerOf(s.Topic)], s)
		all[publisher.ConsumerOf(s.Topic)] = topic.Consumer
		body.Components[publisher.ConsumerOf(s.Topic)] = topic
	}
	for _, one := range all {
		if !one.IsUp() {
			body.Status = shape.Down
		}
	}
	writeHealth(w, body)
}

// writeHealth writes a body with the status code that belongs to it.
func writeHealth(w http.ResponseWriter, body shape.Health) {
	w.Header().Set("Content-Type", "application/json")
	if body.Status != shape.Up {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(body) //nolint:errchkjson // seconds are finite, and the client may be gone
}

// show serves health and metrics on the addresses that this process has for them,
// until ctx ends. Metrics never share a port with the API, where every caller could
// read them. An error means that an address cannot be listened on.
func (p *process) show(ctx, below context.Context, group *errgroup.Group) error {
	address := p.Config.MetricsAddr
	if !p.Roles.answers() && p.Config.Edge.ListenAddr != "" {
		mux := p.publisherStatusHandler()
		if address == "" {
			mux.Handle("GET /metrics", p.metricsHandler())
		}
		shown, err := listen(below, p.Config.Edge.ListenAddr, 0, mux, p.Logger)
		if err != nil {
			return err
		}
		group.Go(func() error { return shown.run(ctx) })
	}
	if address == "" {
		return nil
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", p.metricsHandler())
	measured, err := listen(below, address, 0, mux, p.Logger)
	if err != nil {
		return err
	}
	p.Logger.InfoContext(ctx, "serving metrics", "address", measured.address())
	if p.MetricsAt != nil {
		p.MetricsAt(measured.address())
	}
	group.Go(func() error { return measured.run(ctx) })
	return nil
}

// statusAddressFaults collects the faults of METRICS_ADDR and LISTEN_ADDR. Equal
// ports are found here and not when listening: the second listener would otherwise
// fail after the process has begun its work.
func (c Config) statusAddressFaults(f *faults, roles Roles) {
	if c.MetricsAddr != "" {
		f.address("METRICS_ADDR", c.MetricsAddr)
	}
	if !roles.answers() && c.Edge.ListenAddr != "" {
		f.address("LISTEN_ADDR", c.Edge.ListenAddr)
	}
	_, port, err := net.SplitHostPort(c.MetricsAddr)
	_, served, other := net.SplitHostPort(c.Edge.ListenAddr)
	if err == nil && other == nil && port == served && port != "0" {
		f.add("METRICS_ADDR must have another port than LISTEN_ADDR")
	}
	_, pages, screens := net.SplitHostPort(c.Screens.Addr)
	if err == nil && screens == nil && port == pages && port != "0" {
		f.add("METRICS_ADDR must have another port than SCREENS_ADDR")
	}
	if other == nil && screens == nil && served == pages && served != "0" {
		f.add("SCREENS_ADDR must have another port than LISTEN_ADDR")
	}
}
