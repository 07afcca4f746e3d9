package app

import (
	"context"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"nonassociations/internal/tracing"
)

// requests are the durations of answers, by the labels of semantic conventions. They are
// bounded: patterns of routes, known methods and status codes.
type requests struct{ *prometheus.HistogramVec }

// newRequests makes the metric. The bounds have those of the objectives: 1 s and 2 s.
func newRequests() requests {
	return requests{prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Namespace: "nonassociations", Name: "http_server_request_duration_seconds",
		Help: "Seconds from the first byte of a request to the end of its answer.", Buckets: []float64{0.05, 0.2, 0.5, 1, 2, 5, 10},
	}, []string{"http_request_method", "http_route", "http_response_status_code"})}
}

// answered counts one answer.
func (r requests) answered(method, route string, status int, took time.Duration) {
	r.WithLabelValues(tracing.Method(method), route, strconv.Itoa(status)).Observe(took.Seconds())
}

var writePathUp = newDesc("write_path_up", "1 while this process takes writes: the log answers and is the one that the tables belong to.")

// writeMetrics is a prometheus.Collector of a process that answers requests.
type writeMetrics struct{ process *process }

// Describe implements prometheus.Collector.
func (writeMetrics) Describe(to chan<- *prometheus.Desc) { to <- writePathUp }

// Collect implements prometheus.Collector. A log that does not answer is 0, since that is
// what the metric is about.
func (m writeMetrics) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(m.process.below, queryTimeout)
	defer cancel()
	gauge(to, writePathUp, oneIf(m.process.gate.isOpen() && m.process.eventStore(ctx) == nil))
}
