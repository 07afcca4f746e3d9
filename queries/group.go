package queries

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"nonassociations/domain"
)

// Group is the records of a group of prisoners in one snapshot. It may be read more than
// once, with the same result each time. It holds a connection to the read model until
// Close is called, so the caller must close it soon. Its methods are fields, so that a
// test can give a Group that is not read from Postgres.
type Group struct {
	// Position is the position that the rows reflect exactly.
	Position uint64
	// Each calls do for each record, the oldest first, for at most so many records, or
	// all when most is 0. Only a few records are in memory at a time. It stops at the
	// first error of do and returns it.
	Each func(ctx context.Context, most int, do func(Record) error) error
	// Close returns the connection to the pool. Further calls do nothing.
	Close func()
}

// Between opens the records whose two prisoners are both among the numbers. A removed
// number also counts as the numbers that it was merged into. Errors: ErrNotCaughtUp,
// ErrBehind, and ErrOnePrisoner when all numbers belong to one prisoner.
func (r *Reader) Between(ctx context.Context, numbers []domain.PrisonerNumber, wanted Filter) (Group, error) {
	found, err := r.openGroup(ctx, betweenSQL+limited, numbers, 2, wanted)
	if err != nil {
		return Group{}, fmt.Errorf("read those between prisoners: %w", mapFault(err))
	}
	return found, nil
}

// Involving opens the records of which at least one prisoner is among the numbers. A
// removed number also counts as the numbers that it was merged into. Errors:
// ErrNotCaughtUp, ErrBehind.
func (r *Reader) Involving(ctx context.Context, numbers []domain.PrisonerNumber, wanted Filter) (Group, error) {
	found, err := r.openGroup(ctx, involvingSQL+limited, numbers, 1, wanted)
	if err != nil {
		return Group{}, fmt.Errorf("read those involving prisoners: %w", mapFault(err))
	}
	return found, nil
}

const limited = ` LIMIT $4`

// openGroup opens a group that reflects at least the wanted position.
func (r *Reader) openGroup(ctx context.Context, sql string, numbers []domain.PrisonerNumber, least int, wanted Filter) (Group, error) {
	return reaching(ctx, r, wanted.AtLeast, func(ctx context.Context) (Group, uint64, error) {
		group, err := r.openOnce(ctx, sql, numbers, least, wanted)
		if err == nil && group.Position < wanted.AtLeast {
			group.Close()
		}
		return group, group.Position, err
	})
}

// openOnce begins a transaction in which position, merges and records are of one
// snapshot. With two snapshots a record that is transferred in between could be in
// neither. least is the number of different prisoners that there must be.
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

// positionIn returns the position that the rows of a transaction reflect.
func positionIn(ctx context.Context, tx pgx.Tx) (position uint64, err error) {
	err = tx.QueryRow(ctx, positionSQL).Scan(&position)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, errNoRow
	}
	return position, err
}

// maxStates limits the decoded states that are cached for further records of the same
// pairs.
const maxStates = 500

// eachRecord calls do for each row, and decodes it only then.
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
		return fmt.Errorf("read the records of a group: %w", mapFault(err))
	}
	return nil
}

// rollBackTime limits the end of a transaction. A connection that does not answer by then
// is closed.
const rollBackTime = 5 * time.Second

// rollBack ends a transaction that only read, also when ctx has been cancelled.
func rollBack(ctx context.Context, tx pgx.Tx) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollBackTime)
	defer cancel()
	_ = tx.Rollback(ctx) // nothing was written, and the pool drops a broken connection
}
