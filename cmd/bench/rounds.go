package main

import (
	"context"
	"fmt"
	"time"
)

// measurement is one round: the operations done, their time and the CPU time of all
// processes.
type measurement struct {
	count   int
	seconds float64
	cpu     cpu
}

// rate returns operations per second.
func (l measurement) rate() float64 { return float64(l.count) / l.seconds }

// plus adds two rounds, for sums of CPU time. Rates are never averaged this way.
func (l measurement) plus(m measurement) measurement {
	return measurement{l.count + m.count, l.seconds + m.seconds, l.cpu.plus(m.cpu)}
}

// workload does one kind of work for about d and reports what it did. It overruns d by
// at most one operation.
type workload func(ctx context.Context, d time.Duration) (measurement, error)

// comparison holds the rounds of both sides; rounds with the same index ran one after
// the other.
type comparison struct {
	measured, baseline []measurement
}

// rates returns the median rate of each side. ratio is the median of the ratios of
// neighbouring rounds, in which the machine was equally busy with other things.
func (d comparison) rates() (measured, baseline, ratio float64) {
	var ours, theirs, ratios []float64
	for i := range d.measured {
		ours, theirs = append(ours, d.measured[i].rate()), append(theirs, d.baseline[i].rate())
		ratios = append(ratios, ours[i]/theirs[i])
	}
	return median(ours), median(theirs), median(ratios)
}

// describeCPU returns how much CPU time each operation took, and in which process.
// bystander is the name of the baseline's process.
func (d comparison) describeCPU(bystander string) string {
	var ours, theirs measurement
	for i := range d.measured {
		ours, theirs = ours.plus(d.measured[i]), theirs.plus(d.baseline[i])
	}
	return fmt.Sprintf("CPU µs each: %s; baseline: %s", ours.cpu.each(ours.count, bystander), theirs.cpu.each(theirs.count, bystander))
}

// compare runs both workloads in turns, Rounds times each, after a warm-up of a quarter
// round that fills caches and connection pools. It returns the rounds measured before
// an error.
func (s *harness) compare(ctx context.Context, measured, baseline workload) (comparison, error) {
	var d comparison
	for _, warm := range []workload{measured, baseline} {
		if _, err := s.round(ctx, warm, s.Round/4); err != nil {
			return d, err
		}
	}
	for range s.Rounds {
		m, err := s.round(ctx, measured, s.Round)
		if err != nil {
			return d, err
		}
		b, err := s.round(ctx, baseline, s.Round)
		if err != nil {
			return d, err
		}
		d.measured, d.baseline = append(d.measured, m), append(d.baseline, b)
	}
	return d, nil
}

// round runs one workload once earlier rounds have no work left in the background.
func (s *harness) round(ctx context.Context, work workload, length time.Duration) (measurement, error) {
	if err := s.waitUntilIdle(ctx); err != nil {
		return measurement{}, err
	}
	return work(ctx, length)
}
