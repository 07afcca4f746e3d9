package app

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"
)

var (
	viewsUnsent    = newDesc("views_unsent", "Views of the pages that the audit queue has not taken.")
	viewsUnsentAge = newDesc("views_unsent_oldest_age_seconds", "Age in seconds of the oldest view that the audit queue has not taken; 0 when there is none. Nothing without an audit queue.")
)

// viewsMetrics is a prometheus.Collector of a process that serves pages.
type viewsMetrics struct{ process *process }

// Describe implements prometheus.Collector.
func (viewsMetrics) Describe(to chan<- *prometheus.Desc) {
	to <- viewsUnsent
	to <- viewsUnsentAge
}

// Collect implements prometheus.Collector. While Postgres does not answer nothing is sent:
// an alert would take 0 for a measured value.
func (m viewsMetrics) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(m.process.below, scrapeTimeout)
	defer cancel()
	asked(ctx, m.process, func(ctx context.Context) error {
		count, oldest, err := m.process.pages.store.UnsentViews(ctx)
		if err == nil {
			gauge(to, viewsUnsent, float64(count))
			// Without a queue views stay in the table, which is no fault.
			if m.process.Config.Screens.AuditQueueURL != "" {
				gauge(to, viewsUnsentAge, m.process.age(oldest))
			}
		}
		return err
	})
}
