package queries

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"nonassociations/domain"
)

// Group is what concerns a group of prisoners in one moment: it may be read
// more than once and is the same each time. It holds a connection to the read
// model until it is closed, so it must be closed soon. Its methods are fields,
// so that it may stand for other things than rows.
type Group struct {
	// Position is that of the very rows.
	Position uint64
	// Each gives the records one by one, the oldest first, at most so many; all
	// when most is 0. No more than a few of them are in memory at a time. It
	// stops at the first error of do and returns it.
	Each func(ctx context.Context, most int, do func(Record) error) error
	// Close gives the connection back. It is safe to call again.
	Close func()
}

// Between opens those whose prisoners are both among the numbers; a removed
// number stands for those too that it was merged into. Errors: ErrNotCaughtUp,
// ErrOnePrisoner.
func (r *Reader) Between(ctx context.Context, numbers []domain.PrisonerNumber, wanted Filter) (Group, error) {
	found, err := r.openGroup(ctx, betweenSQL+limited, numbers, 2, wanted)
	if err != nil {
		return Group{}, fmt.Errorf("read those between prisoners: %w", mapMissingView(err))
	}
	return found, nil
}

// Involving opens those of which a prisoner is among the numbers; a removed
// number stands for those too that it was merged into. Errors: ErrNotCaughtUp.
func (r *Reader) Involving(ctx context.Context, numbers []domain.PrisonerNumber, wanted Filter) (Group, error) {
	found, err := r.openGroup(ctx, involvingSQL+limited, numbers, 1, wanted)
	if err != nil {
		return Group{}, fmt.Errorf("read those involving prisoners: %w", mapMissingView(err))
	}
	return found, nil
}

const limited = ` LIMIT $4`

// openGroup opens one that reflects what is wanted at least.
func (r *Reader) openGroup(ctx context.Context, sql string, numbers []domain.PrisonerNumber, least int, wanted Filter) (Group, error) {
	return reaching(ctx, wanted.AtLeast, func(ctx context.Context) (Group, uint64, error) {
		group, err := r.openOnce(ctx, sql, numbers, least, wanted)
		if err == nil && group.Position < wanted.AtLeast {
			group.Close()
		}
		return group, group.Position, err
	})
}

// openOnce begins a transaction in which position, merges and records are of
// one moment: a record that moved between two looks would be in neither.
func (r *Reader) openOnce(ctx context.Context, sql string, numbers []domain.PrisonerNumber, least int, wanted Filter) (Group, error) {
	tx, err := r.pool.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return Group{}, err
	}
	position, err := positionIn(ctx, tx)
	var names []domain.PrisonerNumber
	if err == nil {
		names, err = namesOf(ctx, tx, numbers, least)
	}
	if err != nil {
		rollBack(ctx, tx)
		return Group{}, err
	}
	from, before := wanted.expiry()
	among := texts(names)
	return Group{
		Position: position,
		Each: func(ctx context.Context, most int, do func(Record) error) error {
			var limit *int
			if most > 0 {
				limit = &most
			}
			rows, _ := tx.Query(ctx, sql, from, before, among, limit) // its error is that of the rows
			return eachRecord(rows, do)
		},
		Close: func() { rollBack(ctx, tx) },
	}, nil
}

// positionIn is how far the rows are that the transaction sees.
func positionIn(ctx context.Context, tx pgx.Tx) (position uint64, err error) {
	err = tx.QueryRow(ctx, positionSQL).Scan(&position)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, ErrNotCaughtUp
	}
	return position, err
}

// maxStates is how many states of pairs are kept for the other records of the
// same pairs.
const maxStates = 500

func eachRecord(rows pgx.Rows, do func(Record) error) error {
	states := states{}
	var (
		id    [16]byte
		pair  string
		state []byte
	)
	_, err := pgx.ForEachRow(rows, []any{&id, &pair, &state}, func() error {
		if len(states) >= maxStates {
			clear(states)
		}
		record, err := states.record(id, pair, state)
		if err != nil {
			return err
		}
		return do(record)
	})
	if err != nil {
		return fmt.Errorf("read the records of a group: %w", mapMissingView(err))
	}
	return nil
}

// rollBackTime is how long the end of a transaction may take; a connection that
// does not answer by then is thrown away.
const rollBackTime = 5 * time.Second

// rollBack ends a transaction that only read, also for a caller who has left.
func rollBack(ctx context.Context, tx pgx.Tx) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollBackTime)
	defer cancel()
	_ = tx.Rollback(ctx) // there is nothing to lose, and the pool drops a broken connection
}
