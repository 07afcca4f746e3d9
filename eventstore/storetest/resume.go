package storetest

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/eventstore"
)

// resumeTests are the rules of subscriptions that continue from a position. Every
// position that a subscription names is a valid start.
func (s *suite) resumeTests() map[string]func(t *testing.T) {
	return map[string]func(t *testing.T){
		"from an event's position: exclusive":          s.fromEvents,
		"from a checkpoint: nothing lost, none twice":  s.fromCheckpoints,
		"from the checkpoint at the end of the log":    s.fromLastCheckpoint,
		"from the end: only what is written later":     s.fromEnd,
		"checkpoints never go backwards":               s.checkpointsRise,
		"a subscription that ended, then from its end": s.endAndResume,
	}
}

// scattered writes events with the prefix among many without, so that a filtered
// subscription sends checkpoints between its events. It returns a position before all
// of them.
func (s *suite) scattered(t *testing.T, prefix string, mine, between int) eventstore.Position {
	before := s.mark(t)
	var appends []eventstore.Append
	for i := range mine {
		appends = append(appends, eventstore.Append{Stream: prefix + strconv.Itoa(i), Expected: eventstore.NoStream, Events: events(1)})
		for range between {
			appends = append(appends, eventstore.Append{Stream: s.stream(), Expected: eventstore.NoStream, Events: events(1)})
		}
	}
	for _, outcome := range s.store.AppendMany(within(t), appends) {
		require.NoError(t, outcome.Err)
	}
	return before
}

// fromEvents continues from the position of each event, which is exclusive. A consumer
// stores the position of the last event that it applied.
func (s *suite) fromEvents(t *testing.T) {
	prefix := s.prefix()
	before := s.scattered(t, prefix, 6, 2)
	all := appeared(s.listen(t, before, prefix).untilCaughtUp(t))
	require.Len(t, all, 6)
	for i, event := range all {
		rest := appeared(s.listen(t, event.Position, prefix).untilCaughtUp(t))
		require.Equal(t, ids(all[i+1:]), ids(rest))
	}
}

// fromCheckpoints continues from checkpoints, which are positions between events. The
// next events follow exactly, without loss or repeat. A consumer stores them too when
// only events of other streams have passed.
func (s *suite) fromCheckpoints(t *testing.T) {
	const most = 8 // checkpoints to go on from
	prefix := s.prefix()
	before := s.scattered(t, prefix, 10, 40)
	messages := s.listen(t, before, prefix).untilCaughtUp(t)
	all := appeared(messages)
	require.Len(t, all, 10)

	// From a checkpoint between two events, exactly the later events must follow.
	seen, tried := 0, 0
	for _, message := range messages {
		if message.Kind == eventstore.EventAppeared {
			seen++
			continue
		}
		if tried++; tried > most {
			break
		}
		rest := appeared(s.listen(t, message.Position, prefix).untilCaughtUp(t))
		require.Equal(t, ids(all[seen:]), ids(rest), "from %s", message.Position)
	}
	require.Positive(t, tried, "a checkpoint comes before CaughtUp")
}

// fromLastCheckpoint continues from the checkpoint at the end of the log, which in
// EventStoreDB is after the last event. Five rounds, because the server picks the
// positions of checkpoints.
func (s *suite) fromLastCheckpoint(t *testing.T) {
	for range 5 {
		prefix := s.prefix()
		before := s.scattered(t, prefix, 2, 3)
		messages := s.listen(t, before, prefix).untilCaughtUp(t)
		checkpoint := before
		for _, message := range messages {
			checkpoint = message.Position
		}
		written := s.write(t, prefix+"behind", eventstore.NoStream, 2)
		require.Equal(t, ids(written), ids(appeared(s.listen(t, checkpoint, prefix).untilCaughtUp(t))))
	}
}

// fromEnd subscribes at the end and gets later events only.
func (s *suite) fromEnd(t *testing.T) {
	prefix := s.prefix()
	s.scattered(t, prefix, 3, 0)
	l := s.listen(t, eventstore.End, prefix)
	require.Empty(t, appeared(l.untilCaughtUp(t)))
	written := s.write(t, prefix+"later", eventstore.NoStream, 1)
	require.Equal(t, ids(written), ids(l.events(t, 1)))
}

// checkpointsRise demands positions that never go backwards, since a consumer stores
// each as its checkpoint.
func (s *suite) checkpointsRise(t *testing.T) {
	prefix := s.prefix()
	before := s.scattered(t, prefix, 20, 20)
	last := before
	for _, message := range s.listen(t, before, prefix).untilCaughtUp(t) {
		if message.Kind == eventstore.EventAppeared {
			require.True(t, last.Before(message.Position))
		}
		require.False(t, message.Position.Before(last), "%s after %s", message.Position, last)
		last = message.Position
	}
}

// endAndResume ends a subscription in the middle and continues from its last event.
func (s *suite) endAndResume(t *testing.T) {
	prefix := s.prefix()
	before := s.scattered(t, prefix, 3, 1)
	l := s.listen(t, before, prefix)
	taken := l.events(t, 2)
	require.ErrorIs(t, l.end(t), errCanceled)
	s.write(t, prefix+"meanwhile", eventstore.NoStream, 2)

	rest := appeared(s.listen(t, taken[1].Position, prefix).untilCaughtUp(t))
	whole := appeared(s.listen(t, before, prefix).untilCaughtUp(t))
	require.Equal(t, ids(whole), ids(append(taken, rest...)))
	require.Len(t, whole, 5)
}
