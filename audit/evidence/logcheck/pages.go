package logcheck

import (
	"context"
	"errors"
	"fmt"

	"nonassociations/audit/evidence"
	"nonassociations/eventstore"
)

// Log is the part of eventstore.Store that a check reads.
type Log interface {
	// ReadAll returns at most limit events from a position on, see eventstore.Store.
	ReadAll(ctx context.Context, direction eventstore.Direction, from eventstore.Position, limit int) ([]eventstore.RecordedEvent, error)
	// End returns the position of the last event, system events included.
	End(ctx context.Context) (eventstore.Position, error)
}

// pagesAhead is how many pages are read before they are needed.
const pagesAhead = 2

// usualLeaf is more than most leaves have, in bytes.
const usualLeaf = 360

// pageEvents is how many events of the log are read at once, and pageLeaves how many leaves.
// They are variables for tests.
var pageEvents, pageLeaves = 4096, 4096

// logFact is a fact of ours in the log, with its leaf. ordinal counts the facts of ours.
type logFact struct {
	ordinal int64
	event   *eventstore.RecordedEvent
	leaf    evidence.Leaf
	text    []byte
}

// readLog passes pages of events from a position on (inclusive), up to the end of the log as it was
// when the check began, or the first page that is not full.
func readLog(ctx context.Context, log Log, from, end eventstore.Position, pages chan<- []eventstore.RecordedEvent) error {
	defer close(pages)
	for begun := false; ; begun = true {
		events, err := log.ReadAll(ctx, eventstore.Forwards, from, pageEvents)
		if err != nil {
			return fmt.Errorf("read the log: %w", err)
		}
		full := len(events) == pageEvents
		if begun && len(events) > 0 && events[0].Position == from { // a read includes the event at its position
			events = events[1:]
		}
		past := len(events)
		for past > 0 && end.Before(events[past-1].Position) {
			past--
		}
		if past > 0 && !send(ctx, pages, events[:past]) {
			return ctx.Err()
		}
		if !full || past < len(events) || past == 0 {
			return nil
		}
		from = events[past-1].Position
	}
}

// hashFacts makes the leaves of the facts of ours. Events of other streams are left out.
func hashFacts(ctx context.Context, prefixes []string, first int64, pages <-chan []eventstore.RecordedEvent, hashed chan<- []logFact) error {
	defer close(hashed)
	for events := range pages {
		facts := make([]logFact, 0, len(events))
		texts := make([]byte, 0, len(events)*usualLeaf)
		for i := range events {
			if !eventstore.HasPrefix(events[i].Stream, prefixes) {
				continue
			}
			// A fact that can have no leaf was changed: its text differs from every kept one.
			leaf, err := evidence.NewLeaf(events[i])
			if err != nil && !errors.Is(err, evidence.ErrLeaf) {
				return fmt.Errorf("hash a fact: %w", err)
			}
			begin := len(texts)
			texts = leaf.AppendText(texts)
			facts = append(facts, logFact{first, &events[i], leaf, texts[begin:]})
			first++
		}
		if !send(ctx, hashed, facts) {
			return ctx.Err()
		}
	}
	return nil
}

// send passes a value on, and reports whether it was taken before ctx ended.
func send[T any](ctx context.Context, to chan<- T, value T) bool {
	select {
	case to <- value:
		return true
	case <-ctx.Done():
		return false
	}
}
