package main

import (
	"context"
	"fmt"
	"time"
)

// measurement is what was done in one round.
type measurement struct {
	count   int
	seconds float64
	cpu     cpu
}

func (l measurement) rate() float64 { return float64(l.count) / l.seconds }

func (l measurement) plus(m measurement) measurement {
	return measurement{l.count + m.count, l.seconds + m.seconds, l.cpu.plus(m.cpu)}
}

// workload does one kind of work for about d.
type workload func(ctx context.Context, d time.Duration) (measurement, error)

// comparison is what the rounds of both sides gave.
type comparison struct {
	measured, baseline []measurement
}

// rates are the medians of both sides; ratio is the median over the rounds, in
// which both sides met the same mood of the machine.
func (d comparison) rates() (measured, baseline, ratio float64) {
	var ours, theirs, ratios []float64
	for i := range d.measured {
		ours, theirs = append(ours, d.measured[i].rate()), append(theirs, d.baseline[i].rate())
		ratios = append(ratios, ours[i]/theirs[i])
	}
	return median(ours), median(theirs), median(ratios)
}

// describeCPU says where the processor time went.
func (d comparison) describeCPU(bystander string) string {
	var ours, theirs measurement
	for i := range d.measured {
		ours, theirs = ours.plus(d.measured[i]), theirs.plus(d.baseline[i])
	}
	return fmt.Sprintf("CPU µs each: %s; baseline: %s", ours.cpu.each(ours.count, bystander), theirs.cpu.each(theirs.count, bystander))
}

// compare lets both sides work in turns, after a short warming up of each.
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

// round begins when what earlier rounds left behind is done.
func (s *harness) round(ctx context.Context, work workload, length time.Duration) (measurement, error) {
	if err := s.waitUntilIdle(ctx); err != nil {
		return measurement{}, err
	}
	return work(ctx, length)
}
