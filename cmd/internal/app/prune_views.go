package app

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"nonassociations/internal/pg"
	"nonassociations/web/screens/store"
)

// ViewPruning says which views of the pages are removed, and who says so.
type ViewPruning struct {
	Before time.Time // views from before it
	DryRun bool      // remove nothing
	Act    Act       // kept in evidence.action, but of a dry run
}

// PruneViews removes old views, and returns how many; with DryRun, how many it would
// remove. Where AUDIT_QUEUE_URL is set, those stay that the queue has not taken yet. An
// error that comes after the removal says that it is done.
func PruneViews(ctx context.Context, o Options, of ViewPruning) (removed int, err error) {
	// All rights are checked at once, so that an error names all that are missing.
	if err := checkAllGrants(ctx, o.Config.requirementsOf(nil, grantsOfPruningViews)); err != nil {
		return 0, err
	}
	if of.DryRun {
		return o.pruneViews(ctx, of)
	}
	err = o.RecordAct(ctx, of.Act, func() (err error) {
		removed, err = o.pruneViews(ctx, of)
		return err
	})
	if err != nil && removed > 0 {
		err = fmt.Errorf("%d views were removed: %w", removed, err)
	}
	return removed, err
}

// pruneViews removes views in one transaction, which a dry run takes back.
func (o Options) pruneViews(ctx context.Context, of ViewPruning) (removed int, err error) {
	err = pg.WithSession(ctx, o.Config.DatabaseURL, func(conn *pgx.Conn) error {
		tx, err := conn.Begin(ctx)
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }() // nothing after a commit
		found, err := store.PruneViews(ctx, tx, of.Before, o.Config.Screens.AuditQueueURL != "")
		if err == nil && !of.DryRun {
			err = tx.Commit(ctx)
		}
		if err == nil {
			removed = found
		}
		return err
	})
	return removed, err
}
