package screens

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"nonassociations/nomis/migration"
	"nonassociations/web/screens/govuk"
)

// startMigration makes the act that starts a run, or a dry one.
func (s *Screens) startMigration(dryRun bool) actOf {
	return func(_ context.Context, v *visit) (act, error) {
		if s.operators.Migrations == nil {
			return act{}, notFound()
		}
		a := act{name: "migrate start", heading: "Start a migration", back: migrationsPage}
		says := []string{
			"All pairs that NOMIS lists are read, and what this service does not have is taken over.",
			"The process that works with NOMIS carries the run out.",
		}
		if dryRun {
			a.name, a.heading = "migrate start dry run", "Start a dry run"
			says[0] = "All pairs that NOMIS lists are read, and nothing is taken over: the run says what would be."
		}
		return s.startAct(a, says, migration.Order{DryRun: dryRun, By: v.session.UserName}), nil
	}
}

// startAct makes an act that starts a run, which is refused while one is at work.
func (s *Screens) startAct(a act, says []string, order migration.Order) act {
	a.plan = func(ctx context.Context, _ actTyped) (actPlan, error) {
		_, err := s.operators.Migrations.Active(ctx)
		switch {
		case err == nil:
			return actPlan{}, actRefusal{"Another migration is at work."}
		case !errors.Is(err, migration.ErrNoRun):
			return actPlan{}, err
		}
		return actPlan{Lines: says}, nil
	}
	a.do = func(ctx context.Context, _ actTyped, _ actPlan) (string, error) {
		run, err := s.operators.Migrations.Start(ctx, order)
		switch {
		case errors.Is(err, migration.ErrAtWork):
			return "", actRefusal{"Another migration is at work."}
		case errors.Is(err, migration.ErrNoRun):
			return "", notFound()
		}
		return "Migration " + run.Label + " has started.", err
	}
	return a
}

// migrationAct makes an act on the run of a path.
func (s *Screens) migrationAct(v *visit, a act) (act, uuid.UUID, error) {
	id, err := v.recordID()
	if err != nil || s.operators.Migrations == nil {
		return a, id, notFound()
	}
	a.object, a.back = "migration "+id.String(), page{migrationsPage.path + "/" + id.String(), "Migration"}
	return a, id, nil
}

// cancelMigration asks a run to end.
func (s *Screens) cancelMigration(_ context.Context, v *visit) (act, error) {
	a, id, err := s.migrationAct(v, act{name: "migrate cancel", heading: "Cancel a migration"})
	if err != nil {
		return a, err
	}
	a.plan = func(ctx context.Context, _ actTyped) (actPlan, error) {
		run, err := s.migrationOf(ctx, v)
		switch {
		case err != nil:
			return actPlan{}, err
		case !run.IsAtWork():
			return actPlan{}, actRefusal{"The migration has ended."}
		case !canBeCancelled(run):
			return actPlan{}, actRefusal{"The migration was asked to end already."}
		}
		return actPlan{
			Lines: []string{"Migration " + run.Label + " takes no new pairs from then on. What is done stays."}, State: run.Status,
		}, nil
	}
	a.do = func(ctx context.Context, _ actTyped, _ actPlan) (string, error) {
		err := s.operators.Migrations.Cancel(ctx, id)
		if errors.Is(err, migration.ErrNoRun) {
			return "", notFound()
		}
		return "The migration was asked to end.", err
	}
	return a, nil
}

// retryMigration starts a run of what an earlier one did not migrate.
func (s *Screens) retryMigration(_ context.Context, v *visit) (act, error) {
	a, id, err := s.migrationAct(v, act{name: "migrate retry failed", heading: "Retry the failed pairs"})
	if err != nil {
		return a, err
	}
	a = s.startAct(a, nil, migration.Order{Filter: migration.Filter{FailedOf: id}, By: v.session.UserName})
	free := a.plan
	a.plan = func(ctx context.Context, typed actTyped) (actPlan, error) {
		if _, err := free(ctx, typed); err != nil {
			return actPlan{}, err
		}
		run, err := s.migrationOf(ctx, v)
		if err != nil {
			return actPlan{}, err
		}
		lost := run.Counts.Lost()
		if lost == 0 || run.IsAtWork() {
			return actPlan{}, actRefusal{"No pair of this migration has failed, or it is at work."}
		}
		return actPlan{State: lost, Lines: []string{
			fmt.Sprintf("A new migration reads %s of migration %s once more, and takes over what this service does not have.",
				govuk.Count(lost, "failed pair", "failed pairs"), run.Label),
		}}, nil
	}
	return a, nil
}
