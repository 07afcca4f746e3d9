package app

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"nonassociations/eventstore/consumer/status"
	"nonassociations/publisher"
	"nonassociations/web/shape"
)

// newDesc describes a metric of this service. Every name begins with nonassociations_.
func newDesc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("nonassociations_"+name, help, labels, nil)
}

// The metrics of consumers. Labels come from closed sets.
var (
	consumerPosition  = newDesc("consumer_position", "Position up to which the consumer has applied every fact.", "consumer")
	consumerHead      = newDesc("consumer_head_position", "Position of the last fact in the log.", "consumer")
	consumerLag       = newDesc("consumer_lag_seconds", "Age in seconds of the oldest fact that is not applied.", "consumer")
	consumerHeartbeat = newDesc("consumer_heartbeat_timestamp_seconds", "Unix time of the consumer's last heartbeat.", "consumer")
	consumerFault     = newDesc("consumer_fault", "1 while the consumer has a fault of the category.", "consumer", "category")

	inFlight  = newDesc("publisher_in_flight", "Facts read from the log and not yet acknowledged by SNS.", "topic")
	parked    = newDesc("publisher_parked_messages", "Parked messages.", "topic", "state")
	delivered = newDesc("publisher_delivered_total", "Messages that SNS has acknowledged.", "topic")
	faulty    = newDesc("publisher_faults_total", "Sends that failed by a fault of SNS.", "topic")
	refusals  = newDesc("publisher_refusals_total", "Messages that SNS refused as invalid.", "topic")
)

// metrics is a prometheus.Collector that computes the values at each scrape from the
// same sources as health. Nothing is counted twice, and an alert sees what health shows.
type metrics struct{ process *process }

// Describe sends all descriptions: a pedantic registry refuses a metric without one.
func (metrics) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		consumerPosition, consumerHead, consumerLag, consumerHeartbeat, consumerFault,
		inFlight, parked, delivered, faulty, refusals,
	} {
		to <- d
	}
}

// scrapeTimeout is half of what Prometheus waits by default.
const scrapeTimeout = 5 * time.Second

// Collect implements prometheus.Collector. It sends the metrics of every consumer and
// of the publishers in this process. An unknown value is omitted, since an alert would
// take 0 for a measured value.
func (m metrics) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(m.process.below, scrapeTimeout)
	defer cancel()
	for name, one := range m.process.consumers.refresh(ctx) {
		collectConsumer(to, name, one)
	}
	for _, p := range m.process.publishing() {
		collectPublisher(to, p.Status())
	}
}

// collectConsumer sends the metrics of one consumer. The fault gauge has a series for
// every category, 0 while there is no such fault, so that an alert on it never lacks
// data.
func collectConsumer(to chan<- prometheus.Metric, name string, one shape.Consumer) {
	set := func(desc *prometheus.Desc, value float64, more ...string) {
		to <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, append([]string{name}, more...)...)
	}
	if one.Position != nil {
		set(consumerPosition, float64(*one.Position))
	}
	if one.Head != nil {
		set(consumerHead, float64(*one.Head))
	}
	if one.Lag != nil {
		set(consumerLag, *one.Lag)
	}
	if one.Heartbeat != nil {
		set(consumerHeartbeat, float64(one.Heartbeat.UnixMilli())/1000)
	}
	for _, category := range status.Categories() {
		value := 0.0
		if one.Fault != nil && one.Fault.Category == string(category) {
			value = 1
		}
		set(consumerFault, value, string(category))
	}
}

// collectPublisher sends the metrics of one topic.
func collectPublisher(to chan<- prometheus.Metric, s publisher.Status) {
	set := func(desc *prometheus.Desc, kind prometheus.ValueType, value float64, more ...string) {
		to <- prometheus.MustNewConstMetric(desc, kind, value, append([]string{string(s.Topic)}, more...)...)
	}
	set(inFlight, prometheus.GaugeValue, float64(s.InFlight))
	for state, count := range map[string]int{"refused": s.Refused, "failing": s.Failing, "blocked": s.Blocked, "skipped": s.Skipped} {
		set(parked, prometheus.GaugeValue, float64(count), state)
	}
	set(delivered, prometheus.CounterValue, float64(s.Delivered))
	set(faulty, prometheus.CounterValue, float64(s.Faults))
	set(refusals, prometheus.CounterValue, float64(s.Refusals))
}

// metricsHandler serves /metrics from a registry of its own, which holds these metrics and
// those of the Go process. Two scrapes at a time are enough: each one reads from the stores.
func (p *process) metricsHandler() http.Handler {
	// Pedantic: a metric that contradicts its description fails the scrape, and a test.
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	registry.MustRegister(metrics{p})
	registry.MustRegister(checkMetrics{p})
	if p.Roles.answers() {
		registry.MustRegister(writeMetrics{p}, p.requests)
	}
	if p.queues != nil {
		registry.MustRegister(nomisMetrics{p, &queueNumbers{ask: p.askQueues, clock: p.Clock}})
	}
	if p.signing.store != nil {
		registry.MustRegister(evidenceMetrics{p})
	}
	if p.pages.store != nil {
		registry.MustRegister(viewsMetrics{p})
	}
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{MaxRequestsInFlight: 2})
}
