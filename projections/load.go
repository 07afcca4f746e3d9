package projections

import (
	"context"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/jackc/pgx/v5"

	"nonassociations/domain"
)

// Rows are looked up by the primary key. A list of thousands of keys is one parameter, so
// that the statement and its plan stay the same.
const (
	loadPairsSQL     = `SELECT pair, state, facts, positions, standings FROM {schema}.pair WHERE pair = ANY($1)`
	loadPrisonersSQL = `SELECT prisoner_number, document, entries FROM {schema}.prisoner WHERE prisoner_number = ANY($1)`
)

// sender is a connection or a transaction.
type sender interface {
	SendBatch(ctx context.Context, batch *pgx.Batch) pgx.BatchResults
}

// load reads the rows that the tables have, in one round trip. It takes no lock: the
// checkpoint fences every other writer (write.go).
func (r rows) load(ctx context.Context, db sender) error {
	// A pair whose first fact is in this batch cannot have a row yet. While a new log is
	// read that is most of them.
	pairs := make([]string, 0, len(r.pairs))
	for pair, row := range r.pairs {
		if !row.begins {
			pairs = append(pairs, pair.String())
		}
	}
	prisoners := make([]string, 0, len(r.prisoners))
	for number := range r.prisoners {
		prisoners = append(prisoners, string(number))
	}
	batch := &pgx.Batch{}
	if len(pairs) > 0 {
		batch.Queue(r.generation.SQL(loadPairsSQL), pairs).Query(r.readPairs)
	}
	if len(prisoners) > 0 {
		batch.Queue(r.generation.SQL(loadPrisonersSQL), prisoners).Query(r.readPrisoners)
	}
	if batch.Len() == 0 {
		return nil
	}
	if err := db.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("load rows: %w", err)
	}
	return nil
}

// readPairs fills in the rows of pairs. A pair that is not found stays as rowsFor made
// it: its first fact is then revision 0, or folding reports the gap.
func (r rows) readPairs(found pgx.Rows) error {
	var (
		name      string
		state     []byte
		facts     uint64
		positions []int64
		standings []byte
	)
	_, err := pgx.ForEachRow(found, []any{&name, &state, &facts, &positions, &standings}, func() error {
		pair, err := domain.ParsePair(name)
		if err != nil {
			return err
		}
		row := r.pairs[pair] // exists: only pairs that were asked for are returned
		if err := json.Unmarshal(state, &row.state); err != nil {
			return fmt.Errorf("read the state of a pair: %w", err)
		}
		row.facts, row.positions, row.stored = facts, positions, true
		return row.readStandings(standings)
	})
	return err
}

// readPrisoners fills in the rows of prisoners from their stored documents. The items
// keep the memory of the document, of which pgx allocates a new one for each row.
func (r rows) readPrisoners(found pgx.Rows) error {
	var (
		number   domain.PrisonerNumber
		document []byte
		entries  string
	)
	_, err := pgx.ForEachRow(found, []any{&number, &document, &entries}, func() (err error) {
		row := r.prisoners[number]
		row.items, err = parse(number, document, entries)
		row.stored = true
		return err
	})
	return err
}
