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

// Where the idempotency keys and the publisher remember whose they are.
const (
	idempotencyTable = "commands.log"
	parkedTable      = "publisher.checkpoint"
)

// Rebuild drops the read model and lets it be built again from the log, or only
// tells with dryRun. A log that the read model is not of must be named by its
// id in adopt, else adopt is zero; the idempotency keys and the publisher's
// checkpoints, which are about the old one, are forgotten with it. told is what is (to be) done,
// a sentence each. Errors are in words for an operator; nothing was done then.
func Rebuild(ctx context.Context, o Options, adopt uuid.UUID, dryRun bool) (told []string, err error) {
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

// rebuildPlan is what is to be done, and on what.
type rebuildPlan struct {
	log    uuid.UUID
	adopt  bool
	kept   projections.Status
	keys   bool         // the idempotency keys are to be forgotten
	parked bool         // the publisher's checkpoints and desk are
	status bool         // the consumers' status is
	others []boundTable // of other logs, which stay as they are
}

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
	remembered, err := boundTables(ctx, dsn)
	if err != nil {
		return rebuildPlan{}, err
	}
	r := rebuildPlan{log: id, adopt: adopt != uuid.Nil, kept: kept}
	for _, c := range remembered {
		switch {
		case c.table == idempotencyTable && r.adopt:
			r.keys = true
		case c.table == parkedTable && r.adopt:
			r.parked = true
		case c.table == status.Table && r.adopt:
			r.status = true
		case c.id != id && c.table != projections.CurrentGeneration.Schema()+".checkpoint":
			r.others = append(r.others, c)
		}
	}
	return r, nil
}

// adoptCommand is what an operator types to take a log over.
func adoptCommand(log uuid.UUID) string {
	return fmt.Sprintf("nonassociations rebuild --adopt-log %s --yes", log)
}

func (r rebuildPlan) describe() []string {
	if r.log == uuid.Nil {
		return nil
	}
	var told []string
	if r.kept.Store == uuid.Nil {
		told = append(told, fmt.Sprintf("There is no read model yet: a projector builds it from log %s.", r.log))
	} else {
		told = append(told, fmt.Sprintf("The read model %s of log %s, which is at position %d, is dropped.", projections.CurrentGeneration.Schema(), r.kept.Store, r.kept.Position),
			fmt.Sprintf("A projector builds it again from log %s; until then every read is answered with 503.", r.log))
	}
	if r.keys {
		told = append(told, "The idempotency keys are forgotten: a repeat of an earlier request is a new one.")
	}
	if r.parked {
		told = append(told, "The publisher's checkpoints and desk are forgotten: this log is told to the topics from its beginning.")
	}
	for _, c := range r.others {
		told = append(told, fmt.Sprintf("Table %s is of log %s and stays as it is: its role will refuse to start.", c.table, c.id))
	}
	return told
}

func (r rebuildPlan) execute(ctx context.Context, dsn string) error {
	if !r.adopt {
		return projections.Rebuild(ctx, dsn, projections.CurrentGeneration)
	}
	// The read model last: until then a serving process refuses to start, and
	// takes no repeat for one that was answered.
	if r.keys {
		if err := idempotency.Adopt(ctx, dsn, r.log); err != nil {
			return err
		}
	}
	if r.parked {
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
