package nomis

import (
	"context"
	"log/slog"
	"time"

	"nonassociations/nomis/store"
)

const (
	// kept is how long a message about a prisoner, and the copy of a purged message, is
	// kept. What explains a deletion is asked for within hours (NOMIS_DELETE_AFTER), and the
	// cause of a difference with the weekly reconciliation that finds it.
	kept = 365 * 24 * time.Hour
	// prunedAtOnce bounds one statement.
	prunedAtOnce = 1000
	pruneEvery   = 24 * time.Hour
)

// Pruner removes what is no longer asked for: messages about prisoners, and copies of
// purged messages, of more than a year ago. Several may run, in any process.
type Pruner struct {
	store  *store.Store
	clock  func() time.Time
	logger *slog.Logger
}

// NewPruner returns a Pruner. It does nothing until Run.
func NewPruner(s *store.Store, clock func() time.Time, logger *slog.Logger) *Pruner {
	return &Pruner{s, clock, logger}
}

// Run prunes at once and then each day until the context ends, and then returns nil. It
// retries during outages of Postgres.
func (p *Pruner) Run(ctx context.Context) error {
	for waits := newDelays(); ctx.Err() == nil; {
		removed, err := p.store.Prune(ctx, p.clock().Add(-kept), prunedAtOnce)
		switch {
		case err != nil:
			pause(ctx, p.logger, waits, "old messages were not removed, retrying", err)
		case removed == prunedAtOnce: // there may be more
			waits.Reset()
		default:
			waits.Reset()
			_ = sleep(ctx, pruneEvery) // the loop ends with the context
		}
	}
	return nil
}
