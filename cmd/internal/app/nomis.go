package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"nonassociations/commands"
	"nonassociations/commands/merge"
	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/internal/pg/lease"
	"nonassociations/nomis"
)

// listen processes merges from their queue, and keeps pairs in step with NOMIS, until the
// context ends.
func (p *process) listen(ctx, below context.Context) error {
	queue, err := nomis.OpenQueue(below, p.Config.PrisonerEventsQueueURL)
	if err != nil {
		return fmt.Errorf("PRISONER_EVENTS_QUEUE_URL: %w", err)
	}
	record, err := p.openRecord(below)
	if err != nil {
		return err
	}
	defer record.close()
	if err := p.awaitStores(ctx); err != nil {
		return unlessCancelled(ctx, func(context.Context) error { return err })
	}
	beat, ended := p.reportListener(ctx, nomis.Consumer)
	defer ended()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return p.takeTurns(ctx, record) })
	group.Go(func() error {
		return nomis.NewListener(nomis.Options{
			Queue: queue, Pairs: record.reads, Evidence: p.kept, Clock: p.Clock, Logger: p.Logger,
			Merges:      merge.New(merge.Options{Log: p.log, Handler: record.handler, Clock: p.Clock, Logger: p.Logger}),
			Exclusively: exclusively(p.Config, p.Logger), Beat: beat,
		}).Run(ctx)
	})
	return group.Wait()
}

// exclusively returns a function that runs do under the lease for merges, which one
// process holds at a time. Two merges that met at one record would move it back and
// forth.
func exclusively(config Config, logger *slog.Logger) func(context.Context, func(context.Context)) error {
	return func(ctx context.Context, do func(context.Context)) error {
		return lease.With(ctx, config.DatabaseURL, "nonassociations merges", logger, do)
	}
}

// awaitStores returns when this process has all rights, and knows that the log and the
// tables belong together. Errors: those of both, and the context's.
func (p *process) awaitStores(ctx context.Context) error {
	if err := p.waitForRights(ctx); err != nil {
		return err
	}
	return p.awaitLog(ctx)
}

// awaitLog returns when the log has an id and all bound tables belong to it. Errors: the
// context's, and errOtherLog.
func (p *process) awaitLog(ctx context.Context) error {
	if p.Roles.answers() {
		select {
		case <-p.gate.opened:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return retryUntilAnswered(ctx, p.Logger, "log id not readable yet, retrying", p.checkSameLog)
}

// checkSameLog is one try of awaitLog for a process that does not serve. It never writes
// an id: only a serving process may give one to a new log.
func (p *process) checkSameLog(ctx context.Context) error {
	id, err := eventstore.ReadIdentity(ctx, p.log)
	if err != nil {
		return fmt.Errorf("read the log's id: %w", err)
	}
	remembered, err := boundTables(ctx, p.Config.DatabaseURL)
	if err != nil {
		return err
	}
	others := slices.DeleteFunc(remembered, func(c boundTable) bool { return c.id == id })
	if len(others) > 0 {
		return fmt.Errorf("%w: the log is %s, %s; to take this log over: %s", errOtherLog, id, describe(others), adoptCommand(id))
	}
	return verifyReadModel(ctx, p.log, p.Config.readDSN())
}

// Unmerge takes a merge back by new facts. message is the MessageId in the SNS envelope
// of the merge. It waits for merges at work. With dryRun it only returns what would be
// done. The result may be set although an error is returned: a part was done then, and
// repeating the command does the rest.
func Unmerge(ctx context.Context, o Options, message, reason string, dryRun bool) (merge.Undone, error) {
	if err := checkAllGrants(ctx, o.Config.requirementsOf(grantsOfAppend, nil)); err != nil {
		return merge.Undone{}, err
	}
	log, err := openLog(ctx, o.Config, o.Scratch, o.Logger)
	if err != nil {
		return merge.Undone{}, err
	}
	id := nomis.CommandID(message)
	process := merge.New(merge.Options{
		Log: log, Handler: commands.New(log, commands.Options{Clock: o.Clock, Logger: o.Logger}), Clock: o.Clock, Logger: o.Logger,
	})
	// The message's command id is that of the merge: Undo finds its facts by it.
	by := domain.Cause{CommandID: id, CorrelationID: id, CausationID: uuid.Nil, Actor: nomis.Actor, Source: domain.Merge}
	var undone merge.Undone
	waited := exclusively(o.Config, o.Logger)(ctx, func(ctx context.Context) { undone, err = process.Undo(ctx, by, reason, dryRun) })
	if waited != nil {
		err = fmt.Errorf("wait for the merges at work: %w", waited)
	}
	return undone, errors.Join(err, closeLog(log))
}
