package generation

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// ownerSQL finds the role that owns the read model: the owner of the schema of the
// views, else of the tables of any generation, else the current role.
const ownerSQL = `SELECT coalesce((SELECT pg_get_userbyid(nspowner) FROM pg_namespace
	WHERE nspname ~ '^read(_[0-9]+)?$' ORDER BY nspname LIMIT 1), current_user), current_user`

// AsOwner switches the rest of a transaction to the role that owns the read model.
//
// The tables may be created by a superuser or by one of several logins of the
// projector. Whichever it is, they must belong to one role, so that the projector may
// write them and readers may read them. Where there is no read model yet, and the
// installation has created no schema for it, the owner is the current role.
func AsOwner(ctx context.Context, tx pgx.Tx) error {
	var owner, current string
	if err := tx.QueryRow(ctx, ownerSQL).Scan(&owner, &current); err != nil {
		return fmt.Errorf("find the owner of the read model: %w", err)
	}
	if owner == current {
		return nil
	}
	if _, err := tx.Exec(ctx, "SET LOCAL ROLE "+pgx.Identifier{owner}.Sanitize()); err != nil {
		return fmt.Errorf("act as %s, the owner of the read model: %w", owner, err)
	}
	return nil
}
