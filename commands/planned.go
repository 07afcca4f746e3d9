package commands

import (
	"context"
	"errors"
	"fmt"

	"nonassociations/domain"
	"nonassociations/eventstore"
)

// ErrNewerFacts means that a pair has other facts than those that a command was planned
// on. Nothing was appended; the caller plans again.
var ErrNewerFacts = errors.New("the pair has newer facts than the command was planned on")

// Planned is what a command on a pair is planned on.
type Planned struct {
	Exchanges *domain.Exchanges // the caller owns it
	Facts     []domain.Fact     // oldest first
	Recorded  []domain.Recorded // where and when each of Facts was
	Revision  int64             // of the last fact; -1 without facts
	Position  eventstore.Position
}

// Plan loads all facts of a pair. It retries outages of the store until the timeout.
// Errors: ErrBusy, events that this build cannot read, and [eventstore.ErrNotWhole].
func (h *Handler) Plan(ctx context.Context, pair domain.Pair) (Planned, error) {
	ctx, cancel := context.WithTimeout(ctx, h.timeout)
	defer cancel()
	loaded, err := h.loadWithRetry(ctx, pair)
	if err != nil {
		return Planned{}, err
	}
	p := Planned{Exchanges: domain.NewExchanges(pair), Revision: -1}
	for _, fact := range loaded[0].facts {
		p.Exchanges.Add(fact.Revision, fact.RecordedAt, fact.Fact)
		p.Facts = append(p.Facts, fact.Fact)
		p.Recorded = append(p.Recorded, domain.Recorded{Revision: fact.Revision, At: fact.RecordedAt})
		p.Revision, p.Position = int64(fact.Revision), fact.Position //nolint:gosec // revisions stay far below 2⁶³
	}
	return p, nil
}

// Executed is the answer to a planned command. Outcomes are as in [domain.Decision].
type Executed struct {
	Outcomes []domain.Outcome
	Revision int64 // of the last fact of the pair
	Position eventstore.Position
}

// ExecutePlanned runs a command on a pair, but only at the revision that it was planned
// on. A command that was appended there before, and whose answer was lost, answers
// again. Errors: ErrNewerFacts, and those of Execute.
func (h *Handler) ExecutePlanned(ctx context.Context, by domain.Cause, pair domain.Pair, command domain.Command, revision int64) (Executed, error) {
	j := &job{pair: pair, command: command, by: by, plannedOn: &revision}
	position, err := h.run(ctx, []*job{j})
	if err != nil {
		return Executed{}, fmt.Errorf("a command planned on revision %d of %s: %w", revision, pair.Stream(), err)
	}
	return Executed{Outcomes: j.decision.Outcomes, Revision: j.revision, Position: position}, nil
}

// checkPlanned refuses a pair that has other facts than the job was planned on.
func (j *job) checkPlanned(s stream) error {
	if j.plannedOn != nil && int64(len(s.facts))-1 != *j.plannedOn {
		return ErrNewerFacts
	}
	return nil
}
