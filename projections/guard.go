package projections

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"nonassociations/eventstore"
	"nonassociations/eventstore/follow"
)

// errNoIdentity makes the projector wait: a serving process gives a new log
// its id.
var errNoIdentity = errors.New("the log has no store id yet, waiting for a serving process to give it one")

// guard compares the read model with the log, so that the rows of one log are
// never continued from another.
func guard(ctx context.Context, store eventstore.Store, c checkpoint) (uuid.UUID, error) {
	id, err := eventstore.ReadIdentity(ctx, store)
	if errors.Is(err, eventstore.ErrStreamNotFound) {
		if c.store == uuid.Nil {
			return uuid.Nil, errNoIdentity
		}
		return uuid.Nil, fmt.Errorf("%w: the read model %s is of log %s, but this log has no store id: is it the right one?",
			follow.ErrRefused, Schema, c.store)
	}
	if err != nil {
		return uuid.Nil, fmt.Errorf("read the log's store id: %w", err)
	}
	if c.store == uuid.Nil {
		return id, nil
	}
	if c.store != id {
		return uuid.Nil, fmt.Errorf("%w: the read model %s is of log %s, this is log %s; to take it over: rebuild --adopt-log %s",
			follow.ErrRefused, Schema, c.store, id, id)
	}
	return id, lastEventIsThere(ctx, store, c)
}

// lastEventIsThere refuses a log that was put back to an earlier day: what the
// read model shows would not be in it.
func lastEventIsThere(ctx context.Context, store eventstore.Store, c checkpoint) error {
	if c.last == (event{}) {
		return nil
	}
	found, err := store.ReadStream(ctx, c.last.stream, eventstore.Forwards, c.last.revision, 1)
	if err != nil && !errors.Is(err, eventstore.ErrStreamNotFound) && !errors.Is(err, eventstore.ErrStreamDeleted) {
		return fmt.Errorf("look for the read model's last event in the log: %w", err)
	}
	if len(found) == 1 && found[0].Revision == c.last.revision && found[0].ID == c.last.id {
		return nil
	}
	return fmt.Errorf("%w: the last event of the read model %s of log %s, %s at position %s, is not in this log %s; to start again from it: rebuild --adopt-log %s",
		follow.ErrRefused, Schema, c.store, c.last.id, c.at, c.store, c.store)
}

// inOneTransaction is pgx.BeginFunc with the words of the act.
func inOneTransaction(ctx context.Context, conn *pgx.Conn, act string, work func(pgx.Tx) error) error {
	if err := pgx.BeginFunc(ctx, conn, work); err != nil {
		return fmt.Errorf("%s: %w", act, err)
	}
	return nil
}
