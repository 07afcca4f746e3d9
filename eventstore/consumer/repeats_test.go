package consumer_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/eventstore"
	"nonassociations/eventstore/consumer"
)

// repeatingStore is a store whose subscriptions repeat messages. say gets each
// message, all messages before it, and the function to deliver with.
type repeatingStore struct {
	eventstore.Store

	say func(m eventstore.Message, before []eventstore.Message, deliver func(eventstore.Message) error) error
}

func (s repeatingStore) Subscribe(ctx context.Context, from eventstore.Position, prefixes []string, deliver func(eventstore.Message) error) error {
	var before []eventstore.Message
	return s.Store.Subscribe(ctx, from, prefixes, func(m eventstore.Message) error {
		err := s.say(m, before, deliver)
		before = append(before, m)
		return err
	})
}

func all(deliver func(eventstore.Message) error, messages ...eventstore.Message) error {
	for _, m := range messages {
		if err := deliver(m); err != nil {
			return err
		}
	}
	return nil
}

// inclusiveStore is a store whose subscriptions begin at the position and not behind
// it, and break after a few messages.
type inclusiveStore struct{ eventstore.Store }

func (s inclusiveStore) Subscribe(ctx context.Context, from eventstore.Position, prefixes []string, deliver func(eventstore.Message) error) error {
	if from.Commit > 0 {
		from = eventstore.Position{Commit: from.Commit - 1, Prepare: from.Commit - 1}
	}
	return breakingStore(s).Subscribe(ctx, from, prefixes, deliver)
}

// An event that comes again, for whatever reason, is worked on once; the place
// that a consumer stores never goes back.
func TestRepeatedEvent_isAppliedOnce(t *testing.T) {
	type say = func(m eventstore.Message, before []eventstore.Message, deliver func(eventstore.Message) error) error
	saying := func(s say) func(eventstore.Store) eventstore.Store {
		return func(store eventstore.Store) eventstore.Store { return repeatingStore{store, s} }
	}
	for name, store := range map[string]func(eventstore.Store) eventstore.Store{
		"each twice": saying(func(m eventstore.Message, _ []eventstore.Message, deliver func(eventstore.Message) error) error {
			return all(deliver, m, m)
		}),
		"the one before, behind each": saying(func(m eventstore.Message, before []eventstore.Message, deliver func(eventstore.Message) error) error {
			return all(deliver, append([]eventstore.Message{m}, before[max(0, len(before)-1):]...)...)
		}),
		"all from the beginning, behind each": saying(func(m eventstore.Message, before []eventstore.Message, deliver func(eventstore.Message) error) error {
			return all(deliver, append([]eventstore.Message{m}, before...)...)
		}),
		"the beginning again, live": saying(func(m eventstore.Message, before []eventstore.Message, deliver func(eventstore.Message) error) error {
			if m.Kind != eventstore.CaughtUp {
				return deliver(m)
			}
			return all(deliver, append(append([]eventstore.Message{m}, before...), m)...)
		}),
		"what was done with, behind a break": func(store eventstore.Store) eventstore.Store { return inclusiveStore{store} },
	} {
		t.Run(name, func(t *testing.T) {
			b, k := newFixture(t), &tableHandler{}
			var want []string
			for i := range 12 {
				want = append(want, fmt.Sprint("e", i))
			}
			b.happens("ours-", want[:6]...)
			f := b.follow(k, func(o *consumer.Options) { o.Store, o.Catchup, o.Live = store(b.log), 4, 3 })
			b.sees(want[:6]...)
			b.happens("ours-", want[6:]...)
			last := b.happens("theirs-", "end")
			require.Eventually(t, func() bool { return f.Status().Position.Uint64() >= last.Uint64() }, waitTime, poll)
			b.sees(want...)
			k.mu.Lock()
			defer k.mu.Unlock()
			place := eventstore.Start
			for _, batch := range k.batches {
				require.False(t, batch.Through.Before(place), "%s behind %s", batch.Through, place)
				place = batch.Through
			}
		})
	}
}

// Facts of several kinds of stream are followed in the one order of the log; what
// is not ours is neither worked on nor waited for.
func TestConsumer_ofSeveralPrefixesSeesOneOrder(t *testing.T) {
	b, k := newFixture(t), &tableHandler{}
	var want []string
	write := func(from, to int) {
		for i := from; i < to; i++ {
			name := fmt.Sprint("e", i)
			b.happens([]string{"ours-", "also-", "theirs-"}[i%3], name)
			if i%3 < 2 {
				want = append(want, name)
			}
		}
	}
	write(0, 10)
	f := b.follow(k, func(o *consumer.Options) { o.Prefixes = []string{"ours-", "also-"} })
	require.Eventually(t, k.hasCaughtUp, waitTime, poll)
	write(10, 20)
	b.sees(want...)
	own := b.happens("also-", "last")
	b.happens("theirs-", "behind it")
	want = append(want, "last")
	b.sees(want...)
	require.Eventually(t, func() bool { return f.Status().Head == own }, waitTime, poll)
}
