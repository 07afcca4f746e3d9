package commands

import (
	"context"

	"nonassociations/domain"
	"nonassociations/eventstore"
)

// headReader finds the last fact of this service in a log that may also hold events of
// others. Concurrent calls share one read. It is safe for concurrent use.
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

// read returns the position of the last fact of this service, or Start when there is
// none.
func (h *headReader) read(ctx context.Context) (eventstore.Position, error) { return h.shared.Get(ctx) }

// search continues from the head that the previous search found, so that it does not
// read the same foreign events again. A failed search keeps the previous head.
func (h *headReader) search(ctx context.Context) (eventstore.Position, error) {
	found, err := eventstore.FindHead(ctx, h.log, domain.StreamPrefixes(), h.found)
	if err != nil {
		return eventstore.Position{}, err
	}
	h.found = found
	return found.Own, nil
}
