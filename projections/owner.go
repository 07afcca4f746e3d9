package projections

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/jackc/pgx/v5"
)

//go:embed rights.sql
var rightsSQL string

// asOwner lets the rest of a transaction act as the role that the read model
// belongs to. Whoever makes its tables, a superuser or a login of the
// projector's, the projector may write them then, and readers may read them.
// Where there is no read model yet, and no installation has said whose it is to
// be, it is the caller's.
func asOwner(ctx context.Context, tx pgx.Tx) error {
	var owner, caller string
	err := tx.QueryRow(ctx, `SELECT coalesce((SELECT pg_get_userbyid(nspowner) FROM pg_namespace
		WHERE nspname IN ('read', 'read_1') ORDER BY nspname LIMIT 1), current_user), current_user`).Scan(&owner, &caller)
	if err != nil {
		return fmt.Errorf("ask whose the read model is: %w", err)
	}
	if owner == caller {
		return nil
	}
	if _, err := tx.Exec(ctx, "SET LOCAL ROLE "+pgx.Identifier{owner}.Sanitize()); err != nil {
		return fmt.Errorf("act as %s, whose the read model is: %w", owner, err)
	}
	return nil
}
