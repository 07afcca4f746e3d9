package app

import (
	"context"

	"nonassociations/nomis/store"
)

// Resumption is what a release of the brake was about.
type Resumption struct {
	Brake store.Brake         // as it was before
	Pairs []store.CountedPair // that led to it
}

// Resume releases the brake, which stops all turns since NOMIS looks restored, and rings
// for the pairs that led to it. The time of release is ignored: it is now. With dryRun it
// only returns what there is. Errors: store.ErrNoBrake, with the last brake, and faults.
func Resume(ctx context.Context, o Options, release store.Release, dryRun bool) (Resumption, error) {
	if err := checkAllGrants(ctx, o.Config.requirementsOf(nil, grantsOfResuming)); err != nil {
		return Resumption{}, err
	}
	tables, err := store.Open(ctx, o.Config.DatabaseURL)
	if err != nil {
		return Resumption{}, err
	}
	defer tables.Close()
	var of Resumption
	if of.Brake, err = tables.GetBrake(ctx); err != nil {
		return Resumption{}, err
	}
	if !of.Brake.IsOn() {
		return of, store.ErrNoBrake
	}
	if of.Pairs, err = tables.Counted(ctx); err != nil || dryRun {
		return of, err
	}
	release.At = o.Clock()
	// It rings first: a pair that is due waits for the release, and none is forgotten.
	rings := make([]store.Ring, len(of.Pairs))
	for i, one := range of.Pairs {
		rings[i] = store.Ring{Pair: one.Pair, Cause: store.Cause{Kind: store.Resumed}}
	}
	if err := tables.Ring(ctx, release.At, rings...); err != nil {
		return of, err
	}
	return of, tables.ReleaseBrake(ctx, release)
}
