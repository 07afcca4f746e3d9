package projections

import (
	"context"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"
)

// statements write many rows each.
type statements struct{ pairs, prisoners, records string }

var (
	// insert is for rows that the tables do not have, and costs three quarters.
	insert = statements{
		pairs: `INSERT INTO read_1.pair (pair, state, positions, facts)
			SELECT p, s, o::bigint[], f FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) u(p, s, o, f)`,
		prisoners: `INSERT INTO read_1.prisoner (prisoner_number, document, entries)
			SELECT * FROM unnest($1::text[], $2::text[], $3::text[])`,
		records: `INSERT INTO read_1.non_association
			(id, pair, first_number, second_number, when_created, when_updated, expires, hidden)
			SELECT * FROM ` + recordsSQL,
	}
	// put is for rows that the tables may have.
	put = statements{
		pairs: insert.pairs + ` ON CONFLICT (pair) DO UPDATE SET state = excluded.state, positions = excluded.positions,
			facts = excluded.facts`,
		prisoners: insert.prisoners + ` ON CONFLICT (prisoner_number) DO UPDATE SET
			document = excluded.document, entries = excluded.entries`,
		records: insert.records + ` ON CONFLICT (id) DO UPDATE SET pair = excluded.pair,
			first_number = excluded.first_number, second_number = excluded.second_number,
			when_created = excluded.when_created, when_updated = excluded.when_updated,
			expires = excluded.expires, hidden = excluded.hidden`,
	}
)

// columns are rows turned on their side, as unnest takes them.
type columns struct {
	first         []string
	second, third [][]byte
}

func (c *columns) add(first string, second, third []byte) {
	c.first, c.second, c.third = append(c.first, first), append(c.second, second), append(c.third, third)
}

func (r rows) pairColumns() (c columns, facts []uint64, err error) {
	for pair, row := range r.pairs {
		state, err := appendState(make([]byte, 0, stateBytes), row.state)
		if err != nil {
			return columns{}, nil, err
		}
		c.add(pair.String(), state, arrayText(row.positions))
		facts = append(facts, row.facts)
	}
	return c, facts, nil
}

func (r rows) prisonerColumns() columns {
	var c columns
	for number, row := range r.prisoners {
		document, lines := render(nil, []byte{}, number, row.items) // no lines are no NULL
		c.add(string(number), document, lines)
	}
	return c
}

// write sends rows, checkpoint and notification at once: one round trip,
// which is one transaction, because only its end synchronises.
func (r rows) write(ctx context.Context, conn *pgx.Conn, was, now checkpoint) error {
	batch := &pgx.Batch{}
	batch.Queue(moveSQL, moveArgs(was, now)...) // first, so that a fenced projector writes nothing
	stored, fresh := r.splitNewAndExisting()
	if len(r.pairs) == 1 {
		// What a batch of many failed on comes again alone: nothing is certain then.
		stored, fresh = r, rows{}
	}
	if err := fresh.queue(batch, insert); err != nil {
		return err
	}
	if err := stored.queue(batch, put); err != nil {
		return err
	}
	if err := conn.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("write rows: %w", err)
	}
	return nil
}

func (r rows) queue(batch *pgx.Batch, with statements) error {
	pairs, facts, err := r.pairColumns()
	if err != nil {
		return err
	}
	if len(pairs.first) > 0 {
		batch.Queue(with.pairs, pairs.first, pairs.second, pairs.third, facts)
	}
	if prisoners := r.prisonerColumns(); len(prisoners.first) > 0 {
		batch.Queue(with.prisoners, prisoners.first, prisoners.second, prisoners.third)
	}
	r.queueRecordRows(batch, with)
	r.merges.queue(batch)
	return nil
}

// arrayText is the literal of a bigint array: unnest would flatten an array of
// arrays.
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
