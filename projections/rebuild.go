package projections

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"nonassociations/internal/pg"
	"nonassociations/projections/generation"
)

// Status is the log and the position of one generation of the read model. The zero
// value means that there is none.
type Status struct {
	Store    uuid.UUID // the log that it was built from; zero: there is none yet
	Position uint64    // the public position up to which it is built
}

// Inspect returns the Status of a generation, and changes nothing.
func Inspect(ctx context.Context, dsn string, g Generation) (Status, error) {
	conn, err := pg.Connect(ctx, dsn)
	if err != nil {
		return Status{}, fmt.Errorf("inspect the read model: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	c, err := readCheckpoint(ctx, conn, g)
	return Status{Store: c.store, Position: c.at.Uint64()}, err
}

// Rebuild drops the tables of a generation and creates empty ones for the same log.
// Reads answer "not caught up" until a projector has read the log to its end. A
// projector that is at work notices, and begins again from the start. Where there are
// no tables Rebuild does nothing.
func Rebuild(ctx context.Context, dsn string, g Generation) error {
	return rebuild(ctx, dsn, g, uuid.Nil)
}

// AdoptLog is Rebuild for the log with the id store, which may be another one than
// before. It drops all other generations, whose rows are of the former log. Only an
// operator may decide this. It is an error if store is zero.
func AdoptLog(ctx context.Context, dsn string, g Generation, store uuid.UUID) error {
	if store == uuid.Nil {
		return errors.New("adopt a log: its id is missing")
	}
	return rebuild(ctx, dsn, g, store)
}

// rebuild keeps the log of the tables when store is zero.
func rebuild(ctx context.Context, dsn string, g Generation, store uuid.UUID) error {
	err := pg.WithSession(ctx, dsn, func(conn *pgx.Conn) error {
		return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			if store != uuid.Nil {
				return adopt(ctx, tx, g, store)
			}
			before, err := readCheckpoint(ctx, tx, g)
			if err != nil || before.store == uuid.Nil { // no tables: the projector will create them
				return err
			}
			return generation.Recreate(ctx, tx, g, before.store)
		})
	})
	if err != nil {
		return fmt.Errorf("rebuild the read model: %w", err)
	}
	return nil
}

// adopt drops every generation and creates empty tables of one.
func adopt(ctx context.Context, tx pgx.Tx, g Generation, store uuid.UUID) error {
	all, err := generation.All(ctx, tx)
	if err != nil {
		return err
	}
	if err := generation.AsOwner(ctx, tx); err != nil {
		return err
	}
	for _, other := range all {
		if err := generation.Drop(ctx, tx, other.Number); err != nil {
			return err
		}
	}
	return generation.Recreate(ctx, tx, g, store)
}
