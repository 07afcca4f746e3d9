package queries

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/jackc/pgx/v5"

	"nonassociations/domain"
)

// FactPlace is the position of a fact in the log, in its two parts.
type FactPlace struct{ Commit, Prepare uint64 }

// FactsRequest asks for the places of facts, newest first. It names a prisoner, or two days
// that are at most MaxFactDays apart; a prisoner may have days as well.
type FactsRequest struct {
	Prisoner domain.PrisonerNumber // "": of anybody
	// From and To (2023-07-01) are days of London on which facts were recorded, both
	// included. An empty one is no limit.
	From, To string
	User     string        // who did it, exactly; "": anybody
	Source   domain.Source // "": any
	Before   *FactPlace    // the last place of the page before; nil: the first page
	Size     int
	AtLeast  uint64
}

// MaxFactDays is how many days a request without a prisoner may span, as the difference of
// its two days.
const MaxFactDays = 31

// ErrFactsRange refuses a request that names neither a prisoner nor a period of few days.
var ErrFactsRange = errors.New("a prisoner number, or two days at most 31 days apart")

// check returns ErrFactsRange for a request that would read too much, and for a day that
// does not exist.
func (of FactsRequest) check() error {
	from, errFrom := time.Parse(time.DateOnly, of.From)
	to, errTo := time.Parse(time.DateOnly, of.To)
	if of.From != "" && errFrom != nil || of.To != "" && errTo != nil {
		return ErrFactsRange
	}
	if of.Prisoner != "" {
		return nil
	}
	if errFrom != nil || errTo != nil || to.Before(from) || to.After(from.AddDate(0, 0, MaxFactDays)) {
		return ErrFactsRange
	}
	return nil
}

// FactPlaces are the places of one answer, which reflects exactly the position.
type FactPlaces struct {
	Places   []FactPlace
	More     bool // older facts match as well
	Position uint64
}

const (
	factsSQL = `SELECT "commit", prepare FROM read.fact_index
		WHERE ("commit", prepare) < ($1, $2) AND ($3 = '' OR actor = $3) AND ($4 = '' OR source = $4)
		AND ($5::date IS NULL OR day >= $5) AND ($6::date IS NULL OR day <= $6)`
	newestFirst = ` ORDER BY "commit" DESC, prepare DESC LIMIT $7`

	// A number stands in one half of a pair's name. Each half has an index in the order of
	// the log.
	factsOfPrisonerSQL = `(` + factsSQL + ` AND pair IS NOT NULL AND left(pair, 7) = $8` + newestFirst + `)
		UNION ALL (` + factsSQL + ` AND pair IS NOT NULL AND right(pair, 7) = $8` + newestFirst + `)` + newestFirst
)

// Facts reads where the facts are that a request asks for. Errors: ErrFactsRange,
// ErrNotCaughtUp, ErrBehind.
func (r *Reader) Facts(ctx context.Context, of FactsRequest) (FactPlaces, error) {
	if err := of.check(); err != nil {
		return FactPlaces{}, err
	}
	sql, arguments := of.sql()
	found, err := reaching(ctx, r, of.AtLeast, func(ctx context.Context) (found FactPlaces, position uint64, err error) {
		found.Position, err = r.snapshot(ctx, func(rows pgx.Rows) (err error) {
			found.Places, err = pgx.CollectRows(rows, pgx.RowToStructByPos[FactPlace])
			return err
		}, sql, arguments...)
		return found, found.Position, err
	})
	if len(found.Places) > of.Size {
		found.Places, found.More = found.Places[:of.Size], true
	}
	return found, wrapped("find facts", err)
}

// sql reads one place more than the page holds, to see whether older ones follow.
func (of FactsRequest) sql() (sql string, arguments []any) {
	before := FactPlace{math.MaxInt64, math.MaxInt64}
	if of.Before != nil {
		before = *of.Before
	}
	day := func(text string) any {
		if text == "" {
			return nil
		}
		return text
	}
	arguments = []any{before.Commit, before.Prepare, of.User, string(of.Source), day(of.From), day(of.To), of.Size + 1}
	if of.Prisoner == "" {
		return factsSQL + newestFirst, arguments
	}
	return factsOfPrisonerSQL, append(arguments, string(of.Prisoner))
}
