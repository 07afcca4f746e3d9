package projections

import (
	"context"
	_ "embed"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"nonassociations/internal/pg"
)

// Schema holds the tables of the version that this build makes. It is also the
// name of the lease.
const Schema = "read_1"

// projection names the one row of the checkpoint.
const projection = "non-associations"

var (
	//go:embed schema.sql
	schemaSQL string
	//go:embed views.sql
	viewsSQL string
)

// tablesAreWhole tells whether none of them is missing or of an older build.
func tablesAreWhole(ctx context.Context, db querier) (bool, error) {
	var whole bool
	err := db.QueryRow(ctx, `SELECT bool_and(to_regclass('read_1.' || name) IS NOT NULL)
		AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('read_1.non_association') AND attname = 'hidden')
		AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('read_1.pair') AND attname = 'state' AND atttypid = 'text'::regtype)
		AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('read_1.pair') AND attname = 'facts')
		AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('read_1.checkpoint') AND attname = 'trail')
		FROM unnest('{checkpoint,merge,pair,non_association,prisoner}'::text[]) name`).Scan(&whole)
	if err != nil {
		return false, fmt.Errorf("look for the read model's tables: %w", err)
	}
	return whole, nil
}

// publishViews lets this version answer, unless one answers already. Views of an
// older build are brought up to this one. It is the last act of its transaction.
func publishViews(ctx context.Context, tx pgx.Tx) error {
	var shown bool
	err := tx.QueryRow(ctx, `SELECT bool_and(to_regclass('read.' || name) IS NOT NULL)
		AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('read.checkpoint') AND attname = 'trail')
		FROM unnest('{checkpoint,merge,non_association,pair,prisoner}'::text[]) name`).Scan(&shown)
	if err != nil {
		return fmt.Errorf("look for the read model's views: %w", err)
	}
	if shown {
		return nil
	}
	if err := asOwner(ctx, tx); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, viewsSQL); err != nil {
		return fmt.Errorf("show the read model: %w", err)
	}
	return nil
}

// dropTables drops what is there, views too, and makes empty tables of the same
// owner. It is the last act of its transaction.
func dropTables(ctx context.Context, tx pgx.Tx, store uuid.UUID) error {
	if err := asOwner(ctx, tx); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `DROP SCHEMA IF EXISTS read_1 CASCADE`); err != nil {
		return fmt.Errorf("drop the read model: %w", err)
	}
	return createTables(ctx, tx, store)
}

func createTables(ctx context.Context, tx pgx.Tx, store uuid.UUID) error {
	if _, err := tx.Exec(ctx, schemaSQL); err != nil {
		return fmt.Errorf("create the read model's tables: %w", err)
	}
	if _, err := tx.Exec(ctx, rightsSQL); err != nil {
		return fmt.Errorf("let writers see of which log the read model is: %w", err)
	}
	_, err := tx.Exec(ctx, `INSERT INTO read_1.checkpoint (name, store_id) VALUES ($1, $2)`,
		projection, store)
	if err != nil {
		return fmt.Errorf("create the read model's checkpoint: %w", err)
	}
	return nil
}

// Status is what there is of the read model.
type Status struct {
	Store    uuid.UUID // the log that it is of; zero: there is none yet
	Position uint64    // up to where, as the world sees positions
}

// Inspect looks at the read model and changes nothing.
func Inspect(ctx context.Context, dsn string) (Status, error) {
	conn, err := pg.Connect(ctx, dsn)
	if err != nil {
		return Status{}, fmt.Errorf("look at the read model: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	c, err := readCheckpoint(ctx, conn)
	return Status{Store: c.store, Position: c.at.Uint64()}, err
}

// Rebuild drops the read model and starts it again, empty and of the same log.
// Reads answer "not caught up" until a projector has been through the log. A
// projector that is at work notices and begins anew.
func Rebuild(ctx context.Context, dsn string) error { return rebuild(ctx, dsn, uuid.Nil) }

// AdoptLog is Rebuild for another log: that with this store id. Only an
// operator may decide this.
func AdoptLog(ctx context.Context, dsn string, store uuid.UUID) error {
	if store == uuid.Nil {
		return errors.New("adopt a log: its id is missing")
	}
	return rebuild(ctx, dsn, store)
}

func rebuild(ctx context.Context, dsn string, adopt uuid.UUID) error {
	err := pg.Alone(ctx, dsn, func(conn *pgx.Conn) error {
		return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			store := adopt
			if store == uuid.Nil {
				before, err := readCheckpoint(ctx, tx)
				if err != nil {
					return err
				}
				store = before.store
			}
			if store == uuid.Nil { // it never had a log: the projector will build it
				return nil
			}
			return dropTables(ctx, tx, store)
		})
	})
	if err != nil {
		return fmt.Errorf("rebuild the read model: %w", err)
	}
	return nil
}
