package projections

import (
	"context"
	"fmt"

	"nonassociations/projections/generation"
)

// projection names the one row of the checkpoint.
const projection = generation.Projection

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
)

// tablesAreComplete reports whether a generation has all of its tables, none of them
// of an older build.
func tablesAreComplete(ctx context.Context, db querier, g Generation) (bool, error) {
	var complete bool
	if err := db.QueryRow(ctx, g.SQL(tablesCompleteSQL)).Scan(&complete); err != nil {
		return false, fmt.Errorf("look for the read model's tables: %w", err)
	}
	return complete, nil
}
