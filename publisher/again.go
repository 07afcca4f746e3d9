package publisher

import (
	"context"
	"fmt"

	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/eventstore/statecache"
	"nonassociations/publisher/message"
	"nonassociations/publisher/store"
)

// MessageOf returns what would be sent for a parked message, as this build maps its fact
// now. found is false when this build has no message for it. Errors: the fact is not where
// it was, those of a read, and those of an event that does not decode.
func MessageOf(ctx context.Context, log eventstore.Store, mapper message.Mapper, parked store.Parked) (of message.Message, found bool, err error) {
	of = message.Message{
		Topic: message.Topic(parked.Topic), EventID: parked.EventID, Pairs: parked.Pairs, Revision: parked.Revision, Position: parked.Position,
	}
	found, err = mapAgain(ctx, log, mapper, statecache.NewPairCache(log, 1), &of)
	return of, found, err
}

// mapAgain fills in body and attributes of a message from its fact. It returns false when
// this build has no message for the fact.
func mapAgain(ctx context.Context, log eventstore.Store, mapper message.Mapper, cache *statecache.PairCache, m *message.Message) (bool, error) {
	pair := m.Pairs[0]
	events, err := log.ReadStream(ctx, pair.Stream(), eventstore.Forwards, m.Revision, 1)
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
	before, err := cache.StateBefore(ctx, pair, m.Revision)
	if err != nil {
		return false, err
	}
	after := domain.Evolve(before, read)
	cache.Put(after, m.Revision)
	messages, err := mapper.Messages(recorded, read, before, after)
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
