package publisher

import (
	"context"
	"slices"
	"sync"

	"nonassociations/domain"
	"nonassociations/eventstore/consumer/status"
	"nonassociations/eventstore/statecache"
	"nonassociations/publisher/message"
	"nonassociations/publisher/store"
)

// reload maps facts again whose bodies were dropped: parked ones, and those far
// beyond a full window. Its cache is apart from the session's, since these facts
// come in any order.
type reload struct {
	mu    sync.Mutex
	cache *statecache.PairCache
}

// withBodies returns the deliveries with bodies, mapping missing ones from the log.
// One that cannot be read is backed off and left out.
func (s *session) withBodies(ctx context.Context, deliveries []*delivery) []*delivery {
	var all []*delivery
	for _, d := range deliveries {
		if d.message.Body != nil {
			all = append(all, d)
			continue
		}
		found, err := s.reload(ctx, &d.message)
		switch {
		case err != nil:
			s.unreadable(ctx, d, err)
		case !found:
			s.Logger.WarnContext(ctx, "this build has no message for a parked fact: dropped", "topic", s.Topic, "event", d.message.EventID)
			s.pipeline.drop(d)
		default:
			all = append(all, d)
		}
	}
	return all
}

// reload fills in body and attributes as this build maps them. It returns false
// when this build has no message for the fact.
func (s *session) reload(ctx context.Context, m *message.Message) (bool, error) {
	s.reread.mu.Lock()
	defer s.reread.mu.Unlock()
	return mapAgain(ctx, s.Store, s.Mapper, s.reread.cache, m)
}

// outgoingOf maps facts up to the first that fails, and returns what it has with
// the error of that one.
func (s *session) outgoingOf(ctx context.Context, facts []fact) ([]outgoing, error) {
	mapped := make([]outgoing, 0, len(facts))
	for _, f := range facts {
		p, err := s.outgoingOfFact(ctx, f)
		if err != nil {
			return mapped, err
		}
		mapped = append(mapped, p)
	}
	return mapped, nil
}

// outgoingOfFact maps one fact. The states before and after it come from the cache,
// which loads the stream when it does not hold the revision before. A stream that
// lost its beginning is an error there: it would fold to a wrong state, and a wrong
// message would be sent.
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
