package commands

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"nonassociations/domain"
	"nonassociations/eventstore"
)

// searchTime ends a search that no waiting caller can end any more.
const searchTime = 10 * time.Second

// head finds the last fact of ours in a log that may hold events of others. All
// who ask while a read is under way share the next one, which begins after they
// asked, so that a rush of misses costs one read at a time.
type head struct {
	log eventstore.Store

	mu      sync.Mutex
	running bool
	next    *reading // the read that those who come now will share

	begun eventstore.Position // where the previous read began: everything up to here was looked at
	last  eventstore.Position // the last fact of ours up to there
}

type reading struct {
	done     chan struct{}
	waiters  int
	position eventstore.Position
	err      error
}

// read is the position of the last fact of ours, Start when there is none.
func (h *head) read(ctx context.Context) (eventstore.Position, error) {
	h.mu.Lock()
	if h.next == nil {
		h.next = &reading{done: make(chan struct{})}
	}
	mine := h.next
	mine.waiters++
	if !h.running {
		h.running = true
		go h.serve(context.WithoutCancel(ctx))
	}
	h.mu.Unlock()
	select {
	case <-mine.done:
		return mine.position, mine.err
	case <-ctx.Done():
		return eventstore.Position{}, ctx.Err()
	}
}

// serve reads as long as somebody waits. A caller who leaves does not take the
// read away from the others.
func (h *head) serve(ctx context.Context) {
	for {
		h.mu.Lock()
		r := h.next
		h.next, h.running = nil, r != nil
		h.mu.Unlock()
		if r == nil {
			return
		}
		r.position, r.err = h.search(ctx)
		close(r.done)
	}
}

// search goes backwards from the end of the log to the first fact of ours, or
// to where the previous search began. Only serve calls it, one at a time.
func (h *head) search(ctx context.Context) (eventstore.Position, error) {
	// In a log of our own the last event is nearly always ours. Asking for more
	// would make a store that passes over events of its own go a long way back.
	const firstPage, page = 1, 512
	ctx, cancel := context.WithTimeout(ctx, searchTime)
	defer cancel()
	begun, from, limit := h.begun, eventstore.End, firstPage
	for {
		events, err := h.log.ReadAll(ctx, eventstore.Backwards, from, limit)
		if err != nil {
			return eventstore.Position{}, fmt.Errorf("read the head of the log: %w", err)
		}
		if from == eventstore.End && len(events) > 0 {
			begun = events[0].Position
		}
		for _, e := range events {
			if !h.begun.Before(e.Position) {
				h.begun = begun
				return h.last, nil
			}
			if strings.HasPrefix(e.Stream, domain.StreamPrefix) {
				h.begun, h.last = begun, e.Position
				return e.Position, nil
			}
			from = e.Position
		}
		if len(events) < limit {
			h.begun = begun
			return h.last, nil
		}
		limit = page
	}
}
