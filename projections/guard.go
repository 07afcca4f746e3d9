package projections

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"nonassociations/eventstore"
	"nonassociations/eventstore/follow"
)

// guard compares the read model with the log, so that the rows of one log are
// never continued from another.
func guard(ctx context.Context, store eventstore.Store, c checkpoint) (uuid.UUID, error) {
	return follow.SameLog(ctx, store, follow.Origin{
		What: "the read model " + Schema, Store: c.store, At: c.at,
		EventID: c.last.id, Stream: c.last.stream, Revision: c.last.revision,
	})
}

// inOneTransaction is pgx.BeginFunc with the words of the act.
func inOneTransaction(ctx context.Context, conn *pgx.Conn, act string, work func(pgx.Tx) error) error {
	if err := pgx.BeginFunc(ctx, conn, work); err != nil {
		return fmt.Errorf("%s: %w", act, err)
	}
	return nil
}
