package turn

import (
	"context"
	"errors"
	"slices"
	"time"

	"nonassociations/domain"
	"nonassociations/nomis/npa"
	"nonassociations/nomis/plan"
	"nonassociations/nomis/store"
)

// readPolicy reads what neither side says of itself.
func (r *run) readPolicy(ctx context.Context, in plan.Input) (err error) {
	if r.brake, err = r.Store.GetBrake(ctx); err != nil {
		return err
	}
	if r.brake.IsOn() && !r.why.DryRun {
		return ErrBraked
	}
	p := plan.Policy{Repair: r.why.Repair, AskedAt: r.askedAt, Inbound: true, Outbound: true}
	if p.Restored, err = r.readRestored(ctx, in.Now); err != nil {
		return err
	}
	if p.Authors, err = r.authors.read(ctx, r.Store); err != nil {
		return err
	}
	if r.living, err = r.Store.Living(ctx, r.pair); err != nil {
		return err
	}
	p.Repair = r.withFormer(p.Repair)
	p.Decisions = decisions(r.counting(), r.refused, domain.Today(in.Now))
	if c := p.Repair; c != nil { // what a person repairs is no longer left as it is
		p.Decisions = slices.DeleteFunc(p.Decisions, func(d plan.Decision) bool {
			return d.Kind == plan.Accepted && d.NonAssociationID == c.NonAssociationID && (c.TypeSequence == 0 || d.TypeSequence == c.TypeSequence)
		})
	}
	if p.Deletions, err = r.deletions(ctx, in); err != nil {
		return err
	}
	r.policy = p
	return nil
}

// counting returns the differences that count in the turn. When a person asks for it, what
// NOMIS refused before does not.
func (r *run) counting() []store.Difference {
	if !r.why.Asked {
		return r.living
	}
	return slices.DeleteFunc(slices.Clone(r.living), func(d store.Difference) bool {
		return d.State == store.StateOpen && d.Problem == string(plan.Refused)
	})
}

// decisions returns what counts of the living differences on a day, and of what NOMIS
// refused in this turn.
func decisions(living []store.Difference, refused []store.Finding, today string) []plan.Decision {
	var all []plan.Decision
	add := func(kind plan.Kind, f store.Finding) {
		all = append(all, plan.Decision{
			Kind: kind, NonAssociationID: f.NonAssociationID, TypeSequence: f.TypeSequence, Ours: f.Ours, Theirs: f.Theirs,
			Until: f.NotBefore, Words: f.Words,
		})
	}
	for _, d := range living {
		switch {
		case d.HasExpired(today): // it is to be decided anew
		case d.State == store.StateAccepted:
			add(plan.Accepted, d.Finding)
		case !d.NotBefore.IsZero():
			add(plan.Future, d.Finding)
		case d.Problem == string(plan.Refused):
			add(plan.Refusal, d.Finding)
		case d.Problem == string(plan.ChangedAfterSwitch):
			add(plan.Switched, d.Finding)
		}
	}
	for _, f := range refused {
		if f.NotBefore.IsZero() {
			add(plan.Refusal, f)
		} else {
			add(plan.Future, f)
		}
	}
	return all
}

// deletions returns the deletions of NOMIS's staff with the time from which they count.
// One that another cause may explain is spent: a merge, a booking that was moved or
// deleted, or a sequence that is there again.
func (r *run) deletions(ctx context.Context, in plan.Input) (map[int]time.Time, error) {
	ripe := map[int]time.Time{}
	for _, d := range r.living { // the bell forgets its evidence when the turn ends
		known := d.Problem == string(plan.DeletedThere) || d.Problem == string(plan.ChangedAfterSwitch)
		if n, is := in.Exchanges.State().Item(d.NonAssociationID); is && known && d.Theirs == nil && !r.isThere(in, n.TypeSequence) {
			ripe[n.TypeSequence] = d.FirstSeen
		}
	}
	for _, d := range r.why.Due.Deletions {
		at := d.ReceivedAt.Add(r.DeleteAfter)
		explained, err := r.explained(ctx, in, d, at)
		if err != nil {
			return nil, err
		}
		if !explained {
			ripe[d.Sequence] = at
			continue
		}
		if r.why.DryRun {
			continue
		}
		if err := r.Store.Spend(ctx, r.pair, d); err != nil {
			return nil, err
		}
	}
	return ripe, nil
}

// explained reports whether a deletion is no evidence of an act of NOMIS's staff.
func (r *run) explained(ctx context.Context, in plan.Input, d store.Deletion, ripe time.Time) (bool, error) {
	if in.Unknown != "" || r.isThere(in, d.Sequence) || !r.isAfterBase(in, d) {
		return true, nil
	}
	numbers := r.pair.Numbers()
	said, err := r.Store.Between(ctx, numbers[:], d.ReceivedAt.Add(-r.DeleteAfter), ripe)
	if err != nil || len(said) > 0 || in.Now.Before(ripe) {
		return len(said) > 0, err
	}
	day := d.ReceivedAt.In(in.Now.Location()).AddDate(0, 0, -1).Format(time.DateOnly)
	for _, number := range numbers {
		merges, err := r.NOMIS.Merges(ctx, number, day)
		unknown := errors.Is(err, npa.ErrPrisonerUnknown)
		if err != nil && !unknown {
			return false, err
		}
		if unknown || len(merges) > 0 {
			return true, nil
		}
	}
	return false, nil
}

