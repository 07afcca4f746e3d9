package turn

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"nonassociations/commands"
	"nonassociations/domain"
	"nonassociations/nomis/npa"
	"nonassociations/nomis/plan"
	"nonassociations/nomis/store"
)

const (
	// actor is the user name in facts that a turn records of itself.
	actor = "NON_ASSOCIATIONS_API"
	// staffOfNOMIS is the user name when NOMIS does not say who changed something.
	staffOfNOMIS = "NOMIS"
)

// step does one step and reports whether it did. It did not when what was planned on has
// changed meanwhile, or when NOMIS refused; then a new plan is to be made too.
func (r *run) step(ctx context.Context, in plan.Input, s plan.Step) (done bool, err error) {
	if r.why.Confirm != nil {
		if err := r.why.Confirm(ctx); err != nil {
			return false, err
		}
	}
	err = r.do(ctx, in, s)
	switch {
	case errors.Is(err, commands.ErrNewerFacts), errors.Is(err, store.ErrOtherBrake), errors.Is(err, npa.ErrAlreadyExists), errors.Is(err, npa.ErrNotFound):
		return false, nil
	case errors.Is(err, npa.ErrRefused), errors.Is(err, npa.ErrMirrorsDisagree), errors.Is(err, npa.ErrPrisonerUnknown):
		r.refused = append(r.refused, r.refusal(in, s, err))
		r.result.Refused = r.refused
		return false, nil
	case err != nil:
		return false, fmt.Errorf("%s: %w", s.Action, err)
	}
	r.result.Done = append(r.result.Done, s)
	return true, nil
}

// do carries a step out.
func (r *run) do(ctx context.Context, in plan.Input, s plan.Step) error {
	switch s.Action {
	case plan.Learn:
		return r.append(ctx, in, s, actor, domain.LearnSequence{ID: s.NonAssociationID, TypeSequence: s.TypeSequence})
	case plan.Release:
		return r.append(ctx, in, s, actor, domain.ReleaseSequence{ID: s.NonAssociationID, TypeSequence: s.TypeSequence, Unmapped: s.TypeSequence == 0})
	case plan.Delete:
		return r.append(ctx, in, s, staffOfNOMIS, domain.ReleaseSequence{ID: s.NonAssociationID, TypeSequence: s.TypeSequence, Delete: true})
	case plan.Revert:
		return r.append(ctx, in, s, actor, s.Sync)
	case plan.Take:
		return r.takeOver(ctx, in, s)
	case plan.Confirm:
		return r.deliver(ctx, in, s, s.TypeSequence, s.Detail)
	case plan.Remove:
		return r.remove(ctx, in, s)
	case plan.Put:
		if err := r.NOMIS.Update(ctx, r.pair, s.TypeSequence, s.Detail); err != nil {
			return err
		}
		return r.readBack(ctx, in, s, s.TypeSequence)
	case plan.Post:
		return r.post(ctx, in, s)
	}
	return nil
}

// append decides a command at the revision that was planned on.
func (r *run) append(ctx context.Context, in plan.Input, s plan.Step, by string, command domain.Command) error {
	_, err := r.Record.ExecutePlanned(ctx, r.cause(in, s, by), r.pair, command, in.Revision)
	return err
}

// cause returns the cause of a command. Its id is made of what the turn is for and where
// it is, so that a repeat is recognised.
func (r *run) cause(in plan.Input, s plan.Step, by string) domain.Cause {
	if r.why.Actor != "" {
		by = r.why.Actor
	}
	source := domain.NOMIS
	switch s.Action { //nolint:exhaustive // the others record what is known of NOMIS
	case plan.Take:
		source = r.source
	case plan.Revert:
		source = domain.DPS // NOMIS does not hold it
	}
	place := r.pair.Stream() + "/" + strconv.FormatInt(in.Revision, 10) + "/" + string(s.Action)
	return domain.Cause{
		CommandID: uuid.NewSHA1(r.why.Cause, []byte(place)), CorrelationID: r.why.Cause, CausationID: r.why.Cause,
		Actor: by, Source: source, About: r.pair.Numbers()[0],
	}
}

