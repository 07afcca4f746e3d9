package store

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// moveCheckpoint moves the checkpoint in a table of one row from one position to another
// and keeps what belongs to it, in one transaction: each fact is followed exactly once. The
// name of the table is a constant of this package. Errors: ErrOtherCheckpoint when it is
// not at from, those of keep, and faults.
func (s *Store) moveCheckpoint(ctx context.Context, table string, from, to uint64, keep func(pgx.Tx) error) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `INSERT INTO `+table+` AS c (position)
			SELECT $2::bigint WHERE $1::bigint = 0 OR EXISTS (SELECT FROM `+table+`)
			ON CONFLICT (only_row) DO UPDATE SET position = excluded.position WHERE c.position = $1`, from, to)
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return ErrOtherCheckpoint
		}
		return keep(tx)
	})
}
