package queries

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
)

// Version says of which facts an answer is made, and by which build of the read model. The
// same question has the same answer at equal Versions. The position says less: events of
// others move it, and another log may reach the same one.
type Version struct {
	Generation int
	Renewals   uint64   // of single rows
	Trail      [32]byte // the running hash of the ids of all facts
}

const versionSQL = `SELECT c.version, c.renewals, c.trail, ` + rowPosition + checkpointSQL

// Version reads the version of the read model and the position that it reflects. Errors:
// ErrNotCaughtUp, ErrBehind.
func (r *Reader) Version(ctx context.Context, atLeast uint64) (Version, uint64, error) {
	var position uint64
	version, err := reaching(ctx, r, atLeast, func(ctx context.Context) (version Version, _ uint64, err error) {
		version, position, err = readVersion(r.pool.QueryRow(ctx, versionSQL))
		return version, position, mapFault(err)
	})
	return version, position, wrapped("read the version of the read model", err)
}

// readVersion reads the row of versionSQL.
func readVersion(row pgx.Row) (version Version, position uint64, err error) {
	var trail []byte
	err = row.Scan(&version.Generation, &version.Renewals, &trail, &position)
	copy(version.Trail[:], trail)
	if errors.Is(err, pgx.ErrNoRows) {
		err = errNoRow
	}
	return version, position, err
}
