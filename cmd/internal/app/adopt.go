package app

import (
	"context"
	"errors"
	"fmt"
	"strings"

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

// AdoptLog drops the read model, and a projector then builds it from the log with the id
// adopt, which took the place of another one. The idempotency keys, the checkpoints of
// the publisher and its parked messages are dropped as well, because they are about the
// old log. AdoptLog returns one sentence for each step; with dryRun it only plans.
// Errors are sentences for an operator; an error while planning means that nothing was
// changed.
func AdoptLog(ctx context.Context, o Options, adopt uuid.UUID, dryRun bool) (sentences []string, err error) {
	if err := checkAllGrants(ctx, o.Config.requirementsOf(grantsOfLog, grantsOfAdopting)); err != nil {
		return nil, err
	}
	log, err := openLog(ctx, o.Config, o.Scratch, o.Logger)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, closeLog(log)) }()
	plan, err := planAdoption(ctx, o.Config.DatabaseURL, log, adopt)
	if err != nil || dryRun {
		return plan.describe(), err
	}
	return plan.describe(), plan.execute(ctx, o.Config.DatabaseURL)
}

// adoptionPlan is what AdoptLog does, decided before anything is changed.
type adoptionPlan struct {
	log         uuid.UUID
	answering   projections.Generation
	kept        projections.Status
	keys        bool         // the idempotency keys are to be deleted
	checkpoints bool         // the publisher's checkpoints and parked messages are
	status      bool         // the consumers' status is
	others      []boundTable // of other logs, which stay as they are
}

// planAdoption inspects the log and the tables. It refuses a log without an id, and an
// id in adopt that is not the log's.
func planAdoption(ctx context.Context, dsn string, log eventstore.Store, adopt uuid.UUID) (adoptionPlan, error) {
	id, err := eventstore.ReadIdentity(ctx, log)
	if errors.Is(err, eventstore.ErrStreamNotFound) {
		return adoptionPlan{}, errors.New("this log has no id, so nothing was ever written to it: is EVENTSTORE_URL the right one?")
	}
	if err != nil {
		return adoptionPlan{}, err
	}
	if adopt != id {
		return adoptionPlan{}, fmt.Errorf("the log at EVENTSTORE_URL is %s, not %s", id, adopt)
	}
	answering, err := projections.Answering(ctx, dsn)
	if err != nil {
		return adoptionPlan{}, err
	}
	kept, err := projections.Inspect(ctx, dsn, answering)
	if err != nil {
		return adoptionPlan{}, err
	}
	tables, err := boundTables(ctx, dsn)
	if err != nil {
		return adoptionPlan{}, err
	}
	r := adoptionPlan{log: id, answering: answering, kept: kept}
	for _, c := range tables {
		switch {
		case c.table == idempotencyTable:
			r.keys = true
		case c.table == checkpointTable:
			r.checkpoints = true
		case c.table == status.Table:
			r.status = true
		case c.id != id && !isGeneration(c.table):
			r.others = append(r.others, c)
		}
	}
	return r, nil
}

// isGeneration reports whether a table is the checkpoint of a generation of the read
// model, all of which are dropped.
func isGeneration(table string) bool { return strings.HasPrefix(table, "read_") }

// adoptCommand is the command that an operator runs to take this log over.
func adoptCommand(log uuid.UUID) string {
	return fmt.Sprintf("nonassociations rebuild --adopt-log %s --yes", log)
}

// describe returns the plan, one sentence for each part.
func (r adoptionPlan) describe() []string {
	if r.log == uuid.Nil {
		return nil
	}
	var sentences []string
	if r.kept.Store == uuid.Nil {
		sentences = append(sentences, fmt.Sprintf("There is no read model yet: a projector builds it from log %s.", r.log))
	} else {
		sentences = append(sentences, fmt.Sprintf("The read model %s of log %s, which is at position %d, is dropped.", r.answering.Schema(), r.kept.Store, r.kept.Position),
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
func (r adoptionPlan) execute(ctx context.Context, dsn string) error {
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
	return projections.AdoptLog(ctx, dsn, r.answering, r.log)
}
