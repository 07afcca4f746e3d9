package app

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"nonassociations/eventstore/consumer/status"
	"nonassociations/nomis"
	"nonassociations/nomis/npa"
	"nonassociations/nomis/store"
	"nonassociations/queries"
)

// The metrics of NOMIS. Labels come from closed sets, but for the prisons, of which there
// are about a hundred.
var (
	nomisRequests    = newDesc("nomis_requests_total", "Requests to NOMIS.", "cause")
	nomisAvailable   = newDesc("nomis_available", "1 while NOMIS answers.")
	nomisTurns       = newDesc("nomis_turns_total", "Turns of pairs that have ended.", "outcome")
	nomisDue         = newDesc("nomis_due_pairs", "Pairs that are due to be compared with NOMIS, put off or not.")
	nomisDueAge      = newDesc("nomis_due_oldest_age_seconds", "Age in seconds of the oldest ring that waits; 0 when none does.")
	nomisDifferences = newDesc("nomis_open_differences", "Open differences between the two systems.", "bucket")
	nomisBrake       = newDesc("nomis_brake_on", "1 while all turns are stopped, because NOMIS looks restored.")
	nomisPendingAge  = newDesc("nomis_pending_oldest_age_seconds", "Age in seconds of the oldest record that NOMIS does not hold yet; 0 when there is none.")
	nomisRunActive   = newDesc("nomis_run_active", "1 while a run of the kind is under way.", "run")
	nomisRunPairs    = newDesc("nomis_run_pairs", "Pairs of the last run of the kind.", "run", "state")
	screenOpen       = newDesc("switch_over_screen_open", "1 while NOMIS's screen is open in a prison that has left it.", "prison")
	queueMessages    = newDesc("queue_messages", "Messages in a queue, about.", "queue")
	queueInFlight    = newDesc("queue_messages_in_flight", "Messages that a reader of a queue works on, about.", "queue")
	queueDeadLetters = newDesc("queue_dead_letters", "Messages in the dead-letter queue of a queue, about.", "queue")
)

// NOMISHooks tell the metrics what other parts know of NOMIS. What a nil function would
// tell is not exported. Each returns soon after its context ends, and false when the
// answer is not known. They are called concurrently.
type NOMISHooks struct {
	// OldestPending returns since when the oldest record is PENDING, the zero time when
	// none is.
	OldestPending func(ctx context.Context) (time.Time, bool)
	// Migration and Reconciliation return how far the last run is.
	Migration, Reconciliation func(ctx context.Context) (RunProgress, bool)
	// OpenScreens returns whether NOMIS's screen is open, for each prison that has left
	// NOMIS, by its id.
	OpenScreens func(ctx context.Context) (map[string]bool, bool)
}

// RunProgress is how far a run over many pairs is. Total is 0 while it is not known.
type RunProgress struct {
	Active      bool
	Done, Total int
}

// nomisParts are what a process has of NOMIS.
type nomisParts struct {
	api    *npa.API                       // nil where NOMIS is not configured
	reads  atomic.Pointer[queries.Reader] // nil until they are open
	worker atomic.Pointer[nomis.Worker]   // nil in a process that takes no turns
}

// nomisMetrics is a prometheus.Collector beside [metrics], so that both are asked at the
// same time.
type nomisMetrics struct {
	process *process
	queues  *queueNumbers
}

// Describe implements prometheus.Collector.
func (nomisMetrics) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		nomisRequests, nomisAvailable, nomisTurns, nomisDue, nomisDueAge, nomisDifferences, nomisBrake, nomisPendingAge,
		nomisRunActive, nomisRunPairs, screenOpen, queueMessages, queueInFlight, queueDeadLetters,
	} {
		to <- d
	}
}

// Collect implements prometheus.Collector. What a store does not answer in time is left
// out.
func (m nomisMetrics) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(m.process.below, scrapeTimeout)
	defer cancel()
	m.collectProcess(to)
	m.collectTables(ctx, to)
	m.collectHooks(ctx, to)
	for id, numbers := range m.queues.get(ctx) {
		gauge(to, queueMessages, float64(numbers.Messages), id)
		gauge(to, queueInFlight, float64(numbers.InFlight), id)
		if numbers.DeadLetterName != "" {
			gauge(to, queueDeadLetters, float64(numbers.DeadLetters), id)
		}
	}
}

