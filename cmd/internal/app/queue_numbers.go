package app

import (
	"context"
	"maps"
	"sync"
	"time"

	"nonassociations/nomis"
)

const (
	keepNumbers = 30 * time.Second // an answer is used again for as long
	waitNumbers = time.Second      // a scrape waits no longer for a new one
)

// queueNumbers keeps how many messages the queues have, so that a scrape never waits
// long for SQS. It is safe for concurrent use.
type queueNumbers struct {
	// ask returns the numbers by the id of the queue, without those that cannot be had,
	// within a few seconds.
	ask   func() map[string]nomis.QueueStatus
	clock func() time.Time

	mu    sync.Mutex
	at    time.Time
	found map[string]nomis.QueueStatus
	asked chan struct{} // closed when the question under way is answered; nil without one
}

// get returns the last answer unless it is too old, and asks for a new one then. It
// returns nil when that does not come in time; the question goes on.
func (q *queueNumbers) get(ctx context.Context) map[string]nomis.QueueStatus {
	q.mu.Lock()
	if q.asked == nil && q.isOld() {
		q.asked = make(chan struct{})
		go q.renew(q.asked)
	}
	asked := q.asked
	q.mu.Unlock()
	if asked != nil {
		patience := time.NewTimer(waitNumbers)
		defer patience.Stop()
		select {
		case <-asked:
		case <-patience.C:
		case <-ctx.Done():
		}
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.isOld() {
		return nil
	}
	return maps.Clone(q.found)
}

// isOld reports whether the answer is not to be used any more. The lock is held.
func (q *queueNumbers) isOld() bool { return q.at.IsZero() || q.clock().Sub(q.at) > keepNumbers }

// renew asks once and keeps the answer.
func (q *queueNumbers) renew(answered chan struct{}) {
	at := q.clock()
	found := q.ask()
	q.mu.Lock()
	defer q.mu.Unlock()
	q.at, q.found, q.asked = at, found, nil
	close(answered)
}

// askQueues asks all queues at the same time.
func (p *process) askQueues() map[string]nomis.QueueStatus {
	ctx, cancel := context.WithTimeout(p.below, scrapeTimeout)
	defer cancel()
	var (
		mu     sync.Mutex
		asking sync.WaitGroup
	)
	found := map[string]nomis.QueueStatus{}
	for i, name := range p.queues.Names() {
		asking.Go(func() {
			numbers, err := p.queues.Status(ctx, name)
			if err != nil {
				p.Logger.WarnContext(ctx, "the numbers of a queue cannot be read", "queue", p.queueIDs[i], "error", err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			found[p.queueIDs[i]] = numbers
		})
	}
	asking.Wait()
	return found
}
