package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	evidence "nonassociations/audit/evidence/store"
	"nonassociations/publisher/store"
)

// Act is what an operator is about to do, for evidence.action.
type Act struct {
	User   string // user name; never empty
	Action string // the words of the command, such as "publish parked skip"
	Object string // what it is done to; "" for nothing in particular
	Reason string // "" where none is given
	// Done returns what was done, when it is done; nil where nothing says it.
	Done func() string
}

// recordTime bounds the recording of an act that has ended.
const recordTime = 5 * time.Second

// RecordAct calls do and then records the act with its outcome, also when ctx has ended
// meanwhile. It looks for the table first, so that nothing is done that could not be
// recorded. Errors: that of do, and one that says that the act was not recorded.
func (o Options) RecordAct(ctx context.Context, act Act, do func() error) error {
	if err := checkAllGrants(ctx, o.Config.requirementsOf(nil, grantsOfActing)); err != nil {
		return err
	}
	kept, err := evidence.Open(ctx, o.Config.DatabaseURL)
	if err != nil {
		return err
	}
	defer kept.Close()
	if err := kept.Check(ctx); err != nil {
		return err
	}
	err = do()
	done := ""
	if act.Done != nil && err == nil {
		done = act.Done()
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTime)
	defer cancel()
	unrecorded := kept.Record(ctx, evidence.Action{
		ID: uuid.New(), At: o.Clock(), User: act.User, Action: act.Action, Object: act.Object, Reason: act.Reason, Outcome: outcomeOf(err), Done: done,
	})
	if unrecorded != nil {
		unrecorded = fmt.Errorf("the act has ended and is not in evidence.action: %w", unrecorded)
	}
	return errors.Join(err, unrecorded)
}

// outcomeOf tells a refusal, which changed nothing, from a fault.
func outcomeOf(err error) evidence.Outcome {
	switch {
	case err == nil:
		return evidence.Done
	case errors.Is(err, store.ErrNothing):
		return evidence.Refused
	default:
		return evidence.Failed
	}
}
