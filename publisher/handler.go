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
	"nonassociations/eventstore/consumer/status"
	"nonassociations/eventstore/statecache"
	"nonassociations/publisher/message"
	"nonassociations/publisher/store"
)

// fact is an event as the log holds it and as this build decodes it.
type fact struct {
	recorded eventstore.RecordedEvent
	fact     domain.Fact
	pair     domain.Pair // zero when the fact is of a prisoner number
	// err is why this build cannot decode the fact. The fact is then poison, and
	// everything before it is published first.
	err error
}

// handler implements consumer.Handler for one topic. The consumer calls its
// methods from one goroutine; Status reads it from others.
type handler struct {
	*Publisher

	catalogue domain.Catalogue
	wake      chan struct{}

	mu      sync.Mutex
	session *session // of the lease that is held, or was held last
	before  Counts   // of earlier sessions
}

func (h *handler) currentSession() *session {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.session
}

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

func (h *handler) verifyLog(ctx context.Context, conn *store.Conn) (uuid.UUID, error) {
	b, err := store.Load(ctx, conn, string(h.Topic))
	if err != nil {
		return uuid.Nil, err
	}
	return consumer.VerifyLog(ctx, h.Store, h.consumerCheckpoint(b))
}

// cachedPairs bounds the cache of folded pairs, in non-associations.
const cachedPairs = 16_384

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

func (p *Publisher) newSession(was store.Checkpoint) *session {
	s := &session{
		Publisher: p, was: was, cache: statecache.NewPairCache(p.Store, cachedPairs),
		pipeline: newPipeline(p.Window, logPosition{at: was.At, last: was.Last, facts: was.Facts}, p.delays),
	}
	s.reread.cache = statecache.NewPairCache(p.Store, cachedPairs/8)
	return s
}

// stop cancels the senders of the current session, if any, and waits for them.
func (h *handler) stop() {
	if s := h.currentSession(); s != nil && s.stop != nil {
		s.stop()
		s.stop = nil
	}
}

func (h *handler) counts() Counts {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.before.plus(h.session.pipeline.counts())
}

func (c Counts) plus(d Counts) Counts {
	return Counts{c.Delivered + d.Delivered, c.Faults + d.Faults, c.Refusals + d.Refusals}
}

func (l *pipeline) counts() Counts {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.count
}

// Decode never fails: what this build cannot decode is carried along, so that what
// comes before it is published first.
func (h *handler) Decode(recorded eventstore.RecordedEvent) (fact, error) {
	f := fact{recorded: recorded}
	if _, err := domain.ParsePrisonerStream(recorded.Stream); err != nil {
		f.pair, f.err = domain.ParseStream(recorded.Stream)
	}
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
		parcels, failed := s.outgoingOf(ctx, facts)
		if err := s.until(ctx, conn, h.wake, s.pipeline.hasRoom); err != nil {
			return err
		}
		s.pipeline.add(parcels)
		if failed != nil {
			// What comes before the failed fact is published first. The session ends
			// with the error, and a new one would begin before it again.
			return errors.Join(s.drain(ctx, conn, h.wake), failed)
		}
	}
	s.pipeline.readUpTo(logPosition{at: batch.Through})
	return nil
}

// outgoingOf maps facts up to the first that fails, and returns what it has with
// the error of that one.
func (s *session) outgoingOf(ctx context.Context, facts []fact) ([]outgoing, error) {
	parcels := make([]outgoing, 0, len(facts))
	for _, f := range facts {
		p, err := s.outgoingOfFact(ctx, f)
		if err != nil {
			return parcels, err
		}
		parcels = append(parcels, p)
	}
	return parcels, nil
}

func (s *session) outgoingOfFact(ctx context.Context, f fact) (outgoing, error) {
	p := outgoing{position: logPosition{
		at: f.recorded.Position, when: f.recorded.RecordedAt,
		last: store.Event{ID: f.recorded.ID, Stream: f.recorded.Stream, Revision: f.recorded.Revision},
	}}
	if f.err != nil {
		return p, f.poison(f.err, "")
	}
	var before, after domain.State
	if f.pair != (domain.Pair{}) {
		var err error
		if before, err = s.cache.StateBefore(ctx, f.pair, f.recorded.Revision); err != nil {
			return p, err
		}
		after = domain.Evolve(before, f.fact)
		s.cache.Put(after, f.recorded.Revision)
	}
	messages, err := s.Mapper.Messages(f.recorded, f.fact, before, after)
	if err != nil {
		return p, f.poison(err, status.Other)
	}
	p.messages = slices.DeleteFunc(messages, func(m message.Message) bool { return m.Topic != s.Topic })
	return p, nil
}

func (f fact) poison(err error, as status.Kind) error {
	return &consumer.Poison{
		EventID: f.recorded.ID, Type: f.recorded.Type, Stream: f.recorded.Stream,
		Revision: f.recorded.Revision, Position: f.recorded.Position, As: as, Err: err,
	}
}

// CheckLease commits what was delivered, which fails when the lease is lost.
func (h *handler) CheckLease(ctx context.Context, conn *store.Conn) error {
	return h.currentSession().commit(ctx, conn)
}

// CaughtUp has nothing to do: a publisher answers no reads.
func (h *handler) CaughtUp(context.Context, *store.Conn) error { return nil }
