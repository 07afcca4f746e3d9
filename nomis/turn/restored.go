package turn

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/nomis/plan"
	"nonassociations/nomis/store"
)

const (
	// restoredWithin is the time in which so many takes mean that NOMIS was restored.
	restoredWithin = 10 * time.Minute
	restoredAfter  = 20
	// releasedFor is how long a person's decision counts for pairs that were not counted
	// before it.
	releasedFor = 24 * time.Hour
)

// countGivenBack sets the brake when too many records would get a form back. The turn
// then ends with ErrBraked before anything is taken. When the brake was set or released
// since the turn was planned it returns store.ErrOtherBrake: the turn is to be planned anew.
func (r *run) countGivenBack(ctx context.Context, now time.Time, records []plan.GivenBack) error {
	noted := make([]store.GivenBack, len(records))
	for i, one := range records {
		noted[i] = store.GivenBack(one)
	}
	count, err := r.Store.GiveBack(ctx, store.GivingBack{
		Now: now, Within: restoredWithin, Most: restoredAfter, Brake: r.brake, Why: whyRestored,
	}, r.pair, noted...)
	if err != nil || count <= restoredAfter {
		return err
	}
	r.Logger.ErrorContext(ctx, "turns stopped: NOMIS looks restored", "records", count)
	return ErrBraked
}

func whyRestored(count int) string {
	return fmt.Sprintf("%d records would get a form back that they had before, within %s: NOMIS looks restored from a backup.", count, restoredWithin)
}

// readRestored returns what a person decided about a NOMIS that looked restored, as far as
// it counts for the pair. A pair that was counted keeps it until it is in step.
func (r *run) readRestored(ctx context.Context, now time.Time) (*plan.Restored, error) {
	release := r.brake.Release
	if r.brake.Since.IsZero() {
		return nil, nil //nolint:nilnil // NOMIS never looked restored
	}
	var err error
	if r.restored, err = r.Store.RestoredPair(ctx, r.pair); err != nil {
		return nil, err
	}
	switch {
	case !r.restored.ReleasedAt.IsZero():
		return &plan.Restored{At: r.restored.ReleasedAt}, nil
	case release.At.IsZero() || now.Sub(release.At) > releasedFor:
		return nil, nil //nolint:nilnil // nothing counts now
	}
	return &plan.Restored{At: release.At, FromNOMIS: release.From == store.FromNOMIS}, nil
}

// withTaken adds the differences of records that were taken over before turns were
// stopped. One that stays ends when the record is again what it was. One that a person
// accepted opens again when the record has become something else.
func (r *run) withTaken(ctx context.Context, found []store.Finding) ([]store.Finding, error) {
	for _, d := range r.living {
		switch now := r.now(d.NonAssociationID); {
		case !d.Stays || d.Ours == nil || now == nil:
		case now.Equal(*d.Ours):
			if err := r.Store.EndStaying(ctx, d.ID, r.Clock()); err != nil {
				return nil, err
			}
		case d.State == store.StateAccepted && !slices.ContainsFunc(found, d.IsOf):
			again := d.Finding
			again.Theirs, again.Fields = now, fieldsOf(r.pair, *d.Ours, *now)
			found = append(found, again)
		}
	}
	for _, one := range r.restored.Records {
		if !r.wasTaken(one) {
			continue
		}
		f := r.takenBefore(one)
		found = slices.DeleteFunc(found, func(other store.Finding) bool { return other.NonAssociationID == f.NonAssociationID })
		found = append(found, f)
	}
	return found, nil
}

// now returns what a live record is, nil without one.
func (r *run) now(id uuid.UUID) *domain.Detail {
	n, is := r.result.Ours.Exchanges.State().Item(id)
	if !is || n.Deleted {
		return nil
	}
	detail, _ := n.Detail()
	return &detail
}

// wasTaken reports whether a take gave a live record the form back, and the record has not
// been since what it was before.
func (r *run) wasTaken(one store.GivenBack) bool {
	n, is := r.result.Ours.Exchanges.State().Item(one.NonAssociationID)
	forms := r.result.Ours.Exchanges.Of(one.NonAssociationID).Forms()
	slices.Reverse(forms) // the newest first
	before, after := slices.IndexFunc(forms, one.Before.Equal), slices.IndexFunc(forms, one.After.Equal)
	return is && !n.Deleted && after >= 0 && (before < 0 || after < before)
}

// takenBefore returns the difference of a record that was taken over before turns were
// stopped.
func (r *run) takenBefore(one store.GivenBack) store.Finding {
	f := store.Finding{
		NonAssociationID: one.NonAssociationID, Bucket: store.Differs, Fields: fieldsOf(r.pair, one.Before, one.After), Cause: Unknown,
		Why:  "NOMIS looked restored, and the record took an older form over before turns were stopped. Ours is what it was.",
		Ours: &one.Before, Theirs: &one.After, Stays: true,
	}
	if n, is := r.result.Ours.Exchanges.State().Item(one.NonAssociationID); is {
		f.TypeSequence = n.TypeSequence
	}
	return f
}

// settleRestored forgets a restored pair that is in step again.
func (r *run) settleRestored(ctx context.Context) error {
	if r.restored.ReleasedAt.IsZero() {
		return nil
	}
	apart := slices.ContainsFunc(r.result.Plan.Matches, func(m plan.Match) bool { return len(m.Differs) > 0 })
	return r.Store.SettleRestored(ctx, r.pair, !apart && len(r.result.Plan.Steps) == 0)
}
