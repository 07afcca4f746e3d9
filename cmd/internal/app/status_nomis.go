package app

import (
	"context"
	"errors"
	"time"

	"nonassociations/eventstore/consumer/status"
	"nonassociations/nomis"
	nomisstore "nonassociations/nomis/store"
	"nonassociations/web/shape"
)

// The thresholds of what waits. A reconciliation runs each week.
const (
	viewsMayWait   = 15 * time.Minute
	pairsMayWait   = 30 * time.Minute
	comparedWithin = 8 * 24 * time.Hour
	checkedWithin  = 26 * time.Hour
)

// views tells of views that the audit queue has not taken. Without a queue they stay where
// they are, and that is no fault.
func (a *statusAsking) views(ctx context.Context) (of shape.PartStatus, err error) {
	var there bool
	if err := a.rows.QueryRow(ctx, `SELECT to_regclass('screens.unsent_view') IS NOT NULL`).Scan(&there); err != nil {
		return of, err
	}
	if !there {
		return of, errNoPart
	}
	var unsent int
	var oldest *time.Time
	err = a.rows.QueryRow(ctx, `SELECT count(*), min(at) FROM screens.unsent_view JOIN screens.view ON id = view_id`).Scan(&unsent, &oldest)
	of.OK, of.Numbers = true, map[string]any{"unsent": unsent}
	if oldest != nil {
		of.Numbers["oldestSeconds"] = a.Clock().Sub(*oldest).Seconds()
		if a.config.Screens.AuditQueueURL != "" && a.Clock().Sub(*oldest) > viewsMayWait {
			of.OK, of.Since = false, oldest
		}
	}
	return of, err
}

// needNOMIS returns errNoPart where the tables of nomis are not there.
func (a *statusAsking) needNOMIS(ctx context.Context) error {
	var there bool
	err := a.rows.QueryRow(ctx, `SELECT to_regclass('nomis.due_pair') IS NOT NULL`).Scan(&there)
	if err == nil && !there {
		return errNoPart
	}
	return err
}

// migration tells of the last run.
func (a *statusAsking) migration(ctx context.Context) (of shape.PartStatus, err error) {
	if err := a.needNOMIS(ctx); err != nil {
		return of, err
	}
	run, err := a.kept.LastMigration(ctx)
	if errors.Is(err, nomisstore.ErrNoMigration) {
		if a.config.NOMIS.APIURL == "" {
			return of, errNoPart
		}
		return shape.PartStatus{OK: true}, nil
	}
	failed := run.Counts.Failed + run.Counts.Unreadable
	of.Numbers = map[string]any{
		"status": string(run.Status), "estimated": run.Estimated, "pairs": run.Counts.Known, "done": run.Counts.Total, "failed": failed,
	}
	if of.OK = failed == 0; !of.OK {
		of.Since = &run.Started
	}
	return of, err
}

// reconciliation tells of the last run that completed, and of what is open.
func (a *statusAsking) reconciliation(ctx context.Context) (of shape.PartStatus, err error) {
	if err := a.needNOMIS(ctx); err != nil {
		return of, err
	}
	buckets, err := a.kept.OpenByBucket(ctx)
	if err != nil {
		return of, err
	}
	open := 0
	for _, one := range buckets {
		open += one.Count
	}
	run, err := a.kept.LastCompleted(ctx)
	if errors.Is(err, nomisstore.ErrNoReconciliation) {
		if a.config.NOMIS.APIURL == "" && open == 0 {
			return of, errNoPart
		}
		return shape.PartStatus{OK: true, Numbers: map[string]any{"openDifferences": open}}, nil
	}
	age := a.Clock().Sub(run.EndedAt)
	of.Numbers = map[string]any{
		"openDifferences": open, "pairs": run.Pairs, "differences": run.Counts.Differences(), "completedSeconds": age.Seconds(),
	}
	if of.OK = age <= comparedWithin; !of.OK {
		of.Since = &run.EndedAt
	}
	return of, err
}

// nomis tells of the bell, the turns and the brake.
func (a *statusAsking) nomis(ctx context.Context) (of shape.PartStatus, err error) {
	if err := a.needNOMIS(ctx); err != nil {
		return of, err
	}
	consumers, err := status.ReadAll(ctx, a.rows)
	if err != nil {
		return of, err
	}
	turns, taken := consumers[nomis.TurnsConsumer]
	if a.config.NOMIS.APIURL == "" && !taken {
		return of, errNoPart
	}
	due, err := a.kept.Backlog(ctx)
	if err != nil {
		return of, err
	}
	brake, err := a.kept.GetBrake(ctx)
	if err != nil {
		return of, err
	}
	of.OK, of.Numbers = true, map[string]any{"due": due.Pending, "brake": brake.IsOn()}
	down := func(since time.Time, runbook string) {
		of.OK, of.Since, of.Runbook = false, &since, &runbook
	}
	if !due.Oldest.IsZero() {
		waited := a.Clock().Sub(due.Oldest)
		of.Numbers["oldestDueSeconds"] = waited.Seconds()
		if waited > pairsMayWait {
			down(due.Oldest, runbookNOMIS)
		}
	}
	if taken {
		of.Numbers["heartbeatSeconds"] = turns.Age.Seconds()
		if turns.Age > defaultHeartbeatLimit {
			down(turns.Heartbeat, runbookNOMIS)
		}
		if turns.Fault != nil {
			of.Numbers["fault"] = string(turns.Fault.Category)
			down(turns.Fault.Since, "docs/runbooks/NomisNotAnswering.md")
		}
	}
	if brake.IsOn() {
		down(brake.Since, runbookRestored)
	}
	return of, nil
}
