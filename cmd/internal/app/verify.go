package app

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"nonassociations/eventstore"
	"nonassociations/projections"
)

// VerifyReadModel compares the facts that the read model was built from with the log,
// up to the same position. It reads the id of every fact and changes nothing. A
// difference is reported in the Comparison. An error means that no comparison was made;
// it is a sentence for an operator.
func VerifyReadModel(ctx context.Context, o Options) (c projections.Comparison, err error) {
	if err := checkAllGrants(ctx, o.Config.requirementsOf(grantsOfLog, grantsOfVerifying)); err != nil {
		return projections.Comparison{}, err
	}
	log, err := openLog(ctx, o.Config, o.Scratch, o.Logger)
	if err != nil {
		return projections.Comparison{}, err
	}
	defer func() { err = errors.Join(err, closeLog(log)) }()
	id, err := eventstore.ReadIdentity(ctx, log)
	if err != nil {
		return projections.Comparison{}, err
	}
	if c, err = projections.Compare(ctx, o.Config.DatabaseURL, projections.CurrentGeneration, log); err != nil {
		return projections.Comparison{}, err
	}
	switch {
	case c.Store == uuid.Nil:
		return c, errors.New("there is no read model yet: a projector builds it")
	case c.Store != id:
		return c, fmt.Errorf("the read model is of log %s, this is log %s; to take it over: %s", c.Store, id, adoptCommand(id))
	case !c.Counted:
		return c, errors.New("the read model was built by an older build, which kept no hash: a projector of this build builds it anew")
	}
	return c, nil
}

// DescribeDifference is the sentence for a read model that was built from other events.
func DescribeDifference(c projections.Comparison) string {
	return fmt.Sprintf("the read model was built from %d facts up to position %d, and log %s holds %d there: not the same ones, or in another order",
		c.Built.Events, c.Position, c.Store, c.InLog.Events)
}

// compareWithLog refuses a rebuild where the log has changed since the read model was
// built. Only an operator can decide that the log is right now.
func compareWithLog(ctx context.Context, dsn string, log eventstore.Store) error {
	c, err := projections.Compare(ctx, dsn, projections.CurrentGeneration, log)
	if err != nil || c.Store == uuid.Nil || !c.Counted || c.Same() {
		return err
	}
	return fmt.Errorf("%s; to start again from it: %s", DescribeDifference(c), adoptCommand(c.Store))
}
