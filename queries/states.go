package queries

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Generation says which read model answers.
type Generation struct {
	Store    uuid.UUID // the log that it is built from
	Shape    int       // what its tables mean; 1 of an older build
	Position uint64    // every fact up to it is in its rows
}

// PairState is the folded state of a pair as the read model has it, as JSON.
type PairState struct {
	Pair  string
	State []byte
}

const (
	// An older build's view has no shape.
	generationSQL = `SELECT c.store_id, coalesce((to_jsonb(c) ->> 'shape')::int, 1), ` + rowPosition + ` FROM read.checkpoint c`

	statesOfSQL      = `SELECT pair, state FROM read.pair WHERE pair = ANY($1)`
	statesBetweenSQL = `SELECT pair, state FROM read.pair WHERE pair > $1 AND ($2 = '' OR pair <= $2) ORDER BY pair LIMIT $3`
)

// Generation reads which read model answers. Errors: ErrNotCaughtUp.
func (r *Reader) Generation(ctx context.Context) (g Generation, err error) {
	var store [16]byte
	err = r.pool.QueryRow(ctx, generationSQL).Scan(&store, &g.Shape, &g.Position)
	g.Store = store
	if errors.Is(err, pgx.ErrNoRows) {
		err = ErrNotCaughtUp
	}
	return g, wrapped("read which read model answers", mapFault(err))
}

// StatesOf reads the states of those of the pairs that have facts, in any order.
func (r *Reader) StatesOf(ctx context.Context, pairs []string) ([]PairState, error) {
	return r.pairStates(ctx, statesOfSQL, pairs)
}

// StatesBetween reads at most limit states of pairs after one up to another (inclusive),
// in the order of the pairs. "" is before all, and as the end after all.
func (r *Reader) StatesBetween(ctx context.Context, after, upTo string, limit int) ([]PairState, error) {
	return r.pairStates(ctx, statesBetweenSQL, after, upTo, limit)
}

func (r *Reader) pairStates(ctx context.Context, sql string, arguments ...any) ([]PairState, error) {
	rows, _ := r.pool.Query(ctx, sql, arguments...) // its error is that of the rows
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[PairState])
	return found, wrapped("read the states of pairs", mapFault(err))
}
