package projections

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// copied are rows of one table as COPY takes them.
type copied struct {
	table   string
	columns string // apart by blanks
	source  pgx.CopyFromSource
}

// forCopy are the rows of pairs and their lines, written out.
func (r rows) forCopy() ([]copied, error) {
	pairs, lines := make([][]any, 0, len(r.pairs)), make([][]any, 0, len(r.opened))
	for pair, row := range r.pairs {
		state, err := appendState(make([]byte, 0, stateBytes), row.state)
		if err != nil {
			return nil, err
		}
		pairs = append(pairs, []any{pair.String(), state, row.positions})
	}
	for id, l := range r.opened {
		lines = append(lines, l.values(id))
	}
	var all []copied
	if len(pairs) > 0 {
		all = append(all, copied{"pair", "pair state positions", pgx.CopyFromRows(pairs)})
	}
	if len(lines) > 0 {
		all = append(all, copied{"non_association", lineColumnNames, pgx.CopyFromRows(lines)})
	}
	return all, nil
}

// prisonersForCopy are rows of prisoners, rendered.
func prisonersForCopy(prisoners []*prisonerRow) copied {
	ready := make([][]any, 0, len(prisoners))
	for _, row := range prisoners {
		document, lines := render(row.number, row.entries)
		ready = append(ready, []any{string(row.number), document, lines})
	}
	return copied{"prisoner", "prisoner_number document entries", pgx.CopyFromRows(ready)}
}

// into writes rows that the table does not have.
func (c copied) into(ctx context.Context, tx pgx.Tx) error {
	if _, err := tx.CopyFrom(ctx, pgx.Identifier{Schema, c.table}, strings.Fields(c.columns), c.source); err != nil {
		return fmt.Errorf("copy into %s: %w", c.table, err)
	}
	return nil
}

// put writes rows whether the tables have them or not.
func (r rows) put(ctx context.Context, tx pgx.Tx) error {
	batch := &pgx.Batch{}
	if err := r.queue(batch, put); err != nil {
		return err
	}
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("put rows: %w", err)
	}
	return nil
}
