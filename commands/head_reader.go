package commands

import (
	"context"

	"nonassociations/domain"
	"nonassociations/eventstore"
)

// headReader finds the last fact of ours in a log that may hold events of others, in one
// read for all who ask at the same time.
type headReader struct {
	log    eventstore.Store
	shared *eventstore.Shared
	found  eventstore.Head // by the previous read
}

func newHeadReader(log eventstore.Store) *headReader {
	h := &headReader{log: log}
	h.shared = eventstore.Share(h.search)
	return h
}

// read is the position of the last fact of ours, Start when there is none.
func (h *headReader) read(ctx context.Context) (eventstore.Position, error) { return h.shared.Get(ctx) }

// search goes on from where the previous one began. One that failed leaves
// nothing behind.
func (h *headReader) search(ctx context.Context) (eventstore.Position, error) {
	found, err := eventstore.FindHead(ctx, h.log, domain.StreamPrefixes(), h.found)
	if err != nil {
		return eventstore.Position{}, err
	}
	h.found = found
	return found.Own, nil
}
