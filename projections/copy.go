package projections

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// copySource are rows of one table as COPY takes them.
type copySource struct {
	table   string
	columns string // apart by blanks
	source  pgx.CopyFromSource
}

// scratch is memory that rows are written out to. It is used again when they
// have been sent: fresh memory for all would cost more than to write them.
type scratch struct{ first, second []byte }

// appended is what was appended to a buffer behind a place. Nothing is not NULL.
func appended(buffer []byte, from int) []byte {
	if from == len(buffer) {
		return []byte{}
	}
	return buffer[from:len(buffer):len(buffer)]
}

// forCopy are the rows of pairs and their lines, written out.
func (r rows) forCopy(s *scratch) ([]copySource, error) {
	pairs, lines := make([][]any, 0, len(r.pairs)), make([][]any, 0, len(r.opened))
	states := s.first[:0]
	for pair, row := range r.pairs {
		before := len(states)
		longer, err := appendState(states, row.state)
		if err != nil {
			return nil, err
		}
		states = longer
		pairs = append(pairs, []any{pair.String(), appended(states, before), row.facts, row.positions})
	}
	s.first = states
	for id, l := range r.opened {
		lines = append(lines, l.values(id))
	}
	var all []copySource
	if len(pairs) > 0 {
		all = append(all, copySource{"pair", "pair state facts positions", pgx.CopyFromRows(pairs)})
	}
	if len(lines) > 0 {
		all = append(all, copySource{"non_association", recordColumnNames, pgx.CopyFromRows(lines)})
	}
	return all, nil
}

// prisonersForCopy are rows of prisoners, rendered.
func prisonersForCopy(prisoners []*prisonerRow, s *scratch) copySource {
	ready := make([][]any, 0, len(prisoners))
	documents, lines := s.first[:0], s.second[:0]
	for _, row := range prisoners {
		document, line := len(documents), len(lines)
		documents, lines = render(documents, lines, row.number, row.items)
		ready = append(ready, []any{string(row.number), appended(documents, document), appended(lines, line)})
	}
	s.first, s.second = documents, lines
	return copySource{"prisoner", "prisoner_number document entries", pgx.CopyFromRows(ready)}
}

// into writes rows that the table does not have.
func (c copySource) into(ctx context.Context, tx pgx.Tx) error {
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
