package reconcile

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/nomis/store"
	"nonassociations/nomis/turn"
)

// keep makes the differences of the pair those that were found, and rings for a pair that
// has a step. The caller holds the lock of the pair.
func (c *comparer) keep(ctx context.Context, s *seen) error {
	living, err := c.store.Living(ctx, s.pair)
	if err != nil {
		return err
	}
	found := slices.DeleteFunc(slices.Clone(s.findings), func(f store.Finding) bool {
		// What NOMIS is about to be told of is no difference yet, but may be an old one.
		return slices.ContainsFunc(s.pending, f.IsOf) && !slices.ContainsFunc(living, func(d store.Difference) bool { return f.IsOf(d.Finding) })
	})
	if len(found)+len(living) > 0 {
		if err := c.store.Record(ctx, s.pair, s.now, domain.Today(s.now), uuid.Nil, found...); err != nil {
			return err
		}
	}
	if c.ring == nil || len(s.result.Plan.Steps) == 0 {
		return nil
	}
	return c.store.Ring(ctx, s.now, store.Ring{Pair: s.pair, Cause: *c.ring})
}

// keepUnchecked keeps that a pair could not be compared, beside the differences that it
// has. The caller holds the lock of the pair.
func (c *comparer) keepUnchecked(ctx context.Context, pair domain.Pair, why, problem string) error {
	living, err := c.store.Living(ctx, pair)
	if err != nil {
		return err
	}
	unchecked := store.Finding{Bucket: store.Unchecked, Problem: problem, Why: why, Cause: turn.Unknown}
	found := []store.Finding{unchecked}
	for _, d := range living {
		if !d.IsOf(unchecked) {
			found = append(found, d.Finding)
		}
	}
	now := c.clock()
	return c.store.Record(ctx, pair, now, domain.Today(now), uuid.Nil, found...)
}
