package projections

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"nonassociations/projections/generation"
)

// errFlipped ends a session whose generation does not answer any more.
var errFlipped = errors.New("another generation of the read model answers")

// ErrShape says that the tables were written by a build to which they mean something
// else. A rebuild by this build replaces them.
var ErrShape = errors.New("the read model has another shape")

// answers ends the consumer when another generation answers by now.
func (p *projector) answers(ctx context.Context, conn *pgx.Conn) error {
	if p.leave == nil {
		return nil
	}
	now, err := generation.Answering(ctx, conn)
	if err != nil || now == p.generation {
		return err
	}
	p.leave()
	return errFlipped
}

// fits refuses tables of another shape.
func (p *projector) fits(c checkpoint) error {
	if c.store == uuid.Nil || c.shape == generation.Shape {
		return nil
	}
	return fmt.Errorf("%w: %s has shape %d, and this build writes shape %d; it waits for `nonassociations rebuild` of its own build",
		ErrShape, p.generation.Schema(), c.shape, generation.Shape)
}

// publish lets the generation answer where none does. A Verification never answers.
func (p *projector) publish(ctx context.Context, tx pgx.Tx) error {
	return generation.Publish(ctx, tx, p.generation)
}
