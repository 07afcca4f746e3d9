package projections

import (
	"context"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"
)

// statements write many rows of each table at once.
type statements struct{ pairs, prisoners, records, mappings string }

var (
	// insert is for rows that the tables do not have. It takes three quarters of the
	// time of put.
	insert = statements{
		pairs: `INSERT INTO {schema}.pair (pair, state, positions, facts, standings)
			SELECT p, s, o::bigint[], f, n FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[]) u(p, s, o, f, n)`,
		prisoners: `INSERT INTO {schema}.prisoner (prisoner_number, document, entries)
			SELECT * FROM unnest($1::text[], $2::text[], $3::text[])`,
		records: `INSERT INTO {schema}.non_association
			(id, pair, first_number, second_number, when_created, when_updated, expires, deleted,
			type_sequence, differs_since, delivered_at, delivered_revision, shortened)
			SELECT * FROM ` + recordsSQL,
		mappings: insertMappingsSQL,
	}
	// put is for rows that the tables may have.
	put = statements{
		pairs: insert.pairs + ` ON CONFLICT (pair) DO UPDATE SET state = excluded.state, positions = excluded.positions,
			facts = excluded.facts, standings = excluded.standings`,
		prisoners: insert.prisoners + ` ON CONFLICT (prisoner_number) DO UPDATE SET
			document = excluded.document, entries = excluded.entries`,
		records: insert.records + ` ON CONFLICT (id) DO UPDATE SET pair = excluded.pair,
			first_number = excluded.first_number, second_number = excluded.second_number,
			when_created = excluded.when_created, when_updated = excluded.when_updated,
			expires = excluded.expires, deleted = excluded.deleted, type_sequence = excluded.type_sequence,
			differs_since = excluded.differs_since, delivered_at = excluded.delivered_at,
			delivered_revision = excluded.delivered_revision, shortened = excluded.shortened`,
		mappings: insert.mappings + ` ON CONFLICT (id, position) DO UPDATE SET until = excluded.until`,
	}
)

// write sends rows, checkpoint and notification in one round trip. A pipelined batch is
// one implicit transaction: either all of it is committed or nothing.
func (r rows) write(ctx context.Context, conn *pgx.Conn, prev, next checkpoint) error {
	batch := &pgx.Batch{}
	// The checkpoint moves first, so that a projector that is fenced writes nothing.
	batch.Queue(r.generation.SQL(moveSQL), moveArgs(prev, next)...)
	existing, created := r.splitNewAndExisting()
	if len(r.pairs) == 1 {
		// A batch that Postgres refused comes again event by event. The rows may be
		// there after all, so that plain inserts would fail again.
		existing, created = r, rows{}
	}
	if err := created.queue(batch, insert); err != nil {
		return err
	}
	if err := existing.queue(batch, put); err != nil {
		return err
	}
	if err := conn.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("write rows: %w", err)
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

// queue adds the statements for all rows to a batch. A table without rows gets none.
func (r rows) queue(batch *pgx.Batch, with statements) error {
	pairs, facts, standings, err := r.pairColumns()
	if err != nil {
		return err
	}
	if len(pairs.first) > 0 {
		batch.Queue(r.generation.SQL(with.pairs), pairs.first, pairs.second, pairs.third, facts, standings)
	}
	if prisoners := r.prisonerColumns(); len(prisoners.first) > 0 {
		batch.Queue(r.generation.SQL(with.prisoners), prisoners.first, prisoners.second, prisoners.third)
	}
	r.queueRecordRows(batch, with)
	r.mappings.queue(batch, r.generation, with)
	r.index.queue(batch, r.generation)
	r.merges.queue(batch, r.generation)
	return nil
}

// pairColumns renders the states of the pairs, and where their records stand with NOMIS.
func (r rows) pairColumns() (c columns, facts []uint64, standings [][]byte, err error) {
	for pair, row := range r.pairs {
		state, err := appendState(make([]byte, 0, stateBytes), row.state)
		if err != nil {
			return columns{}, nil, nil, err
		}
		with, err := appendStandings(nil, row.standings)
		if err != nil {
			return columns{}, nil, nil, err
		}
		c.add(pair.String(), state, arrayText(row.positions))
		facts, standings = append(facts, row.facts), append(standings, with)
	}
	return c, facts, standings, nil
}

// prisonerColumns renders the documents of the prisoners.
func (r rows) prisonerColumns() columns {
	var c columns
	for number, row := range r.prisoners {
		document, entries := render(nil, []byte{}, number, row.items) // no entries are '', not NULL
		c.add(string(number), document, entries)
	}
	return c
}

// columns holds rows column by column: the arguments of unnest.
type columns struct {
	first         []string
	second, third [][]byte
}

func (c *columns) add(first string, second, third []byte) {
	c.first, c.second, c.third = append(c.first, first), append(c.second, second), append(c.third, third)
}

// arrayText returns the literal of a bigint array. An argument of type bigint[][] would
// not do: unnest flattens an array of arrays.
func arrayText(numbers []int64) []byte {
	b := []byte{'{'}
	for i, n := range numbers {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, n, 10)
	}
	return append(b, '}')
}
