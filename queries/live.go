package queries

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"nonassociations/domain"
)

// LiveRecord is a non-association that is not deleted, without its content.
type LiveRecord struct {
	ID   uuid.UUID
	Pair domain.Pair
	Open bool // not closed on the day that was asked for
}

// liveSQL walks the primary key.
const liveSQL = `SELECT id, pair, expires >= $1 FROM read.non_association WHERE NOT deleted AND id > $2 ORDER BY id LIMIT $3`

// Live returns the next records that are not deleted after an id, by id, and nothing
// after the last. today is a day as [domain.Today] writes it. A walk misses no record
// that was there all the time. Errors: ErrNotCaughtUp.
func (r *Reader) Live(ctx context.Context, today string, after uuid.UUID, most int) (found []LiveRecord, err error) {
	from, _ := Filter{Open: true, Today: today}.expiry()
	found, err = reaching(ctx, r, 0, func(ctx context.Context) (found []LiveRecord, position uint64, err error) {
		position, err = r.snapshot(ctx, func(rows pgx.Rows) error {
			found, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (one LiveRecord, err error) {
				var id [16]byte
				var pair string
				if err := row.Scan(&id, &pair, &one.Open); err != nil {
					return one, err
				}
				one.ID = id
				one.Pair, err = domain.ParsePair(pair)
				return one, err
			})
			return err
		}, liveSQL, from, [16]byte(after), most)
		return found, position, err
	})
	return found, wrapped("walk the live records", err)
}
