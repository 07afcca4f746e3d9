package eventstore

import (
	"context"
	"fmt"
)

// Head is the end of the log as found by one backwards search. The zero Head is that
// of a log that was never searched.
type Head struct {
	Own Position // the last event of the wanted streams; Start when there is none
	End Position // the last event of any stream when the search began, or a later place that a subscription passed
}

// headPage is the page size of a search when the last event is of another stream.
const headPage = 512

// FindHead finds the last event of the streams that begin with one of the prefixes
// (see [Begins]). It reads backwards from the end of the log to that event, or to
// where the previous search began: pass the last result, or the zero Head. After an
// error, keep the previous Head. All who search in a Verified share what is known, and
// subscriptions add to it. Errors: those of ReadAll.
func FindHead(ctx context.Context, store Store, prefixes []string, previous Head) (Head, error) {
	if shared, is := store.(headKeeper); is {
		return shared.findHead(ctx, prefixes)
	}
	return findHead(ctx, store, prefixes, previous)
}

// headKeeper is a store that keeps what is known of its head: a Verified.
type headKeeper interface {
	findHead(ctx context.Context, prefixes []string) (Head, error)
}

// findHead searches in the store.
func findHead(ctx context.Context, store Store, prefixes []string, previous Head) (Head, error) {
	// The last event is nearly always of a wanted stream, so the first page has one
	// event. A larger one would make a store that skips system events read far back.
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
			if HasPrefix(event.Stream, prefixes) {
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
