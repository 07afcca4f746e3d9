package eventstore_test

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"nonassociations/eventstore"
	"nonassociations/eventstore/memory"
)

var headPrefixes = []string{"ours-"}

// follows subscribes until everything that is there was delivered.
func follows(t require.TestingT, v *eventstore.Verified, from eventstore.Position) {
	caughtUp := errors.New("caught up")
	err := v.Subscribe(context.Background(), from, headPrefixes, func(m eventstore.Message) error {
		if m.Kind == eventstore.CaughtUp {
			return caughtUp
		}
		return nil
	})
	require.ErrorIs(t, err, caughtUp)
}

// TestHead_thatIsSharedIsTheLastEventOfOurs: whoever appends, searches and subscribes from
// wherever, in any order.
func TestHead_thatIsSharedIsTheLastEventOfOurs(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		v := eventstore.Verify(memory.New())
		places := []eventstore.Position{eventstore.Start}
		var last, end eventstore.Position
		for n := range rapid.IntRange(1, 40).Draw(t, "steps") {
			switch rapid.IntRange(0, 3).Draw(t, "step") {
			case 0:
				end = add(t, v, "other-"+strconv.Itoa(n))
			case 1:
				last = add(t, v, "ours-"+strconv.Itoa(n))
				end = last
			case 2:
				follows(t, v, rapid.SampledFrom(places).Draw(t, "from"))
			case 3:
				head, err := eventstore.FindHead(context.Background(), v, headPrefixes, eventstore.Head{})
				require.NoError(t, err)
				require.Equal(t, last, head.Own)
				require.False(t, head.End.Before(end))
			}
			places = append(places, end)
		}
	})
}

// TestSearch_readsNothingThatThisProcessHasSeen: neither by another search nor by a
// subscription.
func TestSearch_readsNothingThatThisProcessHasSeen(t *testing.T) {
	t.Parallel()
	log := &unsteady{Store: memory.New(), fails: func(int) bool { return false }}
	v := eventstore.Verify(log)
	last := add(t, v, "ours-1")
	reads := func() int {
		before := log.reads
		head, err := eventstore.FindHead(t.Context(), v, headPrefixes, eventstore.Head{})
		require.NoError(t, err)
		require.Equal(t, last, head.Own)
		return log.reads - before
	}
	ofOthers := func() {
		for range 2000 {
			add(t, log, "other-"+uuid.NewString())
		}
	}
	ofOthers()
	require.Greater(t, reads(), 4)
	require.Equal(t, 1, reads(), "another search has seen them")
	ofOthers()
	follows(t, v, eventstore.Start)
	require.Equal(t, 1, reads(), "a subscription has passed them")
}

// TestHead_ofAnotherLogIsForgotten: a subscription may have passed places of a log that stood
// in the place of the right one. They say nothing of what the right one has there.
func TestHead_ofAnotherLogIsForgotten(t *testing.T) {
	t.Parallel()
	log, right := connectedTo(logOf(t, theLog, 5)), memory.New()
	counted := &unsteady{Store: log.Store, fails: func(int) bool { return false }}
	v := eventstore.Verify(counted)
	last := add(t, v, "ours-1")
	for range 2000 {
		add(t, log, "other-"+uuid.NewString())
	}
	reads := func() int {
		before := counted.reads
		head, err := eventstore.FindHead(t.Context(), v, headPrefixes, eventstore.Head{})
		require.NoError(t, err)
		require.Equal(t, last, head.Own)
		return counted.reads - before
	}
	require.Greater(t, reads(), 4)
	require.Equal(t, 1, reads())
	right.Replace(log.Store)
	changed := func(to *memory.Store, mismatch bool) {
		log.Replace(to)
		ctx, stop := context.WithCancel(t.Context())
		watched := make(chan error, 1)
		go func() { watched <- v.Watch(ctx, poll, slog.New(slog.DiscardHandler)) }()
		require.Eventually(t, func() bool { return (v.Mismatch() != nil) == mismatch }, patience, poll)
		stop()
		require.ErrorIs(t, <-watched, context.Canceled)
	}
	changed(logOf(t, another, 9), true)
	changed(right, false)
	require.Greater(t, reads(), 4)
}
