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

// guard compares the read model with the log, so that the rows of one log are
// never continued from another.
func guard(ctx context.Context, store eventstore.Store, c checkpoint) (uuid.UUID, error) {
	var counted *uint64
	if c.counted {
		counted = &c.trail.Events
	}
	return consumer.VerifyLog(ctx, store, consumer.Checkpoint{
		What: "the read model " + Schema, Store: c.store, At: c.at,
		EventID: c.last.id, Stream: c.last.stream, Revision: c.last.revision,
		Facts: counted, Prefixes: domain.StreamPrefixes(),
	})
}

// Guard compares what the views at dsn show with the log, for a process that
// only reads them: an error that wraps follow.ErrRefused says that they are not
// of this log, or that the log was put back to a day before theirs. While they
// show nothing there is nothing to compare.
func Guard(ctx context.Context, dsn string, store eventstore.Store) error {
	conn, err := pg.Connect(ctx, dsn)
	if err != nil {
		return fmt.Errorf("compare the read model with the log: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	shown, err := readShown(ctx, conn)
	if err != nil || shown.store == uuid.Nil {
		return err
	}
	shown.counted = false // a reader asks again and again, which counting is too dear for
	_, err = guard(ctx, store, shown)
	return err
}

// inOneTransaction is pgx.BeginFunc with the words of the act.
func inOneTransaction(ctx context.Context, conn *pgx.Conn, act string, work func(pgx.Tx) error) error {
	if err := pgx.BeginFunc(ctx, conn, work); err != nil {
		return fmt.Errorf("%s: %w", act, err)
	}
	return nil
}
