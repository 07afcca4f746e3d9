package app

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"nonassociations/commands/idempotency"
	"nonassociations/eventstore"
	"nonassociations/eventstore/consumer/status"
	"nonassociations/projections"
	"nonassociations/publisher/store"
)

// The tables in which the idempotency keys and the publisher store the id of their log.
const (
	idempotencyTable = "commands.log"
	checkpointTable  = "publisher.checkpoint"
)

// Rebuild drops the read model, and a projector then builds it again from the log.
// adopt is the id of a log that was replaced, or zero. With it the idempotency keys,
// the checkpoints of the publisher and its parked messages are dropped as well, because
// they are about the old log. Rebuild returns one sentence for each step; with dryRun
// it only plans. Errors are sentences for an operator; an error while planning means
// that nothing was changed.
func Rebuild(ctx context.Context, o Options, adopt uuid.UUID, dryRun bool) (sentences []string, err error) {
	rights := grantsOfRebuilding
	if adopt != uuid.Nil {
		rights = grantsOfAdopting
	}
	if err := checkAllGrants(ctx, o.Config.requirementsOf(grantsOfLog, rights)); err != nil {
		return nil, err
	}
	log, err := openLog(ctx, o.Config, o.Scratch, o.Logger)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, closeLog(log)) }()
	plan, err := planRebuild(ctx, o.Config.DatabaseURL, log, adopt)
	if err != nil || dryRun {
		return plan.describe(), err
	}
	return plan.describe(), plan.execute(ctx, o.Config.DatabaseURL)
}

// rebuildPlan is what Rebuild does, decided before anything is changed.
type rebuildPlan struct {
	log         uuid.UUID
	adopt       bool
	kept        projections.Status
	keys        bool         // the idempotency keys are to be deleted
	checkpoints bool         // the publisher's checkpoints and parked messages are
	status      bool         // the consumers' status is
	others      []boundTable // of other logs, which stay as they are
}

// planRebuild inspects the log and the tables. It refuses a log without an id, an id in
// adopt that is not the log's, and a read model of another log when adopt is zero.
func planRebuild(ctx context.Context, dsn string, log eventstore.Store, adopt uuid.UUID) (rebuildPlan, error) {
	id, err := eventstore.ReadIdentity(ctx, log)
	if errors.Is(err, eventstore.ErrStreamNotFound) {
		return rebuildPlan{}, errors.New("this log has no id, so nothing was ever written to it: is EVENTSTORE_URL the right one?")
	}
	if err != nil {
		return rebuildPlan{}, err
	}
	if adopt != uuid.Nil && adopt != id {
		return rebuildPlan{}, fmt.Errorf("the log at EVENTSTORE_URL is %s, not %s", id, adopt)
	}
	kept, err := projections.Inspect(ctx, dsn, projections.CurrentGeneration)
	if err != nil {
		return rebuildPlan{}, err
	}
	if adopt == uuid.Nil && kept.Store != uuid.Nil && kept.Store != id {
		return rebuildPlan{}, fmt.Errorf("the read model is of log %s, this is log %s; to take it over: %s", kept.Store, id, adoptCommand(id))
	}
	if adopt == uuid.Nil {
		if err := compareWithLog(ctx, dsn, log); err != nil {
			return rebuildPlan{}, err
		}
	}
	tables, err := boundTables(ctx, dsn)
	if err != nil {
		return rebuildPlan{}, err
	}
	r := rebuildPlan{log: id, adopt: adopt != uuid.Nil, kept: kept}
	for _, c := range tables {
		switch {
		case c.table == idempotencyTable && r.adopt:
			r.keys = true
		case c.table == checkpointTable && r.adopt:
			r.checkpoints = true
		case c.table == status.Table && r.adopt:
			r.status = true
		case c.id != id && c.table != projections.CurrentGeneration.Schema()+".checkpoint":
			r.others = append(r.others, c)
		}
	}
	return r, nil
}

// adoptCommand is the command that an operator runs to take this log over.
func adoptCommand(log uuid.UUID) string {
	return fmt.Sprintf("nonassociations rebuild --adopt-log %s --yes", log)
}

// describe returns the plan, one sentence for each part.
func (r rebuildPlan) describe() []string {
	if r.log == uuid.Nil {
		return nil
	}
	var sentences []string
	if r.kept.Store == uuid.Nil {
		sentences = append(sentences, fmt.Sprintf("There is no read model yet: a projector builds it from log %s.", r.log))
	} else {
		sentences = append(sentences, fmt.Sprintf("The read model %s of log %s, which is at position %d, is dropped.", projections.CurrentGeneration.Schema(), r.kept.Store, r.kept.Position),
			fmt.Sprintf("A projector builds it again from log %s; until then every read is answered with 503.", r.log))
	}
	if r.keys {
		sentences = append(sentences, "The idempotency keys are dropped: a repeated request is executed as a new one.")
	}
	if r.checkpoints {
		sentences = append(sentences, "The publisher's checkpoints and parked messages are dropped: the topics receive this log from its beginning.")
	}
	for _, c := range r.others {
		sentences = append(sentences, fmt.Sprintf("Table %s is of log %s and stays as it is: its role will refuse to start.", c.table, c.id))
	}
	return sentences
}

// execute carries the plan out. The read model comes last: a kill in between leaves a
// process that still refuses to start, and the command is repeated. In the other order a
// repeated request could be taken for one that the old log had answered.
func (r rebuildPlan) execute(ctx context.Context, dsn string) error {
	if !r.adopt {
		return projections.Rebuild(ctx, dsn, projections.CurrentGeneration)
	}
	// Each step may be repeated after a kill.
	if r.keys {
		if err := idempotency.Adopt(ctx, dsn, r.log); err != nil {
			return err
		}
	}
	if r.checkpoints {
		if err := store.Reset(ctx, dsn); err != nil {
			return err
		}
	}
	if r.status {
		if err := status.Forget(ctx, dsn); err != nil {
			return err
		}
	}
	return projections.AdoptLog(ctx, dsn, projections.CurrentGeneration, r.log)
}
