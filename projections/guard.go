package projections

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/eventstore/consumer"
	"nonassociations/internal/pg"
)

// guard compares a checkpoint with the log, so that the rows of one log are never
// continued from another. It returns the id of the log. Errors: one that wraps
// consumer.ErrRefused when they do not fit, and those of the log.
func guard(ctx context.Context, store eventstore.Store, g Generation, c checkpoint) (uuid.UUID, error) {
	var counted *uint64
	if c.counted {
		counted = &c.trail.Events
	}
	return consumer.VerifyLog(ctx, store, consumer.Checkpoint{
		What: "the read model " + g.Schema(), Store: c.store, At: c.at,
		EventID: c.last.id, Stream: c.last.stream, Revision: c.last.revision,
		Facts: counted, Prefixes: domain.StreamPrefixes(),
	})
}

// Guard compares the generation that answers with the log. It is for a process that
// only reads, and needs no rights but on the views. While no generation answers it
// returns nil. An error that wraps consumer.ErrRefused says that the views are of
// another log, or that the log was restored to a state before them.
func Guard(ctx context.Context, dsn string, store eventstore.Store) error {
	conn, err := pg.Connect(ctx, dsn)
	if err != nil {
		return fmt.Errorf("compare the read model with the log: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	published, g, err := readPublished(ctx, conn)
	if err != nil || published.store == uuid.Nil {
		return err
	}
	// A reader calls this again and again. Counting the facts of the whole log each
	// time would cost too much; the last event alone is compared.
	published.counted = false
	_, err = guard(ctx, store, g, published)
	return err
}

// inOneTransaction is pgx.BeginFunc; its errors begin with the name of the operation.
func inOneTransaction(ctx context.Context, conn *pgx.Conn, operation string, work func(pgx.Tx) error) error {
	if err := pgx.BeginFunc(ctx, conn, work); err != nil {
		return fmt.Errorf("%s: %w", operation, err)
	}
	return nil
}
