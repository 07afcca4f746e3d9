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

// indexName finds the names that indexes.sql makes.
var indexName = regexp.MustCompile(`CREATE INDEX IF NOT EXISTS (\w+)`)

// indexNames lists the indexes that a read model has which has caught up.
func indexNames() []string {
	var names []string
	for _, found := range indexName.FindAllStringSubmatch(indexesSQL, -1) {
		names = append(names, found[1])
	}
	return names
}

// makeIndexes makes those that are missing: all of them when the read model has
// caught up, later those that an older build did not know. Readers go on
// meanwhile; the one writer is the session that makes them.
func makeIndexes(ctx context.Context, tx pgx.Tx) error {
	var whole bool
	err := tx.QueryRow(ctx, `SELECT coalesce(bool_and(to_regclass('read_1.' || name) IS NOT NULL), true)
		FROM unnest($1::text[]) name`, indexNames()).Scan(&whole)
	if err != nil {
		return fmt.Errorf("look for the read model's indexes: %w", err)
	}
	if whole {
		return nil
	}
	if _, err := tx.Exec(ctx, indexesSQL); err != nil {
		return fmt.Errorf("make the read model's indexes: %w", err)
	}
	return nil
}