// gauge sends one value.
func gauge(to chan<- prometheus.Metric, desc *prometheus.Desc, value float64, labels ...string) {
	to <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
}

// collectProcess sends what this process counts. Whether NOMIS answers is told where it is
// asked all the time.
func (m nomisMetrics) collectProcess(to chan<- prometheus.Metric) {
	if api := m.process.nomis.api; api != nil {
		for cause, count := range api.Counts() {
			to <- prometheus.MustNewConstMetric(nomisRequests, prometheus.CounterValue, float64(count), string(cause))
		}
	}
	if worker := m.process.nomis.worker.Load(); worker != nil {
		gauge(to, nomisAvailable, oneIf(m.process.nomis.api.Available()))
		for outcome, count := range worker.Counts() {
			to <- prometheus.MustNewConstMetric(nomisTurns, prometheus.CounterValue, float64(count), string(outcome))
		}
	}
}

// collectTables sends what the tables say.
func (m nomisMetrics) collectTables(ctx context.Context, to chan<- prometheus.Metric) {
	tables := m.process.kept
	if tables == nil {
		return
	}
	asked(ctx, m.process, func(ctx context.Context) error {
		backlog, err := tables.Backlog(ctx)
		if err == nil {
			gauge(to, nomisDue, float64(backlog.Pending))
			gauge(to, nomisDueAge, m.process.age(backlog.Oldest))
		}
		return err
	})
	asked(ctx, m.process, func(ctx context.Context) error {
		counts, err := tables.OpenByBucket(ctx)
		if err == nil {
			collectDifferences(to, counts)
		}
		return err
	})
	asked(ctx, m.process, func(ctx context.Context) error {
		brake, err := tables.GetBrake(ctx)
		if err == nil {
			gauge(to, nomisBrake, oneIf(brake.IsOn()))
		}
		return err
	})
}

// asked asks Postgres within a short time and logs what kind of fault it has.
func asked(ctx context.Context, p *process, ask func(context.Context) error) {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	if err := ask(ctx); err != nil {
		p.Logger.WarnContext(ctx, "a metric cannot be read", "kind", status.KindOf(err))
	}
}

// collectDifferences sends a value for each bucket, 0 for one that has none, so that a
// series does not begin with the first difference.
func collectDifferences(to chan<- prometheus.Metric, counts []store.BucketCount) {
	found := map[store.Bucket]int{}
	for _, one := range counts {
		found[one.Bucket] = one.Count
	}
	for _, bucket := range []store.Bucket{
		store.Unchecked, store.Differs, store.OnlyHere, store.OnlyThere, store.MirrorsDisagree, store.Held, store.IgnoredHere,
	} {
		gauge(to, nomisDifferences, float64(found[bucket]), string(bucket))
	}
}

// collectHooks sends what the hooks tell.
func (m nomisMetrics) collectHooks(ctx context.Context, to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	hooks := m.process.Hooks
	if hooks.OldestPending != nil {
		if since, known := hooks.OldestPending(ctx); known {
			gauge(to, nomisPendingAge, m.process.age(since))
		}
	}
	for run, hook := range map[string]func(context.Context) (RunProgress, bool){"migration": hooks.Migration, "reconciliation": hooks.Reconciliation} {
		if hook == nil {
			continue
		}
		if progress, known := hook(ctx); known {
			gauge(to, nomisRunActive, oneIf(progress.Active), run)
			gauge(to, nomisRunPairs, float64(progress.Done), run, "done")
			gauge(to, nomisRunPairs, float64(progress.Total), run, "total")
		}
	}
	if hooks.OpenScreens != nil {
		open, _ := hooks.OpenScreens(ctx)
		for prison, is := range open {
			gauge(to, screenOpen, oneIf(is), prison)
		}
	}
}

// age returns the age of a time in seconds, 0 for the zero time and one to come.
func (p *process) age(at time.Time) float64 {
	if at.IsZero() {
		return 0
	}
	return max(0, p.Clock().Sub(at).Seconds())
}

func oneIf(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
