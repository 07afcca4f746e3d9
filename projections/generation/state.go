package generation

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"nonassociations/eventstore"
)

// Querier is a connection or a transaction.
type Querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// State is what the checkpoint of a generation says.
type State struct {
	Number   Number
	Shape    int
	Store    uuid.UUID // the log that it was built from
	At       eventstore.Position
	Facts    uint64
	CaughtUp bool
	Answers  bool // the views are on it
	Kept     bool // it answered before a flip
}

const (
	numbersSQL = `SELECT substr(nspname, 6)::int FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
		WHERE nspname ~ '^read_[0-9]{1,8}$' AND relname = 'checkpoint' ORDER BY 1`
	// The columns that an older build lacks go through jsonb: a missing key is NULL, a
	// missing column would be an error.
	stateSQL = `SELECT store_id, "commit", prepare, coalesce((to_jsonb(c) ->> 'facts')::bigint, 0), caught_up,
		coalesce((to_jsonb(c) ->> 'shape')::int, 1), coalesce((to_jsonb(c) ->> 'answers')::boolean, caught_up),
		coalesce((to_jsonb(c) ->> 'kept')::boolean, false) FROM {schema}.checkpoint c WHERE name = $1`
	versionSQL = `SELECT version, coalesce((to_jsonb(c) ->> 'shape')::int, 1) FROM read.checkpoint c`
)

// All returns the generations that have tables, the oldest first. It needs the rights of
// the owner of the read model.
func All(ctx context.Context, db Querier) ([]State, error) {
	rows, err := db.Query(ctx, numbersSQL)
	if err != nil {
		return nil, fmt.Errorf("list the generations of the read model: %w", err)
	}
	numbers, err := pgx.CollectRows(rows, pgx.RowTo[int])
	if err != nil {
		return nil, fmt.Errorf("list the generations of the read model: %w", err)
	}
	var all []State
	for _, number := range numbers {
		s := State{Number: Number(number)}
		err := db.QueryRow(ctx, s.Number.SQL(stateSQL), Projection).Scan(&s.Store, &s.At.Commit, &s.At.Prepare, &s.Facts, &s.CaughtUp, &s.Shape, &s.Answers, &s.Kept)
		if errors.Is(err, pgx.ErrNoRows) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read the checkpoint of %s: %w", s.Number.Schema(), err)
		}
		all = append(all, s)
	}
	return all, nil
}

// Published returns the generation that the views are on, and its shape. It needs no
// more rights than a reader has. Where there are no views it returns zeros.
func Published(ctx context.Context, db Querier) (n Number, shape int, err error) {
	err = db.QueryRow(ctx, versionSQL).Scan(&n, &shape)
	if ViewsAreMissing(err) || errors.Is(err, pgx.ErrNoRows) {
		return 0, 0, nil
	}
	if err != nil {
		return 0, 0, fmt.Errorf("find the generation that answers: %w", err)
	}
	return n, shape, nil
}

// Answering returns the generation that answers or, before any has caught up, the one
// that is to answer first. Where there are no tables at all that is First.
func Answering(ctx context.Context, db Querier) (Number, error) {
	n, _, err := Published(ctx, db)
	if err != nil || n != 0 {
		return n, err
	}
	all, err := All(ctx, db)
	if err != nil {
		return 0, err
	}
	return answeringOf(all), nil
}

// answeringOf chooses among generations of which none has views: the one whose views
// were dropped, else the oldest that is not kept.
func answeringOf(all []State) Number {
	for _, s := range all {
		if s.Answers {
			return s.Number
		}
	}
	for _, s := range all {
		if !s.Kept {
			return s.Number
		}
	}
	return First
}

// ViewsAreMissing reports whether Postgres has no such view, schema or column. Views
// that lack a column are of an older build, and its successor will replace them.
func ViewsAreMissing(err error) bool {
	const undefinedTable, invalidSchema, undefinedColumn = "42P01", "3F000", "42703"
	var refused *pgconn.PgError
	return errors.As(err, &refused) &&
		(refused.Code == undefinedTable || refused.Code == invalidSchema || refused.Code == undefinedColumn)
}
