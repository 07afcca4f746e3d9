package queries

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"nonassociations/domain"
)

// ErrOnePrisoner says that all numbers of a request belong to one prisoner.
var ErrOnePrisoner = errors.New("the numbers are names of one prisoner")

// routeSQL follows each number of $1 from merge to merge. It yields every prefix of a
// route; the longest one is the route itself. Merges may form a circle after one of
// them was taken back. The route then ends at the number that closes the circle.
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

	// endSQL is the end of the route of a single number, as an item of FROM. There it
	// locks the view of merges in its turn; a WITH before the statement would lock it first.
	endSQL = `(` + routeSQL + `SELECT number FROM way ORDER BY cardinality(passed) DESC LIMIT 1) w`
)

// route is the way from a number along its merges.
type route struct {
	names []domain.PrisonerNumber // the number itself, then those that it was merged into, in order
	end   domain.PrisonerNumber   // the surviving number
}

// querier is a pool or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, arguments ...any) (pgx.Rows, error)
}

// routes returns the routes of the numbers that were merged into others. A number that
// was not merged is left out.
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

// namesOf returns all numbers under which records of a group may be stored: each number,
// and those that it was merged into. It returns ErrOnePrisoner when the routes end at
// fewer than least different prisoners.
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

// mergedWithSQL uses one index for each side.
const mergedWithSQL = `SELECT removed FROM read.merge WHERE removed = $1
	UNION
	SELECT removed FROM read.merge WHERE survivor = $1
	ORDER BY removed`

// MergedWith lists the removed numbers whose own streams have facts about a number: the
// number itself, and those that were merged into it, also where the merge was taken
// back. As with PairsOf, newer streams may exist. Errors: ErrNotCaughtUp, ErrBehind.
func (r *Reader) MergedWith(ctx context.Context, number domain.PrisonerNumber, atLeast uint64) ([]domain.PrisonerNumber, error) {
	numbers, err := routed(ctx, r, atLeast, asNumber, mergedWithSQL, string(number))
	return numbers, wrapped("list the merges of a prisoner", err)
}

// asNumber converts a stored number, which needs no check.
func asNumber(text string) (domain.PrisonerNumber, error) { return domain.PrisonerNumber(text), nil }

// removedIntoSQL follows merges backwards, each step by an index. A merge into a number
// counts if it is the last merge of the removed number that was not taken back. In a
// circle each number leads to every other.
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

// RemovedInto lists the removed numbers whose routes pass or end at a number. As with
// PairsOf, newer merges may exist. Errors: ErrNotCaughtUp, ErrBehind.
func (r *Reader) RemovedInto(ctx context.Context, number domain.PrisonerNumber, atLeast uint64) ([]domain.PrisonerNumber, error) {
	numbers, err := routed(ctx, r, atLeast, asNumber, removedIntoSQL, string(number))
	return numbers, wrapped("list the removed numbers of a prisoner", err)
}
