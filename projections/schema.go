package projections

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// projection names the one row of the checkpoint.
const projection = "non-associations"

var (
	//go:embed schema.sql
	schemaSQL string
	//go:embed views.sql
	viewsSQL string
)

const (
	// One column stands for each change of the tables since the first build, so that
	// the tables of any older build count as incomplete.
	tablesCompleteSQL = `SELECT bool_and(to_regclass('{schema}.' || name) IS NOT NULL)
		AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('{schema}.non_association') AND attname = 'deleted')
		AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('{schema}.pair') AND attname = 'state' AND atttypid = 'text'::regtype)
		AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('{schema}.pair') AND attname = 'facts')
		AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('{schema}.pair') AND attname = 'standings')
		AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('{schema}.checkpoint') AND attname = 'trail')
		FROM unnest('{checkpoint,fact_index,mapping,merge,pair,non_association,prisoner}'::text[]) name`

	viewsCompleteSQL = `SELECT bool_and(to_regclass('read.' || name) IS NOT NULL)
		AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('read.checkpoint') AND attname = 'trail')
		AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('read.non_association') AND attname = 'differs_since')
		FROM unnest('{checkpoint,fact_index,mapping,merge,non_association,pair,prisoner}'::text[]) name`

	dropSQL             = `DROP SCHEMA IF EXISTS {schema} CASCADE`
	insertCheckpointSQL = `INSERT INTO {schema}.checkpoint (name, store_id) VALUES ($1, $2)`
)

// tablesAreComplete reports whether a generation has all of its tables, none of them
// of an older build.
func tablesAreComplete(ctx context.Context, db querier, g Generation) (bool, error) {
	var complete bool
	if err := db.QueryRow(ctx, g.sql(tablesCompleteSQL)).Scan(&complete); err != nil {
		return false, fmt.Errorf("look for the read model's tables: %w", err)
	}
	return complete, nil
}

// publishViews lets a generation answer, unless one answers already. Views of an older
// build are replaced. It must be the last statement of its transaction, because it may
// switch the role.
func publishViews(ctx context.Context, tx pgx.Tx, g Generation) error {
	var complete bool
	if err := tx.QueryRow(ctx, viewsCompleteSQL).Scan(&complete); err != nil {
		return fmt.Errorf("look for the read model's views: %w", err)
	}
	if complete {
		return nil
	}
	// Readers have rights on the views through their owner (deploy/postgres/roles.sql).
	if err := asOwner(ctx, tx); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, g.sql(viewsSQL)); err != nil {
		return fmt.Errorf("publish the read model: %w", err)
	}
	return nil
}

// recreateTables drops the tables of a generation, with the views on them, and creates
// empty ones of the same owner for the log with the id store. It must be the last
// statement of its transaction, because it may switch the role.
func recreateTables(ctx context.Context, tx pgx.Tx, g Generation, store uuid.UUID) error {
	if err := asOwner(ctx, tx); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, g.sql(dropSQL)); err != nil {
		return fmt.Errorf("drop the read model: %w", err)
	}
	if _, err := tx.Exec(ctx, g.sql(schemaSQL)); err != nil {
		return fmt.Errorf("create the read model's tables: %w", err)
	}
	if _, err := tx.Exec(ctx, g.sql(rightsSQL)); err != nil {
		return fmt.Errorf("grant writers the read model's checkpoint: %w", err)
	}
	if _, err := tx.Exec(ctx, g.sql(insertCheckpointSQL), projection, store); err != nil {
		return fmt.Errorf("create the read model's checkpoint: %w", err)
	}
	return nil
}
