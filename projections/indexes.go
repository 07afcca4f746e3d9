package projections

import (
	"context"
	_ "embed"
	"fmt"
	"regexp"

	"github.com/jackc/pgx/v5"
)

//go:embed indexes.sql
var indexesSQL string

// indexName finds the names in indexes.sql, so that they are written down once.
var indexName = regexp.MustCompile(`CREATE INDEX IF NOT EXISTS (\w+)`)

const indexesExistSQL = `SELECT coalesce(bool_and(to_regclass('{schema}.' || name) IS NOT NULL), true)
	FROM unnest($1::text[]) name`

// indexNames lists the indexes of a read model that has caught up.
func indexNames() []string {
	var names []string
	for _, found := range indexName.FindAllStringSubmatch(indexesSQL, -1) {
		names = append(names, found[1])
	}
	return names
}

// createIndexes creates the indexes that are missing: all of them when the read model
// has caught up, later those that an older build did not have. Readers are not locked
// out meanwhile. The only writer is the session that creates them.
func createIndexes(ctx context.Context, tx pgx.Tx, g Generation) error {
	var exist bool
	if err := tx.QueryRow(ctx, g.SQL(indexesExistSQL), indexNames()).Scan(&exist); err != nil {
		return fmt.Errorf("look for the read model's indexes: %w", err)
	}
	if exist {
		return nil
	}
	if _, err := tx.Exec(ctx, g.SQL(indexesSQL)); err != nil {
		return fmt.Errorf("create the read model's indexes: %w", err)
	}
	return nil
}
