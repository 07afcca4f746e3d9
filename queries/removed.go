package queries

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"nonassociations/domain"
)

// ErrOnePrisoner says that numbers are names of one prisoner only.
var ErrOnePrisoner = errors.New("the numbers are names of one prisoner")

// routeSQL follows each number of $1 from merge to merge. Where they lead round in
// a circle, after one of them was taken back, the number at which the circle
// closes counts. Of each number the longest way is whole.
const routeSQL = `WITH RECURSIVE way(asked, number, passed, closed) AS (
		SELECT n COLLATE "C", n COLLATE "C", ARRAY[n COLLATE "C"], false FROM unnest($1::text[]) n
		UNION ALL
		SELECT w.asked, m.survivor, w.passed || m.survivor, m.survivor = ANY (w.passed) FROM way w
		CROSS JOIN LATERAL (SELECT survivor FROM read.merge
			WHERE removed = w.number AND NOT taken_back ORDER BY position DESC LIMIT 1) m
		WHERE NOT w.closed
	) `

const (
	routesSQL = routeSQL + `SELECT asked, number, passed
		FROM (SELECT DISTINCT ON (asked) * FROM way ORDER BY asked, cardinality(passed) DESC) longest
		WHERE cardinality(passed) > 1`

	// endSQL is where the way of one number ends.
	endSQL = `(SELECT number FROM way ORDER BY cardinality(passed) DESC LIMIT 1)`
)

// route is where the merges of a number lead.
type route struct {
	names []domain.PrisonerNumber // the number itself and those that it was merged into, one after the other
	end   domain.PrisonerNumber   // the one that survives
}

// querier is a pool or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, arguments ...any) (pgx.Rows, error)
}

// routes are those of the numbers that were merged into others.
func routes(ctx context.Context, db querier, numbers []domain.PrisonerNumber) (map[domain.PrisonerNumber]route, error) {
	rows, _ := db.Query(ctx, routesSQL, texts(numbers)) // its error is that of the rows
	found := map[domain.PrisonerNumber]route{}
	var asked domain.PrisonerNumber
	var w route
	_, err := pgx.ForEachRow(rows, []any{&asked, &w.end, &w.names}, func() error {
		found[asked] = w
		w.names = nil
		return nil
	})
	return found, err
}

// namesOf are all names under which the records of a group may stand: a number,
// and those that it was merged into. ErrOnePrisoner when at the ends of the
// merges there are fewer than least prisoners.
func namesOf(ctx context.Context, db querier, numbers []domain.PrisonerNumber, least int) ([]domain.PrisonerNumber, error) {
	found, err := routes(ctx, db, numbers)
	if err != nil || len(found) == 0 {
		return numbers, err
	}
	var names []domain.PrisonerNumber
	prisoners := map[domain.PrisonerNumber]bool{}
	for _, number := range numbers {
		w, merged := found[number]
		if !merged {
			w = route{names: []domain.PrisonerNumber{number}, end: number}
		}
		names, prisoners[w.end] = append(names, w.names...), true
	}
	if len(prisoners) < least {
		return nil, ErrOnePrisoner
	}
	return names, nil
}

// mergedWithSQL looks by one index for each side.
const mergedWithSQL = `SELECT removed FROM read.merge WHERE removed = $1
	UNION
	SELECT removed FROM read.merge WHERE survivor = $1
	ORDER BY removed`

// MergedWith lists the removed numbers whose own streams tell of the number:
// itself, and those that were merged into it, also where that was taken back.
// It is a router only, as PairsOf. Errors: ErrNotCaughtUp, ErrBehind.
func (r *Reader) MergedWith(ctx context.Context, number domain.PrisonerNumber, atLeast uint64) ([]domain.PrisonerNumber, error) {
	numbers, err := routed(ctx, r, atLeast, asNumber, mergedWithSQL, string(number))
	return numbers, wrapped("list the merges of a prisoner", err)
}

// asNumber takes a number as it is stored.
func asNumber(text string) (domain.PrisonerNumber, error) { return domain.PrisonerNumber(text), nil }

// removedIntoSQL goes the ways of the number's merges backwards, each step by an
// index: of a merge into a number it is asked whether it is the last of the
// removed one that stands. In a circle each number leads to every other.
const removedIntoSQL = `WITH RECURSIVE names(number) AS (
		SELECT $1::text COLLATE "C"
		UNION
		SELECT m.removed FROM names n
		CROSS JOIN LATERAL (SELECT removed, position FROM read.merge WHERE survivor = n.number AND NOT taken_back) m
		CROSS JOIN LATERAL (SELECT position FROM read.merge
			WHERE removed = m.removed AND NOT taken_back ORDER BY position DESC LIMIT 1) standing
		WHERE standing.position = m.position
	)
	SELECT number FROM names WHERE number <> $1 ORDER BY number`

// RemovedInto lists the removed numbers whose merges lead to the number, by
// whatever way, as PairsOf. Errors: ErrNotCaughtUp, ErrBehind.
func (r *Reader) RemovedInto(ctx context.Context, number domain.PrisonerNumber, atLeast uint64) ([]domain.PrisonerNumber, error) {
	numbers, err := routed(ctx, r, atLeast, asNumber, removedIntoSQL, string(number))
	return numbers, wrapped("list the removed numbers of a prisoner", err)
}
