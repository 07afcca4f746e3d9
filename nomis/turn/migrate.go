package turn

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/nomis/plan"
)

// ItemOutcome is what became of one detail that NOMIS holds in a migration.
type ItemOutcome struct {
	TypeSequence int
	// Kind is "" for a detail that cannot be held here.
	Kind domain.OutcomeKind
	// Reason is that of an ignored one, "" when none of the record's rules ignored it.
	Reason domain.IgnoreReason
}

// Migrated is what a migration of a pair found and did. Its Result has no findings: what
// is left is for the turns that follow.
type Migrated struct {
	Result

	Items   []ItemOutcome // one for each of Theirs, in their order
	Unknown string        // why NOMIS does not know a prisoner of the pair; "" when it knows both
}

// Migrate takes over what NOMIS holds of a pair as the step take of a turn does, with the
// source MIGRATION, and does no other step. why.Cause is the id of the run, which is the
// correlation id of its facts. With why.DryRun it says what would be done. A repetition
// for the same run does nothing twice and has the same outcomes: they are read from the
// facts of the run. Errors: as of Take.
func (t *Turns) Migrate(ctx context.Context, pair domain.Pair, why Why) (Migrated, error) {
	r := &run{Turns: t, pair: pair, why: why, source: domain.Migration}
	m, err := r.migrate(ctx)
	if err != nil {
		return Migrated{}, fmt.Errorf("migrate %s: %w", pair.Stream(), err)
	}
	return m, nil
}

// migrate takes until nothing is left to take. One Sync is enough unless the pair has more
// details than one may have.
func (r *run) migrate(ctx context.Context) (Migrated, error) {
	told := map[int]domain.Outcome{}
	in, err := r.read(ctx)
	for range maxSteps {
		if err == nil {
			r.result.Plan, err = r.planned(ctx, in)
		}
		if err != nil {
			return Migrated{}, err
		}
		step, is := takeOf(r.result.Plan)
		if !is {
			break
		}
		var done bool
		if done, err = r.migrateStep(ctx, &in, step); err != nil {
			return Migrated{}, err
		}
		if done {
			remember(told, r.result.Plan.Told)
		}
		if done && len(in.Theirs) <= domain.MaxItems {
			break
		}
		if !r.why.DryRun {
			in, err = r.read(ctx)
		}
	}
	return r.migrated(in, told), nil
}

// migrateStep does a take, or folds into the input what it would append, and reports
// whether it was done: newer facts are planned on anew.
func (r *run) migrateStep(ctx context.Context, in *plan.Input, s plan.Step) (bool, error) {
	if r.why.DryRun {
		return true, r.imagine(in, s)
	}
	return r.step(ctx, *in, s)
}

// imagine makes the input what it would be after a take, so that a dry run of a pair with
// more details than one Sync may have goes on as the run itself does.
func (r *run) imagine(in *plan.Input, s plan.Step) error {
	cause := r.cause(*in, s, staffOfNOMIS)
	decision, err := domain.Decide(in.Exchanges.State(), s.Sync, in.Now, cause)
	if err != nil {
		return err
	}
	for _, event := range decision.Events {
		in.Revision++
		fact := domain.Fact{Event: event, Meta: domain.Meta{Cause: cause, DecidedAt: in.Now, OccurredAt: in.Now}}
		in.Exchanges.Add(uint64(in.Revision), in.Now, fact) //nolint:gosec // it is not negative
	}
	return nil
}

// takeOf returns the take of a plan, and false when it has none.
func takeOf(p plan.Plan) (plan.Step, bool) {
	for _, s := range p.Steps {
		if s.Action == plan.Take {
			return s, true
		}
	}
	return plan.Step{}, false
}

// remember keeps the first outcome of each detail: after it the detail is known.
func remember(told map[int]domain.Outcome, outcomes []plan.Told) {
	for _, t := range outcomes {
		if _, is := told[t.TypeSequence]; !is {
			told[t.TypeSequence] = t.Outcome
		}
	}
}

// migrated returns the outcome of each detail: by the facts of this run, else as the
// record was told of it, else as one that takes part in no take.
func (r *run) migrated(in plan.Input, told map[int]domain.Outcome) Migrated {
	m := Migrated{Result: r.result, Unknown: in.Unknown}
	recorded, ours := r.recorded(), map[int]*domain.NonAssociation{}
	for _, match := range r.result.Plan.Matches {
		if match.Ours != nil && match.Theirs != nil {
			ours[*match.Theirs.Detail.TypeSequence] = match.Ours
		}
	}
	left := map[int]domain.Outcome{}
	remember(left, r.result.Plan.Told)
	for _, t := range in.Theirs {
		item := ItemOutcome{TypeSequence: *t.Detail.TypeSequence}
		partner := ours[item.TypeSequence]
		outcome, took := told[item.TypeSequence]
		would, takesPart := left[item.TypeSequence]
		switch {
		case t.NotHoldable != "":
		case partner != nil && recorded[partner.ID] != "":
			item.Kind = recorded[partner.ID]
		case took:
			item.Kind, item.Reason = outcome.Kind, outcome.Reason
		case would.Kind == domain.Created || would.Kind == domain.Changed:
			item.Kind, item.Reason = domain.WasIgnored, domain.Switched // and so it was not taken
		case takesPart:
			item.Kind, item.Reason = would.Kind, would.Reason
		case slices.ContainsFunc(in.Exchanges.State().Items, func(n domain.NonAssociation) bool {
			return n.Deleted && n.TypeSequence == item.TypeSequence
		}):
			item.Kind, item.Reason = domain.WasIgnored, domain.NamesDeleted
		case partner != nil && len(in.Theirs) > domain.MaxItems:
			item.Kind = domain.Unchanged // there was no room for it in the last Sync
		default:
			item.Kind = domain.WasIgnored // accepted as it is, a twin, or held for a person
		}
		m.Items = append(m.Items, item)
	}
	return m
}

// recorded returns what the facts of this run did to each record. There are some when an
// earlier try was cut off before its outcome was kept.
func (r *run) recorded() map[uuid.UUID]domain.OutcomeKind {
	all := map[uuid.UUID]domain.OutcomeKind{}
	for _, fact := range r.result.Ours.Facts {
		if fact.Meta.Source != domain.Migration || fact.Meta.CorrelationID != r.why.Cause {
			continue
		}
		switch event := fact.Event.(type) {
		case domain.Imported:
			all[event.NonAssociationID] = domain.Created
		case domain.Amended:
			if all[event.NonAssociationID] == "" {
				all[event.NonAssociationID] = domain.Changed
			}
		default:
		}
	}
	return all
}
