package screens

import (
	"context"
	"errors"
	"strings"
	"time"

	"nonassociations/domain"
	"nonassociations/nomis/reconcile"
)

// differenceAct makes an act on the difference of a path. A difference stays when it is
// decided, so that a second press finds it.
func (s *Screens) differenceAct(ctx context.Context, v *visit, a act) (act, reconcile.Difference, error) {
	d, err := s.differenceOf(ctx, v)
	a.object, a.subjects = "difference "+d.ID.String(), subjectsOf(d.Pair)
	a.back = page{differencesPage.path + "/" + d.ID.String(), "Difference"}
	return a, d, err
}

// repairDifference makes the act that ends a difference in a direction.
func (s *Screens) repairDifference(fromNOMIS bool) actOf {
	return func(ctx context.Context, v *visit) (act, error) {
		a := act{name: "reconcile repair from DPS", heading: "Repair from DPS"}
		if fromNOMIS {
			a.name, a.heading = "reconcile repair from NOMIS", "Repair from NOMIS"
		}
		a, d, err := s.differenceAct(ctx, v, a)
		if err != nil {
			return a, err
		}
		repair := func(ctx context.Context, version int, why string, dryRun bool) (reconcile.Repaired, error) {
			done, err := s.operators.Reconcile.Repair(ctx, d.ID, reconcile.Repair{
				Version: version, FromNOMIS: fromNOMIS, Reason: why, By: v.session.UserName, DryRun: dryRun,
			})
			return done, refusedRepair(err)
		}
		a.plan = func(ctx context.Context, typed actTyped) (actPlan, error) {
			now, err := s.operators.Reconcile.Difference(ctx, d.ID)
			switch {
			case err != nil:
				return actPlan{}, err
			case !isLiving(now):
				return actPlan{}, actRefusal{"The difference is gone: " + strings.ToLower(stateWords[now.State]) + "."}
			}
			made, err := repair(ctx, now.Version, typed[fieldReason], true)
			if err != nil {
				return actPlan{}, err
			}
			return actPlan{Lines: append([]string{"The pair is " + pairWords(d.Pair) + "."}, planLines(d.Pair, made.Steps)...), State: []any{now.Version, made.Steps}, version: now.Version}, nil
		}
		a.do = func(ctx context.Context, typed actTyped, plan actPlan) (string, error) {
			done, err := repair(ctx, plan.version, typed[fieldReason], false)
			if err != nil {
				return "", err
			}
			return "The difference is " + strings.ToLower(stateWords[done.Difference.State]) + ".", nil
		}
		return a, nil
	}
}

// acceptDifference makes the act that leaves a difference as it is.
func (s *Screens) acceptDifference(ctx context.Context, v *visit) (act, error) {
	a, d, err := s.differenceAct(ctx, v, act{name: "reconcile accept", heading: "Accept a difference"})
	if err != nil {
		return a, err
	}
	a.fields = []actField{dayField(fieldUntil, "Until", "For example, 2027-01-31. Leave it empty for no end.", func(typed string, now time.Time) (string, string) {
		day, err := parseDay(typed)
		if typed != "" && (err != nil || day < domain.Today(now)) {
			return "", "Enter a date that has not passed"
		}
		return day, ""
	})}
	a.plan = func(ctx context.Context, typed actTyped) (actPlan, error) {
		now, err := s.operators.Reconcile.Difference(ctx, d.ID)
		switch {
		case err != nil:
			return actPlan{}, err
		case now.State != "OPEN":
			return actPlan{}, actRefusal{"The difference is not open."}
		case now.Ours == nil && now.Theirs == nil:
			return actPlan{}, actRefusal{"The pair could not be compared, so there is nothing to accept."}
		}
		line := "The difference of " + pairWords(d.Pair) + " stays as it is while both sides are what they are"
		if day := typed[fieldUntil]; day != "" {
			line += ", at most until " + longDay(day)
		}
		return actPlan{Lines: []string{line + ".", "No step is taken on it meanwhile."}, State: now.Version, version: now.Version}, nil
	}
	a.do = func(ctx context.Context, typed actTyped, plan actPlan) (string, error) {
		_, err := s.operators.Reconcile.Accept(ctx, d.ID, plan.version, reconcile.Decision{
			By: v.session.UserName, Reason: typed[fieldReason], Until: typed[fieldUntil],
		})
		return "The difference is accepted.", refusedRepair(err)
	}
	return a, nil
}

// refusedRepair gives what cannot be done its sentence. What NOMIS quotes may be a comment,
// which stands in no refusal.
func refusedRepair(err error) error {
	var impossible reconcile.ImpossibleError
	switch {
	case errors.As(err, &impossible):
		why, _, _ := strings.Cut(impossible.Why, "rejected value")
		return actRefusal{strings.TrimSpace(why)}
	case errors.Is(err, reconcile.ErrStale):
		return actRefusal{"The difference has changed meanwhile."}
	case errors.Is(err, reconcile.ErrNoDifference):
		return notFound()
	}
	return err
}
