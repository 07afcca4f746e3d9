package publisher

import (
	"context"
	"fmt"
	"sync"

	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/eventstore/statecache"
	"nonassociations/publisher/message"
)

// reload makes a message again that was parked, or that the window had no room for.
type reload struct {
	mu    sync.Mutex
	cache *statecache.PairCache
}

// whole reads from the log what letters without a body say. Those that cannot be
// read stay behind, and are tried again by themselves.
func (s *session) whole(ctx context.Context, letters []*delivery) []*delivery {
	var all []*delivery
	for _, it := range letters {
		if it.message.Body != nil {
			all = append(all, it)
			continue
		}
		told, err := s.reload(ctx, &it.message)
		switch {
		case err != nil:
			s.unreadable(ctx, it, err)
		case !told:
			s.Logger.WarnContext(ctx, "this build does not tell of a fact that was parked", "topic", s.Topic, "event", it.message.EventID)
			s.pipeline.failedAll(it)
		default:
			all = append(all, it)
		}
	}
	return all
}

// reload gives a message the body that the fact has today; false when this
// build tells nothing of it.
func (s *session) reload(ctx context.Context, m *message.Message) (bool, error) {
	s.reread.mu.Lock()
	defer s.reread.mu.Unlock()
	pair := m.Pairs[0]
	events, err := s.Store.ReadStream(ctx, pair.Stream(), eventstore.Forwards, m.Revision, 1)
	if err != nil {
		return false, fmt.Errorf("read fact %s again: %w", m.EventID, err)
	}
	if len(events) == 0 || events[0].ID != m.EventID {
		return false, fmt.Errorf("fact %s is not at revision %d of %s any more", m.EventID, m.Revision, pair)
	}
	recorded := events[0]
	recorded.Position = m.Position // not every server sends it with a stream
	read, err := eventstore.Decode(domain.Events(), recorded)
	if err != nil {
		return false, err
	}
	before, err := s.reread.cache.StateBefore(ctx, pair, m.Revision)
	if err != nil {
		return false, err
	}
	after := domain.Evolve(before, read)
	s.reread.cache.Put(after, m.Revision)
	messages, err := s.Mapper.Messages(recorded, read, before, after)
	if err != nil {
		return false, err
	}
	for _, again := range messages {
		if again.Topic == m.Topic {
			m.Body, m.Attributes = again.Body, again.Attributes
			return true, nil
		}
	}
	return false, nil
}
