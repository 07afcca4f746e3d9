package projections

import (
	"context"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/jackc/pgx/v5"

	"nonassociations/domain"
)

const (
	loadPairsSQL     = `SELECT pair, state, facts, positions FROM read_1.pair WHERE pair = ANY($1)`
	loadPrisonersSQL = `SELECT prisoner_number, document, entries FROM read_1.prisoner WHERE prisoner_number = ANY($1)`
)

// sender is a connection or a transaction.
type sender interface {
	SendBatch(ctx context.Context, batch *pgx.Batch) pgx.BatchResults
}

// load fills the rows with what the tables have, in one round trip. No lock is
// needed: the checkpoint fences every other writer.
func (r rows) load(ctx context.Context, db sender) error {
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
		batch.Queue(loadPairsSQL, pairs).Query(r.readPairs)
	}
	if len(prisoners) > 0 {
		batch.Queue(loadPrisonersSQL, prisoners).Query(r.readPrisoners)
	}
	if batch.Len() == 0 {
		return nil
	}
	if err := db.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("load rows: %w", err)
	}
	return nil
}

func (r rows) readPairs(found pgx.Rows) error {
	for found.Next() {
		var (
			name      string
			state     []byte
			facts     uint64
			positions []int64
		)
		if err := found.Scan(&name, &state, &facts, &positions); err != nil {
			return err
		}
		pair, err := domain.ParsePair(name)
		if err != nil {
			return err
		}
		row := r.pairs[pair]
		if err := json.Unmarshal(state, &row.state); err != nil {
			return fmt.Errorf("read the state of a pair: %w", err)
		}
		row.facts, row.positions, row.stored = facts, positions, true
	}
	return found.Err()
}

func (r rows) readPrisoners(found pgx.Rows) error {
	for found.Next() {
		var (
			number   string
			document []byte
			lines    string
		)
		if err := found.Scan(&number, &document, &lines); err != nil {
			return err
		}
		row := r.prisoners[domain.PrisonerNumber(number)]
		entries, err := parse(row.number, document, lines)
		if err != nil {
			return err
		}
		row.items, row.stored = entries, true
	}
	return found.Err()
}