// takeOver records what NOMIS holds. Takes that would give records a form back that they
// had before are counted: many of them mean that NOMIS was restored from a backup.
func (r *run) takeOver(ctx context.Context, in plan.Input, s plan.Step) error {
	if len(s.GivesBack) > 0 && r.why.Repair == nil {
		if err := r.countGivenBack(ctx, in.Now, s.GivesBack); err != nil {
			return err
		}
	}
	return r.append(ctx, in, s, staffOfNOMIS, r.ofPerson(s.Sync))
}

// ofPerson leaves out who wrote an item in NOMIS where a person decided to take it over.
// That person is then the actor.
func (r *run) ofPerson(sync domain.Sync) domain.Sync {
	if r.why.Repair == nil {
		return sync
	}
	sync.Items = slices.Clone(sync.Items)
	for i := range sync.Items {
		item, repair := &sync.Items[i], r.why.Repair
		if item.ID == repair.NonAssociationID && (item.ID != uuid.Nil || item.TypeSequence == repair.TypeSequence) {
			item.UpdatedBy = ""
		}
	}
	return sync
}

// remove deletes a detail in NOMIS and records that it is gone. A twin has no record.
func (r *run) remove(ctx context.Context, in plan.Input, s plan.Step) error {
	if err := r.NOMIS.Delete(ctx, r.pair, s.TypeSequence); err != nil {
		return err
	}
	_, _, is, err := r.find(ctx, in, s.TypeSequence)
	if err != nil || is || s.NonAssociationID == uuid.Nil {
		return err
	}
	return r.append(ctx, in, s, actor, domain.ReleaseSequence{ID: s.NonAssociationID, TypeSequence: s.TypeSequence})
}

// post creates a record in NOMIS. NOMIS creates it without an expiry date, so one that has
// such a date is only known to be there, and is written next.
func (r *run) post(ctx context.Context, in plan.Input, s plan.Step) error {
	sequence, err := r.NOMIS.Create(ctx, r.pair, s.Detail)
	if err != nil {
		return err
	}
	if s.Detail.ExpiryDate != nil {
		return r.append(ctx, in, s, actor, domain.LearnSequence{ID: s.NonAssociationID, TypeSequence: sequence})
	}
	return r.readBack(ctx, in, s, sequence)
}

// deliver records what NOMIS holds of a record.
func (r *run) deliver(ctx context.Context, in plan.Input, s plan.Step, sequence int, held domain.Detail) error {
	return r.append(ctx, in, s, actor, domain.Deliver{
		ID: s.NonAssociationID, TypeSequence: sequence, Revision: uint64(max(in.Revision, 0)), Detail: held, Held: s.Held,
	})
}

// futureFor is how long a write waits when NOMIS says that its effective day is to come,
// because NOMIS's midnight is not that of London.
const futureFor = 15 * time.Minute

// refusal returns the difference that a refused write leaves.
func (r *run) refusal(in plan.Input, s plan.Step, err error) store.Finding {
	f := store.Finding{
		NonAssociationID: s.NonAssociationID, TypeSequence: s.TypeSequence, Bucket: store.Differs, Problem: string(plan.Refused),
		Why: "NOMIS refused the record as it is.", Cause: Unknown, Words: npa.Words(err),
	}
	if s.TypeSequence == 0 {
		f.Bucket = store.OnlyHere
	}
	for _, m := range r.result.Plan.Matches {
		if m.Ours != nil && m.Ours.ID == s.NonAssociationID || m.Ours == nil && m.Theirs != nil && *m.Theirs.Detail.TypeSequence == s.TypeSequence {
			f.Ours, f.Theirs = sidesOf(m)
			if m.Ours == nil { // a record that is deleted here is a difference of NOMIS alone
				f.NonAssociationID, f.Bucket = uuid.Nil, store.OnlyThere
			}
		}
	}
	var failure *npa.Failure
	switch {
	case errors.As(err, &failure) && failure.IsNotYet():
		f.Bucket, f.Problem, f.NotBefore = store.Held, "", in.Now.Add(futureFor)
		f.Why = "NOMIS says that the effective date is in the future."
	case errors.Is(err, npa.ErrMirrorsDisagree):
		f.Why = "NOMIS cannot write, because its two rows differ."
	case errors.Is(err, npa.ErrPrisonerUnknown):
		f.Why = "NOMIS does not know one of the prisoners, or no booking of theirs."
	}
	return f
}
