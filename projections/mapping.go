package projections

import (
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"nonassociations/domain"
)

const (
	mappingColumnNames = "id pair type_sequence mapping_type correlation position since until"

	insertMappingsSQL = `INSERT INTO {schema}.mapping (id, pair, type_sequence, mapping_type, correlation, position, since, until)
		SELECT * FROM unnest($1::uuid[], $2::text[], $3::smallint[], $4::text[], $5::uuid[], $6::bigint[], $7::timestamptz[], $8::timestamptz[])`

	// A fact that ends a mapping may begin the next one of the record, which this batch
	// has inserted by then. Its position is that of the fact, so it is left alone.
	endMappingsSQL = `UPDATE {schema}.mapping m SET until = e.until
		FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::timestamptz[]) e(id, pair, position, until)
		WHERE m.id = e.id AND m.pair = e.pair AND m.position < e.position AND m.until IS NULL`
)

// mappings are the changes of a batch to the table mapping.
type mappings struct {
	begun []*mappingRow
	ended endedMappings // those that the table has
}

// mappingRow is a row of the table mapping.
type mappingRow struct {
	id          uuid.UUID
	pair        domain.Pair
	sequence    int
	kind        domain.MappingType
	correlation uuid.UUID
	position    int64
	since       time.Time
	until       *time.Time
}

// endedMappings holds the ends of rows column by column: the arguments of unnest.
type endedMappings struct {
	ids       [][16]byte
	pairs     []string
	positions []int64
	until     []time.Time
}

// add applies a change that a fact of a pair has made.
func (m *mappings) add(pair *pairRow, f *fact, change domain.MappingChange) {
	at := f.RecordedAt.UTC()
	position := int64(f.Position.Commit) //nolint:gosec // positions stay below 2⁶³
	if change.TypeSequence != 0 {
		row := &mappingRow{
			id: change.ID, pair: f.Pair, sequence: change.TypeSequence, kind: change.Type,
			correlation: f.Meta.CorrelationID, position: position, since: at,
		}
		m.begun, pair.mapped = append(m.begun, row), append(pair.mapped, row)
		return
	}
	for _, row := range slices.Backward(pair.mapped) {
		if row.id == change.ID && row.until == nil {
			row.until = &at
			return
		}
	}
	m.ended.ids, m.ended.pairs = append(m.ended.ids, [16]byte(change.ID)), append(m.ended.pairs, f.Pair.String())
	m.ended.positions, m.ended.until = append(m.ended.positions, position), append(m.ended.until, at)
}

// split separates the ends of rows that the table has from the rows that it cannot have.
func (m *mappings) split() (existing, created *mappings) {
	return &mappings{ended: m.ended}, &mappings{begun: m.begun}
}

// none reports whether there is nothing to write.
func (m *mappings) none() bool { return m == nil || len(m.begun)+len(m.ended.ids) == 0 }

// queue adds the statements.
func (m *mappings) queue(batch *pgx.Batch, g Generation, with statements) {
	if m.none() {
		return
	}
	if len(m.ended.ids) > 0 {
		batch.Queue(g.SQL(endMappingsSQL), m.ended.ids, m.ended.pairs, m.ended.positions, m.ended.until)
	}
	if len(m.begun) > 0 {
		batch.Queue(g.SQL(with.mappings), m.columns()...)
	}
}

// columns are the arguments of insertMappingsSQL.
func (m *mappings) columns() []any {
	var (
		ids, correlations [][16]byte
		pairs, kinds      []string
		sequences         []int
		positions         []int64
		since             []time.Time
		until             []*time.Time
	)
	for _, row := range m.begun {
		ids, correlations = append(ids, [16]byte(row.id)), append(correlations, [16]byte(row.correlation))
		pairs, kinds = append(pairs, row.pair.String()), append(kinds, string(row.kind))
		sequences, positions = append(sequences, row.sequence), append(positions, row.position)
		since, until = append(since, row.since), append(until, row.until)
	}
	return []any{ids, pairs, sequences, kinds, correlations, positions, since, until}
}

// forCopy renders the rows, in the order of mappingColumnNames.
func (m *mappings) forCopy() [][]any {
	if m.none() {
		return nil
	}
	all := make([][]any, len(m.begun))
	for i, row := range m.begun {
		all[i] = []any{
			[16]byte(row.id), row.pair.String(), row.sequence, string(row.kind), [16]byte(row.correlation), row.position, row.since, row.until,
		}
	}
	return all
}
