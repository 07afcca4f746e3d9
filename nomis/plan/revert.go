package plan

import (
	"github.com/google/uuid"

	"nonassociations/domain"
)

// revert adds the step that gives a record the form back that it had before a take, or why
// it cannot have it. It is a change made here, so that a put follows.
func (p *planner) revert() {
	c := p.Policy.Repair
	if c == nil || c.Former == nil {
		return
	}
	sync := domain.Sync{About: p.Pair.Numbers()[0], Items: []domain.Item{*c.Former}}
	decision, err := domain.Decide(p.state, sync, p.Now, domain.Cause{Source: domain.DPS})
	if err != nil {
		p.plan.Problems = append(p.plan.Problems, Problem{
			Kind: NoProgress, NonAssociationID: c.NonAssociationID, Why: "What the record was cannot be recorded: " + err.Error(),
		})
		return
	}
	switch outcome := decision.Outcomes[0]; {
	case outcome.Kind == domain.Changed && outcome.NonAssociationID == c.NonAssociationID:
		p.plan.Steps = append(p.plan.Steps, Step{
			Action: Revert, NonAssociationID: c.NonAssociationID, Sync: sync, rank: rankRevert,
			Why: "A person chose what the record was before it took an older form over.",
		})
	case outcome.Kind == domain.WasIgnored && outcome.NonAssociationID != uuid.Nil:
		p.plan.Problems = append(p.plan.Problems, Problem{
			Kind: AnotherOpen, NonAssociationID: c.NonAssociationID,
			Why: "What the record was is open, and another record counts: " + outcome.NonAssociationID.String() + ".",
		})
	}
}
