package publisher

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/eventstore/consumer"
	"nonassociations/eventstore/statecache"
	"nonassociations/publisher/store"
)

// handler implements consumer.Handler for one topic. The consumer calls its
// methods from one goroutine; Status reads it from others.
type handler struct {
	Options

	catalogue domain.Catalogue
	wake      chan struct{} // wakes the consumer, which then commits
	beat      func()        // reports to the consumer that the session is alive
	health    *health

	mu      sync.Mutex
	session *session // of the lease that is held, or was held last
	before  Counts   // of earlier sessions
}

// newHandler returns a handler for a consumer, or for a replay, which has no
// consumer and calls only Decode and newSession.
func newHandler(options Options) *handler {
	options = options.withDefaults()
	return &handler{
		Options: options, catalogue: domain.Events(), wake: make(chan struct{}, 1), beat: func() {},
		health: &health{topic: options.Topic, clock: options.Clock, logger: options.Logger},
	}
}

// newSession returns a session that begins at a checkpoint and does nothing until
// start.
func (h *handler) newSession(was store.Checkpoint) *session {
	s := &session{
		Options: h.Options, beat: h.beat, health: h.health,
		was: was, cache: statecache.NewPairCache(h.Store, cachedPairs),
		pipeline: newPipeline(h.Window, logPosition{at: was.At, last: was.Last, facts: was.Facts}, h.delays),
	}
	s.reread.cache = statecache.NewPairCache(h.Store, cachedPairs/8)
	return s
}

// reached returns the position up to which everything is delivered or parked, or
// the zero position before the first session.
func (h *handler) reached() eventstore.Position {
	s := h.currentSession()
	if s == nil {
		return eventstore.Position{}
	}
	s.pipeline.mu.Lock()
	defer s.pipeline.mu.Unlock()
	return s.pipeline.through.at
}

// currentSession returns the session of the lease, also of one that was lost, or
// nil before the first.
func (h *handler) currentSession() *session {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.session
}

// consumerCheckpoint returns a stored checkpoint as the consumer verifies it.
func (h *handler) consumerCheckpoint(b store.Checkpoint) consumer.Checkpoint {
	var counted *uint64
	if b.Counted {
		counted = &b.Facts
	}
	return consumer.Checkpoint{
		What: "the checkpoint of the " + string(h.Topic) + " topic", Store: b.Store, At: b.At,
		EventID: b.Last.ID, Stream: b.Last.Stream, Revision: b.Last.Revision,
		Facts: counted, Prefixes: domain.StreamPrefixes(),
	}
}

// Check stops the earlier session, which has lost its lease, before the lease is
// asked for again: two sessions of one process must not send side by side. Then
// it verifies the log.
func (h *handler) Check(ctx context.Context, conn *store.Conn) error {
	h.stop()
	_, err := h.verifyLog(ctx, conn)
	return err
}

// verifyLog compares the log with the stored checkpoint and returns the id of the
// log. An error wraps consumer.ErrRefused when they do not belong together.
func (h *handler) verifyLog(ctx context.Context, conn *store.Conn) (uuid.UUID, error) {
	b, err := store.Load(ctx, conn, string(h.Topic))
	if err != nil {
		return uuid.Nil, err
	}
	return consumer.VerifyLog(ctx, h.Store, h.consumerCheckpoint(b))
}

// LoadCheckpoint begins a session of the lease: it loads the checkpoint and the
// parked messages. It returns the position after which the log is to be read.
func (h *handler) LoadCheckpoint(ctx context.Context, conn *store.Conn) (eventstore.Position, error) {
	h.stop()
	id, err := h.verifyLog(ctx, conn)
	if err != nil {
		return eventstore.Position{}, err
	}
	b, err := store.LoadOrCreate(ctx, conn, string(h.Topic), id)
	if err != nil {
		return eventstore.Position{}, err
	}
	parked, err := store.All(ctx, conn, string(h.Topic))
	if err != nil {
		return eventstore.Position{}, err
	}
	s := h.newSession(b)
	s.pipeline.restore(h.Topic, parked)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.session != nil {
		h.before = h.before.plus(h.session.pipeline.counts())
	}
	h.session = s
	return b.At, nil
}

// stop cancels the senders of the current session, if any, and waits for them.
func (h *handler) stop() {
	if s := h.currentSession(); s != nil && s.stop != nil {
		s.stop()
		s.stop = nil
	}
}

// counts returns the totals of all sessions.
func (h *handler) counts() Counts {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.before.plus(h.session.pipeline.counts())
}

// Decode never fails: what this build cannot decode is carried along, so that what
// comes before it is published first.
func (h *handler) Decode(recorded eventstore.RecordedEvent) (fact, error) {
	f := fact{recorded: recorded}
	f.pair, f.err = eventstore.PairOf(recorded.Stream)
	if f.err == nil {
		f.fact, f.err = eventstore.Decode(h.catalogue, recorded)
	}
	return f, nil
}

// chunkSize is how many facts enter the pipeline at once. With fewer, batches to
// SNS would be sent half empty.
const chunkSize = 256

// Apply adds the batch to the pipeline as far as there is room, and does not wait
// until it is delivered. The checkpoint follows the deliveries in CheckLease.
func (h *handler) Apply(ctx context.Context, conn *store.Conn, batch consumer.Batch[fact]) error {
	s := h.currentSession()
	s.start(ctx, h.wake)
	for facts := range slices.Chunk(batch.Events, chunkSize) {
		mapped, failed := s.outgoingOf(ctx, facts)
		if err := s.until(ctx, conn, h.wake, s.pipeline.hasRoom); err != nil {
			return err
		}
		s.pipeline.add(mapped)
		if failed != nil {
			// What comes before the failed fact is published first. The session ends
			// with the error, and a new one would begin before it again.
			return errors.Join(s.drain(ctx, conn, h.wake), failed)
		}
	}
	s.pipeline.readUpTo(logPosition{at: batch.Through})
	return nil
}

// CheckLease commits what was delivered, which fails when the lease is lost.
func (h *handler) CheckLease(ctx context.Context, conn *store.Conn) error {
	return h.currentSession().commit(ctx, conn)
}

// CaughtUp has nothing to do: a publisher answers no reads.
func (h *handler) CaughtUp(context.Context, *store.Conn) error { return nil }
