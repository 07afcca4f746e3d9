package service

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/google/uuid"

	"nonassociations/commands"
	"nonassociations/domain"
	"nonassociations/queries"
	"nonassociations/web/api"
)

// gate holds requests back until this process knows which log it reads: before
// that, a write could go into one log and a read come from another's tables.
type gate struct {
	log    atomic.Pointer[uuid.UUID]
	opened chan struct{} // closed when it is
}

// open is called once.
func (g *gate) open(log uuid.UUID) {
	g.log.Store(&log)
	close(g.opened)
}

func (g *gate) isOpen() bool { return g.log.Load() != nil }

// gatedCommands says "busy, repeat" until the gate is open.
type gatedCommands struct {
	gate *gate
	api.Commands
}

func (c gatedCommands) closed() error {
	if c.gate.isOpen() {
		return nil
	}
	return fmt.Errorf("%w: the log's id is not known yet", commands.ErrBusy)
}

// Tell is api.Commands'.
func (c gatedCommands) Tell(ctx context.Context, by domain.Cause, tells []commands.PairTell) (commands.Told, error) {
	if err := c.closed(); err != nil {
		return commands.Told{}, err
	}
	return c.Commands.Tell(ctx, by, tells)
}

// DoByID is api.Commands'.
func (c gatedCommands) DoByID(ctx context.Context, by domain.Cause, id uuid.UUID, command domain.Command) (commands.Receipt, error) {
	if err := c.closed(); err != nil {
		return commands.Receipt{}, err
	}
	return c.Commands.DoByID(ctx, by, id, command)
}

// Act is api.Commands'.
func (c gatedCommands) Act(ctx context.Context, by domain.Cause, act commands.Act) (commands.Receipt, error) {
	if err := c.closed(); err != nil {
		return commands.Receipt{}, err
	}
	return c.Commands.Act(ctx, by, act)
}

// gatedReads says "not caught up" until the gate is open.
type gatedReads struct {
	gate *gate
	api.Reads
}

// List is api.Reads'.
func (r gatedReads) List(ctx context.Context, number domain.PrisonerNumber) (queries.List, error) {
	if !r.gate.isOpen() {
		return queries.List{}, queries.ErrNotCaughtUp
	}
	return r.Reads.List(ctx, number)
}
