package main

import (
	"context"
	"time"
)

// side does one kind of work for about d and returns its rate a second.
type side func(ctx context.Context, d time.Duration) (float64, error)

// duel is what the rounds of both sides gave.
type duel struct {
	measured, baseline []float64
}

// rates are the medians of both sides; ratio is the median over the rounds, in
// which both sides met the same mood of the machine.
func (d duel) rates() (measured, baseline, ratio float64) {
	ratios := make([]float64, len(d.measured))
	for i := range ratios {
		ratios[i] = d.measured[i] / d.baseline[i]
	}
	return median(d.measured), median(d.baseline), median(ratios)
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
func (s *stage) round(ctx context.Context, work side, length time.Duration) (float64, error) {
	if err := s.settleDown(ctx); err != nil {
		return 0, err
	}
	return work(ctx, length)
}
