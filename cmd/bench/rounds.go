package main

import (
	"context"
	"fmt"
	"time"
)

// lap is what was done in one round.
type lap struct {
	count   int
	seconds float64
	cpu     cpu
}

func (l lap) rate() float64 { return float64(l.count) / l.seconds }

func (l lap) plus(m lap) lap {
	return lap{l.count + m.count, l.seconds + m.seconds, l.cpu.plus(m.cpu)}
}

// side does one kind of work for about d.
type side func(ctx context.Context, d time.Duration) (lap, error)

// duel is what the rounds of both sides gave.
type duel struct {
	measured, baseline []lap
}

// rates are the medians of both sides; ratio is the median over the rounds, in
// which both sides met the same mood of the machine.
func (d duel) rates() (measured, baseline, ratio float64) {
	var ours, theirs, ratios []float64
	for i := range d.measured {
		ours, theirs = append(ours, d.measured[i].rate()), append(theirs, d.baseline[i].rate())
		ratios = append(ratios, ours[i]/theirs[i])
	}
	return median(ours), median(theirs), median(ratios)
}

// cpu says where the processor time went.
func (d duel) cpu(bystander string) string {
	var ours, theirs lap
	for i := range d.measured {
		ours, theirs = ours.plus(d.measured[i]), theirs.plus(d.baseline[i])
	}
	return fmt.Sprintf("CPU µs each: %s; baseline: %s", ours.cpu.each(ours.count, bystander), theirs.cpu.each(theirs.count, bystander))
}

// alternate lets both sides work in turns, after a short warming up of each.
func (s *stage) alternate(ctx context.Context, measured, baseline side) (duel, error) {
	var d duel
	for _, warm := range []side{measured, baseline} {
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
func (s *stage) round(ctx context.Context, work side, length time.Duration) (lap, error) {
	if err := s.settleDown(ctx); err != nil {
		return lap{}, err
	}
	return work(ctx, length)
}
