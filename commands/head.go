package commands

import (
	"context"
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

	found eventstore.Head // by the previous read
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

// search goes on from where the previous one began. One that failed leaves
// nothing behind. Only serve calls it, one at a time.
func (h *head) search(ctx context.Context) (eventstore.Position, error) {
	ctx, cancel := context.WithTimeout(ctx, searchTime)
	defer cancel()
	found, err := eventstore.FindHead(ctx, h.log, domain.StreamPrefixes(), h.found)
	if err != nil {
		return eventstore.Position{}, err
	}
	h.found = found
	return found.Own, nil
}
