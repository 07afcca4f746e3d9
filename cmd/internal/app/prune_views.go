package app

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"nonassociations/internal/pg"
	"nonassociations/web/screens/store"
)

// PruneViews removes the views of the pages from before a time, and returns how many.
// Where AUDIT_QUEUE_URL is set, those stay that the queue has not taken yet.
func PruneViews(ctx context.Context, o Options, before time.Time) (removed int, err error) {
	if err := checkAllGrants(ctx, o.Config.requirementsOf(nil, grantsOfPruningViews)); err != nil {
		return 0, err
	}
	err = pg.WithSession(ctx, o.Config.DatabaseURL, func(conn *pgx.Conn) error {
		removed, err = store.PruneViews(ctx, conn, before, o.Config.Screens.AuditQueueURL != "")
		return err
	})
	return removed, err
}
