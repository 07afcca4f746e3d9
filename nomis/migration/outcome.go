package migration

import (
	"context"
	"strings"

	"nonassociations/domain"
	"nonassociations/nomis/plan"
	"nonassociations/nomis/store"
	"nonassociations/nomis/turn"
)

// The causes of failures. They are stored and part of the API: never change one.
const (
	NotAPair        = "NOT_A_PAIR"       // NOMIS lists what is no pair of prisoners
	NotFound        = "NOT_FOUND"        // NOMIS lists the pair and has no rows of it
	PrisonerUnknown = "PRISONER_UNKNOWN" // or without a booking
	Unavailable     = "UNAVAILABLE"      // NOMIS fails at this pair alone
	NotHoldable     = "NOT_HOLDABLE"     // a row that this service cannot hold
	RefusedHere     = "REFUSED_HERE"     // by a rule of the record
	NoProgress      = "NO_PROGRESS"      // a fault of the planner
	Fault           = "FAULT"            // of the record
)

// lost is the outcome of a pair that failed or cannot be read.
func lost(pair store.ListedPair, outcome store.PairOutcome, cause, why string) store.MigrationPair {
	return store.MigrationPair{Pair: pair, Outcome: outcome, Cause: cause, Why: why}
}

// outcomeOf returns what became of a pair. For one that NOMIS lists and does not give it
// asks once more, for NOMIS's words.
func (w *work) outcomeOf(ctx context.Context, pair domain.Pair, m turn.Migrated) (store.MigrationPair, error) {
	if m.Unknown == "" && len(m.Theirs) > 0 {
		return counted(m), nil
	}
	out := lost(store.ListedPair{}, store.PairUnreadable, NotFound, "NOMIS lists the pair and has no rows of it.")
	if m.Unknown != "" {
		out.Cause, out.Why = PrisonerUnknown, m.Unknown
	}
	numbers := pair.Numbers()
	words, err := w.client.Absence(ctx, numbers[0], numbers[1])
	if ctx.Err() != nil {
		return out, context.Cause(ctx)
	}
	if err == nil && words != "" { // without an answer the outcome is what it is
		out.Why += " It says: " + words
	}
	return out, nil
}

// counted returns the outcome of a pair that NOMIS gave: the first that is true of it.
func counted(m turn.Migrated) store.MigrationPair {
	out := store.MigrationPair{Items: countsOf(m.Items)}
	switch items := out.Items; {
	case items.Created > 0:
		out.Outcome = store.PairCreated
	case items.Amended > 0:
		out.Outcome = store.PairAmended
	case items.Ignored > 0:
		out.Outcome = store.PairIgnored
	default:
		out.Outcome = store.PairUnchanged
	}
	var reasons []string
	for _, t := range m.Theirs {
		if t.NotHoldable != "" {
			reasons = append(reasons, t.NotHoldable)
		}
	}
	if len(reasons) > 0 {
		out.Outcome, out.Cause, out.Why = store.PairFailed, NotHoldable, strings.Join(reasons, " ")
	}
	for _, problem := range m.Plan.Problems {
		if problem.Kind == plan.NoProgress {
			out.Outcome, out.Cause, out.Why = store.PairFailed, NoProgress, problem.Why
		}
	}
	return out
}

// countsOf counts the details of a pair. One that cannot be held is in no count.
func countsOf(items []turn.ItemOutcome) store.ItemCounts {
	var c store.ItemCounts
	for _, item := range items {
		switch item.Kind {
		case domain.Created:
			c.Created++
		case domain.Changed:
			c.Amended++
		case domain.Unchanged:
			c.Unchanged++
		case domain.WasIgnored:
			c.Ignored++
		}
	}
	return c
}
