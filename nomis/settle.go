package nomis

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"nonassociations/nomis/store"
	"nonassociations/nomis/turn"
)

// causeOf returns the id of the message that rang last, or the nil UUID when none did.
func causeOf(due store.DuePair) uuid.UUID {
	for _, cause := range slices.Backward(due.Causes) {
		if cause.ID != "" {
			return CommandID(cause.ID)
		}
	}
	return uuid.Nil
}

// traceOf returns the trace parent of the message that rang last, "" when none was traced.
func traceOf(due store.DuePair) string {
	for _, cause := range slices.Backward(due.Causes) {
		if cause.Trace != "" {
			return cause.Trace
		}
	}
	return ""
}

// soon bounds what a row of the bell waits for. A later day rings by itself.
const soon = 24 * time.Hour

// settle ends a turn that succeeded: the row of the bell goes, or waits for what comes
// soon.
func settle(ctx context.Context, bell *store.Store, now time.Time, due store.DuePair, result turn.Result) error {
	var until time.Time
	earlier := func(at time.Time) {
		if !at.IsZero() && at.Before(now.Add(soon)) && (until.IsZero() || at.Before(until)) {
			until = at
		}
	}
	for _, wait := range result.Plan.Waits {
		earlier(wait.Until)
	}
	for _, f := range result.Refused {
		earlier(f.NotBefore)
	}
	if !until.IsZero() {
		return bell.WaitUntil(ctx, due.Pair, due.Version, until)
	}
	_, err := bell.Done(ctx, due.Pair, due.Version)
	return err
}
