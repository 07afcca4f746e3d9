package publisher_test

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/publisher/message"
	"nonassociations/publisher/store"
)

// expectedMessages are the messages of the whole log on a topic, in its order.
func (w *harness) expectedMessages(topic message.Topic) []message.Message {
	w.t.Helper()
	events, err := w.log.ReadAll(context.Background(), eventstore.Forwards, eventstore.Start, 1<<20)
	require.NoError(w.t, err)
	states := map[string]domain.State{}
	var all []message.Message
	for _, recorded := range events {
		pair, err := domain.ParseStream(recorded.Stream)
		if err != nil {
			continue // the identity
		}
		fact, err := eventstore.Decode(domain.Events(), recorded)
		require.NoError(w.t, err)
		before := states[recorded.Stream]
		before.Pair = pair
		after := domain.Evolve(before, fact)
		states[recorded.Stream] = after
		messages, err := testMapper().Messages(recorded, fact, before, after)
		require.NoError(w.t, err)
		for _, m := range messages {
			if m.Topic == topic {
				all = append(all, m)
			}
		}
	}
	return all
}

// publishedIDs are the event ids on the queue in the order of their arrival.
func (w *harness) publishedIDs() []string {
	var ids []string
	for _, m := range w.aws.Messages(queue) {
		ids = append(ids, m.Attributes["eventId"].Value)
	}
	return ids
}

// requirePublished waits until all messages of the log are published but for some. It
// then requires that no other is, and that those of each pair are in order.
func (w *harness) requirePublished(topic message.Topic, but ...uuid.UUID) []string {
	w.t.Helper()
	due := slices.DeleteFunc(w.expectedMessages(topic), func(m message.Message) bool { return slices.Contains(but, m.EventID) })
	require.Eventually(w.t, func() bool { return w.distinct() >= len(due) }, waitLimit, pollInterval,
		"of %d", len(due))
	heard := w.publishedIDs()
	known := map[string]bool{}
	for _, m := range due {
		known[m.EventID.String()] = true
	}
	first, perPair := map[string]int{}, map[domain.Pair][]int{}
	for i, id := range heard {
		require.True(w.t, known[id], "%s is not in the log", id)
		if _, again := first[id]; !again {
			first[id] = i
		}
	}
	for _, m := range due {
		for _, pair := range m.Pairs {
			perPair[pair] = append(perPair[pair], first[m.EventID.String()])
		}
	}
	for pair, order := range perPair {
		require.True(w.t, slices.IsSorted(order), "order of %s", pair)
	}
	return heard
}

// distinct counts the event ids on the queue. It looks at each message once, since
// it is called often.
func (w *harness) distinct() int {
	messages := w.aws.Messages(queue)
	for _, m := range messages[w.counted:] {
		w.seen[m.Attributes["eventId"].Value] = true
	}
	w.counted = len(messages)
	return len(w.seen)
}

// bodies are the whole messages on the queue.
func (w *harness) eventOf(body string) message.DomainEvent {
	w.t.Helper()
	var e message.DomainEvent
	require.NoError(w.t, json.Unmarshal([]byte(body), &e))
	return e
}

// waitForCheckpoint waits until the checkpoint is behind everything.
func (w *harness) waitForCheckpoint(topic message.Topic) {
	w.t.Helper()
	events, err := w.log.ReadAll(context.Background(), eventstore.Backwards, eventstore.End, 1)
	require.NoError(w.t, err)
	require.Eventually(w.t, func() bool {
		checkpoint, err := store.Load(context.Background(), w.db, string(topic))
		return err == nil && !checkpoint.At.Before(events[0].Position)
	}, waitLimit, pollInterval)
}