// isThere reports whether NOMIS holds a sequence.
func (r *run) isThere(in plan.Input, sequence int) bool {
	for _, t := range in.Theirs {
		if *t.Detail.TypeSequence == sequence {
			return true
		}
	}
	return false
}

// readTime is the most that lies between a read of NOMIS and the append of what it held.
const readTime = time.Minute

// isAfterBase reports whether a deletion was received after NOMIS was read that held the
// record of its sequence. When that was is known to within readTime: a deletion that was
// told between the read and its append counts, although base is later. One of an earlier
// detail of the same number does no harm by it: when the later one was read, it was spent.
func (r *run) isAfterBase(in plan.Input, d store.Deletion) bool {
	for _, n := range in.Exchanges.State().Items {
		if n.TypeSequence == d.Sequence && !n.Deleted {
			return d.ReceivedAt.After(in.Exchanges.Of(n.ID).Delivery().At.Add(-readTime))
		}
	}
	return false
}

// mergeWait is how long a merge that NOMIS names is waited for, from the first ring on.
const mergeWait = time.Hour

// planned makes the plan. What the switch-over allows is asked only when a step depends on
// it. When the plan would create a record here, a merge that NOMIS names and that may bring
// the record is waited for.
func (r *run) planned(ctx context.Context, in plan.Input) (plan.Plan, error) {
	made := plan.Make(in)
	if changesHere(made) {
		allowed, err := r.Rules.InboundAllowed(ctx, r.pair)
		if err != nil {
			return plan.Plan{}, err
		}
		if in.Policy.Inbound = allowed; !allowed {
			made = plan.Make(in)
		}
	}
	if writesThere(made) {
		allowed, err := r.Rules.OutboundAllowed(ctx)
		if err != nil {
			return plan.Plan{}, err
		}
		if in.Policy.Outbound = allowed; !allowed {
			made = plan.Make(in)
		}
	}
	if !creates(made) || r.why.Due.FirstRing.IsZero() {
		return made, nil
	}
	until := r.why.Due.FirstRing.Add(mergeWait)
	if !in.Now.Before(until) {
		return made, nil
	}
	comes, err := r.mergeBrings(ctx, in)
	if err != nil || !comes {
		return made, err
	}
	in.Policy.CreateAfter = until
	return plan.Make(in), nil
}

// changesHere reports whether a plan has a step by which NOMIS changes the record.
func changesHere(p plan.Plan) bool {
	return slices.ContainsFunc(p.Steps, func(s plan.Step) bool { return s.Action == plan.Take || s.Action == plan.Delete })
}

// writesThere reports whether a plan has a step that writes to NOMIS.
func writesThere(p plan.Plan) bool {
	return slices.ContainsFunc(p.Steps, func(s plan.Step) bool {
		return s.Action == plan.Remove || s.Action == plan.Put || s.Action == plan.Post
	})
}

// creates reports whether the first take of a plan has an item that no record here is.
func creates(p plan.Plan) bool {
	for _, step := range p.Steps {
		if step.Action != plan.Take {
			continue
		}
		for _, item := range step.Sync.Items {
			if item.ID == [16]byte{} {
				return true
			}
		}
	}
	return false
}

// mergeBrings reports whether NOMIS names a merge into one of the two numbers whose
// removed number still has a live record with the other one here.
func (r *run) mergeBrings(ctx context.Context, in plan.Input) (bool, error) {
	day := r.why.Due.FirstRing.In(in.Now.Location()).AddDate(0, 0, -1).Format(time.DateOnly)
	for _, number := range r.pair.Numbers() {
		merges, err := r.NOMIS.Merges(ctx, number, day)
		if errors.Is(err, npa.ErrPrisonerUnknown) {
			continue
		}
		if err != nil {
			return false, err
		}
		for _, m := range merges {
			live, err := r.hasLive(ctx, m.Removed, r.pair.Other(number))
			if err != nil || live && m.Retained == number {
				return live, err
			}
		}
	}
	return false, nil
}

// hasLive reports whether two prisoners have a record here that is not deleted.
func (r *run) hasLive(ctx context.Context, one, other domain.PrisonerNumber) (bool, error) {
	pair, err := domain.NewPair(one, other)
	if err != nil {
		return false, nil //nolint:nilerr // the two are one prisoner: no pair
	}
	ours, err := r.Record.Plan(ctx, pair)
	if err != nil {
		return false, err
	}
	for _, n := range ours.Exchanges.State().Items {
		if !n.Deleted {
			return true, nil
		}
	}
	return false, nil
}
