package eventstore

import (
	"context"
	"fmt"
)

// Head is the end of the log as one backwards search found it. The zero Head is
// that of a log that was never looked at.
type Head struct {
	Own Position // the last event of ours; Start when there is none
	End Position // the last event at all when the search began: up to here everything was looked at
}

// headPage is how many events a search takes at once when the last one is not
// ours.
const headPage = 512

// FindHead goes backwards from the end of the log to the first event of ours,
// those of streams that begin with one of the prefixes (see [Begins]), or to
// where the previous search began. What it found is worth remembering only when
// it returns no error. Errors: those of ReadAll.
func FindHead(ctx context.Context, store Store, prefixes []string, previous Head) (Head, error) {
	// In a log of our own the last event is nearly always ours. Asking for more
	// would make a store that passes over events of its own go a long way back.
	found, from, limit := previous, End, 1
	for {
		events, err := store.ReadAll(ctx, Backwards, from, limit)
		if err != nil {
			return Head{}, fmt.Errorf("read the head of the log: %w", err)
		}
		if from == End && len(events) > 0 {
			found.End = events[0].Position
		}
		for _, event := range events {
			if !previous.End.Before(event.Position) {
				return found, nil
			}
			if Begins(event.Stream, prefixes) {
				found.Own = event.Position
				return found, nil
			}
			from = event.Position
		}
		if len(events) < limit {
			return found, nil
		}
		limit = headPage
	}
}
