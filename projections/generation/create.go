package generation

import (
	"context"
	_ "embed"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Projection names the one row of a checkpoint.
const Projection = "non-associations"

var (
	//go:embed schema.sql
	schemaSQL string
	//go:embed fence.sql
	fenceSQL string
	//go:embed rights.sql
	rightsSQL string
)

const (
	dropSQL             = `DROP SCHEMA IF EXISTS {schema} CASCADE`
	insertCheckpointSQL = `INSERT INTO {schema}.checkpoint (name, store_id, shape) VALUES ($1, $2, {shape})`
)

// Recreate drops the tables of a generation, with the views on them, and creates empty
// ones for the log with the id store. They belong to the owner of the read model; those
// of a Verification belong to the current role, and a crash of Postgres empties them.
// It must be the last statement of its transaction, because it may switch the role.
func Recreate(ctx context.Context, tx pgx.Tx, n Number, store uuid.UUID) error {
	tables := schemaSQL
	if n == Verification {
		tables = strings.ReplaceAll(tables, "CREATE TABLE", "CREATE UNLOGGED TABLE")
	} else if err := AsOwner(ctx, tx); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, n.SQL(dropSQL)); err != nil {
		return fmt.Errorf("drop the read model: %w", err)
	}
	if _, err := tx.Exec(ctx, n.SQL(tables+fenceSQL)); err != nil {
		return fmt.Errorf("create the read model's tables: %w", err)
	}
	if n != Verification {
		if _, err := tx.Exec(ctx, n.SQL(rightsSQL)); err != nil {
			return fmt.Errorf("grant writers the read model's checkpoint: %w", err)
		}
	}
	if _, err := tx.Exec(ctx, n.SQL(insertCheckpointSQL), Projection, store); err != nil {
		return fmt.Errorf("create the read model's checkpoint: %w", err)
	}
	return nil
}

// Drop drops the tables of a generation. Where there are none it does nothing.
func Drop(ctx context.Context, tx pgx.Tx, n Number) error {
	if _, err := tx.Exec(ctx, n.SQL(dropSQL)); err != nil {
		return fmt.Errorf("drop the generation %s: %w", n.Schema(), err)
	}
	return nil
}

// The checkpoint of an older build has no word of generations. It was the only one, so
// it answers when it has caught up.
const (
	upgradedSQL = `SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('{schema}.checkpoint') AND attname = 'renewals')`
	upgradeSQL  = `ALTER TABLE {schema}.checkpoint ADD COLUMN IF NOT EXISTS shape int NOT NULL DEFAULT 1,
		ADD COLUMN answers boolean NOT NULL DEFAULT false, ADD COLUMN kept boolean NOT NULL DEFAULT false,
		ADD COLUMN renewals bigint NOT NULL DEFAULT 0;
		UPDATE {schema}.checkpoint SET answers = caught_up;`
)

// Upgrade gives the tables of an older build, which are complete otherwise, what
// generations need. It may switch the role of the transaction.
func Upgrade(ctx context.Context, tx pgx.Tx, n Number) error {
	var done bool
	if err := tx.QueryRow(ctx, n.SQL(upgradedSQL)).Scan(&done); err != nil {
		return fmt.Errorf("look for the shape of the read model: %w", err)
	}
	if done {
		return nil
	}
	if err := AsOwner(ctx, tx); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, n.SQL(upgradeSQL+fenceSQL)); err != nil {
		return fmt.Errorf("note the shape of the read model: %w", err)
	}
	return nil
}
