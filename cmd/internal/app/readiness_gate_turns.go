package app

import (
	"context"

	"nonassociations/commands"
	"nonassociations/domain"
)

// gatedTurns fails with commands.ErrBusy until the gate is open. Operators' repairs and
// the turns that they ask for use it; a worker begins its turns when the gate has opened.
type gatedTurns struct {
	gate *readinessGate
	turnHandler
}

func (t gatedTurns) closed() error { return t.gate.closed(commands.ErrBusy) }

// Plan is refused while the gate is closed.
func (t gatedTurns) Plan(ctx context.Context, pair domain.Pair) (commands.Planned, error) {
	if err := t.closed(); err != nil {
		return commands.Planned{}, err
	}
	return t.turnHandler.Plan(ctx, pair)
}

// ExecutePlanned is refused while the gate is closed.
func (t gatedTurns) ExecutePlanned(
	ctx context.Context, by domain.Cause, pair domain.Pair, command domain.Command, revision int64,
) (commands.Executed, error) {
	if err := t.closed(); err != nil {
		return commands.Executed{}, err
	}
	return t.turnHandler.ExecutePlanned(ctx, by, pair, command, revision)
}

// InboundAllowed is refused while the gate is closed.
func (t gatedTurns) InboundAllowed(ctx context.Context, pair domain.Pair) (bool, error) {
	if err := t.closed(); err != nil {
		return false, err
	}
	return t.turnHandler.InboundAllowed(ctx, pair)
}

// OutboundAllowed is refused while the gate is closed.
func (t gatedTurns) OutboundAllowed(ctx context.Context) (bool, error) {
	if err := t.closed(); err != nil {
		return false, err
	}
	return t.turnHandler.OutboundAllowed(ctx)
}
