package app

import (
	"context"
	"errors"
	"time"

	"nonassociations/domain"
	"nonassociations/nomis/store"
)

// setNOMISHooks sets the hooks that this process has an answer for and that are not set.
// Without NOMIS no run is carried out and everything is pending, so none is set.
func (p *process) setNOMISHooks() {
	if p.nomis.api == nil {
		return
	}
	hooks := &p.Hooks
	if hooks.Migration == nil {
		hooks.Migration = p.migrationProgress
	}
	if hooks.Reconciliation == nil {
		hooks.Reconciliation = p.reconciliationProgress
	}
	if hooks.OldestPending == nil {
		hooks.OldestPending = p.pendingSince
	}
	if hooks.OpenScreens == nil && p.Roles.answers() {
		hooks.OpenScreens = p.openScreens
	}
}

// pendingSince is the hook OldestPending. The read model answers, unless it has not caught
// up.
func (p *process) pendingSince(ctx context.Context) (time.Time, bool) {
	reads := p.nomis.reads.Load()
	if reads == nil {
		return time.Time{}, false
	}
	since, _, err := reads.OldestPending(ctx, domain.Today(p.Clock()), 0)
	return since, err == nil
}

// migrationProgress is the hook Migration.
func (p *process) migrationProgress(ctx context.Context) (RunProgress, bool) {
	run, err := p.kept.LastMigration(ctx)
	if errors.Is(err, store.ErrNoMigration) {
		return RunProgress{}, true
	}
	return RunProgress{Active: run.Ended.IsZero(), Done: run.Counts.Total, Total: max(run.Estimated, run.Counts.Known)}, err == nil
}

// reconciliationProgress is the hook Reconciliation.
func (p *process) reconciliationProgress(ctx context.Context) (RunProgress, bool) {
	runs, _, err := p.kept.Reconciliations(ctx, 0, 1)
	if err != nil || len(runs) == 0 {
		return RunProgress{}, err == nil
	}
	last := runs[0]
	return RunProgress{Active: last.Status == store.Running, Done: last.Counts.Pairs, Total: max(last.Pairs, last.Counts.Pairs)}, true
}

// openScreens is the hook OpenScreens: what NOMIS says of its screen, at most a minute old.
// A screen that NOMIS has no entry for is blocked nowhere, so it counts as open.
func (p *process) openScreens(ctx context.Context) (map[string]bool, bool) {
	screen, err := p.prisons.screen.get(ctx)
	if err != nil {
		return nil, false
	}
	of, err := p.commands.CachedSwitchOver(ctx)
	if err != nil {
		return nil, false
	}
	open := map[string]bool{}
	for _, prison := range of.Prisons {
		if prison.Stage == domain.StageDPS {
			open[string(prison.ID)] = !screen.Blocks(string(prison.ID))
		}
	}
	return open, true
}
