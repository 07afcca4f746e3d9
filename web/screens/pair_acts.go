package screens

import (
	"context"
	"errors"

	"nonassociations/domain"
	"nonassociations/nomis"
	"nonassociations/web/screens/govuk"
)

// synchronise makes the act that takes the turn of a pair. It takes a removed number as it
// was asked: what NOMIS still has under it is to be brought in step too.
func (s *Screens) synchronise(_ context.Context, v *visit) (act, error) {
	pair, numbers, err := v.pairOf()
	if err != nil || s.operators.Dossiers == nil {
		return act{}, notFound()
	}
	turn := func(ctx context.Context, dryRun bool) (nomis.Synchronised, error) {
		done, err := s.operators.Dossiers.Synchronise(ctx, pair, dryRun)
		var refusal domain.Refusal
		if errors.As(err, &refusal) {
			err = actRefusal{"The record refuses what NOMIS holds: " + refusal.Message + "."}
		}
		return done, err
	}
	return act{
		name: "nomis synchronise", object: "pair " + pairWords(pair), heading: "Synchronise a pair", back: page{numbersPath(numbers), "Pair"}, subjects: subjectsOf(pair),
		plan: func(ctx context.Context, _ actTyped) (actPlan, error) {
			made, err := turn(ctx, true)
			if err != nil {
				return actPlan{}, err
			}
			return actPlan{Lines: append(planLines(pair, made.Steps), leftLines(made)...), State: made.Steps}, nil
		},
		do: func(ctx context.Context, _ actTyped, _ actPlan) (string, error) {
			done, err := turn(ctx, false)
			return synchronisedWords(done), err
		},
	}, nil
}

// leftLines says what no step of a pair may solve.
func leftLines(of nomis.Synchronised) []string {
	if of.Dossier.Plan == nil {
		return nil
	}
	var lines []string
	for _, problem := range of.Dossier.Plan.Problems {
		lines = append(lines, "Left for a person to decide: "+problemWords(problem))
	}
	return lines
}

// synchronisedWords says what a turn did. A pair that waits for a decision is not in step.
func synchronisedWords(of nomis.Synchronised) string {
	taken := govuk.Count(len(of.Steps), "step was", "steps were") + " taken."
	if left := len(leftLines(of)); left > 0 {
		return taken + " " + govuk.Count(left, "problem is", "problems are") + " left for a person to decide."
	}
	return "The pair is synchronised: " + taken
}
