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

// fact is an event as the log holds it and as this build reads it.
type fact struct {
	recorded eventstore.RecordedEvent
	fact     domain.Fact
	pair     domain.Pair // zero when the fact is of a prisoner number
	err      error       // it cannot be read: poison, but what is before it goes out first
}

// handler is the follow.Handler of a topic.
type handler struct {
	*Publisher

	catalogue domain.Catalogue
	wake      chan struct{}

	mu      sync.Mutex
	session *session // of the lease that is held, or was
	before  Counts   // of the sessions before it
}

func (h *handler) current() *session {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.session
}

func (h *handler) origin(b store.Checkpoint) consumer.Checkpoint {
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

// Check is follow.Handler's. The session before has lost its lease, and must be
// silent before another one is asked for.
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
	return consumer.VerifyLog(ctx, h.Store, h.origin(b))
}

// cachedPairs is how many non-associations the folding remembers.
const cachedPairs = 16_384

// LoadCheckpoint is follow.Handler's.
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
		pipeline: newPipeline(p.Window, logPlace{at: was.At, last: was.Last, facts: was.Facts}, p.delays),
	}
	s.reread.cache = statecache.NewPairCache(p.Store, cachedPairs/8)
	return s
}

// stop silences the session, if one speaks.
func (h *handler) stop() {
	if s := h.current(); s != nil && s.stop != nil {
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

// Decode is follow.Handler's.
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

// chunkSize is how many facts go on the line at once, so that batches are full.
const chunkSize = 256

// Apply is follow.Handler's: it puts the batch on the line and does not wait for
// it to be told. The checkpoint follows when it is.
func (h *handler) Apply(ctx context.Context, conn *store.Conn, batch consumer.Batch[fact]) error {
	s := h.current()
	s.start(ctx, h.wake)
	for facts := range slices.Chunk(batch.Events, chunkSize) {
		parcels, failed := s.outgoingOf(ctx, facts)
		if err := s.until(ctx, conn, h.wake, s.pipeline.hasRoom); err != nil {
			return err
		}
		s.pipeline.add(parcels)
		if failed != nil {
			// What is before it is told first: to begin again would take it back.
			return errors.Join(s.drain(ctx, conn, h.wake), failed)
		}
	}
	s.pipeline.readUpTo(logPlace{at: batch.Through})
	return nil
}

// outgoingOf are the facts up to one that this build cannot tell.
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
	p := outgoing{position: logPlace{
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

// CheckLease is follow.Handler's.
func (h *handler) CheckLease(ctx context.Context, conn *store.Conn) error {
	return h.current().commit(ctx, conn)
}

// CaughtUp is follow.Handler's.
func (h *handler) CaughtUp(context.Context, *store.Conn) error { return nil }
