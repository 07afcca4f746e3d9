package projections

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// copySource holds new rows of one table, in the form that COPY takes.
type copySource struct {
	table   string
	columns string // space-separated
	source  pgx.CopyFromSource
}

// scratch holds buffers that rows are rendered into. They are used again once the
// rows have been sent: allocating new ones would cost more than the rendering.
type scratch struct{ first, second []byte }

// appended returns the part of a buffer that begins at from. An empty part is written
// as an empty text and never as NULL, so the result is not nil.
func appended(buffer []byte, from int) []byte {
	if from == len(buffer) {
		return []byte{}
	}
	return buffer[from:len(buffer):len(buffer)]
}

// forCopy renders the rows of pairs, of records and of mappings. The result shares memory with s.
func (r rows) forCopy(s *scratch) ([]copySource, error) {
	pairs, records := make([][]any, 0, len(r.pairs)), make([][]any, 0, len(r.opened))
	states, standings := s.first[:0], s.second[:0]
	for pair, row := range r.pairs {
		state, with := len(states), len(standings)
		var err, failed error
		states, err = appendState(states, row.state)
		standings, failed = appendStandings(standings, row.standings)
		if err := errors.Join(err, failed); err != nil {
			return nil, err
		}
		pairs = append(pairs, []any{pair.String(), appended(states, state), row.facts, row.positions, appended(standings, with)})
	}
	s.first, s.second = states, standings // which may have been allocated anew
	for id, record := range r.opened {
		records = append(records, record.values(id))
	}
	// COPY of no rows would still cost a round trip.
	var all []copySource
	if len(pairs) > 0 {
		all = append(all, copySource{"pair", "pair state facts positions standings", pgx.CopyFromRows(pairs)})
	}
	if len(records) > 0 {
		all = append(all, copySource{"non_association", recordColumnNames, pgx.CopyFromRows(records)})
	}
	if mapped := r.mappings.forCopy(); len(mapped) > 0 {
		all = append(all, copySource{"mapping", mappingColumnNames, pgx.CopyFromRows(mapped)})
	}
	if indexed := r.index.forCopy(); len(indexed) > 0 {
		all = append(all, copySource{"fact_index", factColumnNames, pgx.CopyFromRows(indexed)})
	}
	return all, nil
}

// prisonersForCopy renders rows of prisoners. The result shares memory with s.
func prisonersForCopy(prisoners []*prisonerRow, s *scratch) copySource {
	ready := make([][]any, 0, len(prisoners))
	documents, entries := s.first[:0], s.second[:0]
	for _, row := range prisoners {
		document, entry := len(documents), len(entries)
		documents, entries = render(documents, entries, row.number, row.items)
		ready = append(ready, []any{string(row.number), appended(documents, document), appended(entries, entry)})
	}
	s.first, s.second = documents, entries
	return copySource{"prisoner", "prisoner_number document entries", pgx.CopyFromRows(ready)}
}

// into copies the rows into the table of a generation, which must not have them.
func (c copySource) into(ctx context.Context, tx pgx.Tx, g Generation) error {
	if _, err := tx.CopyFrom(ctx, pgx.Identifier{g.Schema(), c.table}, strings.Fields(c.columns), c.source); err != nil {
		return fmt.Errorf("copy into %s: %w", c.table, err)
	}
	return nil
}
