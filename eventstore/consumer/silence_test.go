package consumer_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/eventstore"
	"nonassociations/eventstore/consumer"
	"nonassociations/eventstore/memory"
)

// stalledStore is a log whose subscriptions go silent before they have caught up.
type stalledStore struct{ *memory.Store }

func (s stalledStore) Subscribe(ctx context.Context, from eventstore.Position, _ []string, deliver func(eventstore.Message) error) error {
	events, err := s.ReadAll(ctx, eventstore.Forwards, from, 100)
	if err != nil {
		return err
	}
	for _, event := range events {
		if err := deliver(eventstore.Message{Kind: eventstore.EventAppeared, Event: event, Position: event.Position}); err != nil {
			return err
		}
	}
	<-ctx.Done()
	return ctx.Err()
}

// A handler that expects more events delays its commit. It must not wait
// for ever.
func TestHandler_seesTheEndOfTheLog(t *testing.T) {
	b, k := newFixture(t), &tableHandler{}
	b.happens("ours-", "one", "two")
	b.follow(k, func(o *consumer.Options) { o.Store = stalledStore{b.log} })
	require.Eventually(t, func() bool {
		k.mu.Lock()
		defer k.mu.Unlock()
		if len(k.batches) < 2 || !k.batches[0].More {
			return false
		}
		last := k.batches[len(k.batches)-1]
		return !last.More && len(last.Events) == 0
	}, waitTime, poll)
}
