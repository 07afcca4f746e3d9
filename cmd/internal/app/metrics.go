package app

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"nonassociations/eventstore/consumer/status"
	"nonassociations/publisher"
	"nonassociations/web/api"
)

func newDesc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("nonassociations_"+name, help, labels, nil)
}

// The metrics of consumers. Labels come from closed sets.
var (
	consumerPosition  = newDesc("consumer_position", "Everything up to here is applied.", "consumer")
	consumerHead      = newDesc("consumer_head_position", "The last fact of ours in the log.", "consumer")
	consumerLag       = newDesc("consumer_lag_seconds", "Age of the oldest fact that is not applied.", "consumer")
	consumerHeartbeat = newDesc("consumer_heartbeat_timestamp_seconds", "When the consumer last was at work.", "consumer")
	consumerFault     = newDesc("consumer_fault", "1 while the consumer has a fault of the category.", "consumer", "category")

	inFlight  = newDesc("publisher_in_flight", "Facts between the log and SNS.", "topic")
	parked    = newDesc("publisher_parked_messages", "Parked messages.", "topic", "state")
	delivered = newDesc("publisher_delivered_total", "Messages that SNS has acknowledged.", "topic")
	faulty    = newDesc("publisher_faults_total", "Sendings that a fault of SNS undid.", "topic")
	refusals  = newDesc("publisher_refusals_total", "Messages that SNS called invalid.", "topic")
)

// metrics collects at each scrape what health says.
type metrics struct{ process *process }

// Describe is prometheus.Collector's.
func (metrics) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		consumerPosition, consumerHead, consumerLag, consumerHeartbeat, consumerFault,
		inFlight, parked, delivered, faulty, refusals,
	} {
		to <- d
	}
}

const scrapeTimeout = 5 * time.Second

// Collect is prometheus.Collector's.
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

func collectConsumer(to chan<- prometheus.Metric, name string, one api.Consumer) {
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
	if one.Beat != nil {
		set(consumerHeartbeat, float64(one.Beat.UnixMilli())/1000)
	}
	for _, category := range status.Categories() {
		value := 0.0
		if one.Fault != nil && one.Fault.Category == string(category) {
			value = 1
		}
		set(consumerFault, value, string(category))
	}
}

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

// metricsHandler has a registry of its own: nothing else of the process is in it.
func (p *process) metricsHandler() http.Handler {
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(metrics{p})
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{MaxRequestsInFlight: 2})
}
