package storetest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/eventstore"
)

// manyTests are the rules of AppendMany and ReadMany, which send several streams in one
// round trip. They are no transaction: each stream succeeds or fails by itself.
func (s *suite) manyTests() map[string]func(t *testing.T) {
	return map[string]func(t *testing.T){
		"AppendMany: each stream has its own outcome":  s.ownOutcomes,
		"AppendMany: a refusal moves no position":      s.refusedBetween,
		"AppendMany: two appends to one stream":        s.chained,
		"AppendMany: hundreds of streams":              s.hundreds,
		"ReadMany: each stream in the order asked for": s.readMany,
		"no arguments, no results":                     s.noArguments,
	}
}

// ownOutcomes sends good and bad appends together. Each has its own outcome: one
// conflict must not fail a request for several pairs. The outcomes are in the order of
// the arguments.
func (s *suite) ownOutcomes(t *testing.T) {
	taken, large := s.stream(), events(1)
	s.write(t, taken, eventstore.NoStream, 1)
	large[0].Data = jsonOf(eventstore.MaxAppendBytes + 1)
	again := eventstore.Append{Stream: s.stream(), Expected: eventstore.NoStream, Events: events(2)}
	first, err := s.store.Append(within(t), again)
	require.NoError(t, err)
	fresh := s.stream()

	outcomes := s.store.AppendMany(within(t), []eventstore.Append{
		{Stream: taken, Expected: eventstore.NoStream, Events: events(1)},
		{Stream: fresh, Expected: eventstore.NoStream, Events: events(2)},
		{Stream: s.stream(), Expected: eventstore.NoStream},
		again,
		{Stream: s.stream(), Expected: eventstore.NoStream, Events: large},
		{Stream: taken, Expected: eventstore.Exactly(0), Events: events(1)},
	})
	require.Len(t, outcomes, 6)
	require.ErrorIs(t, outcomes[0].Err, eventstore.ErrConflict)
	require.NoError(t, outcomes[1].Err)
	require.Equal(t, uint64(1), outcomes[1].Revision)
	require.ErrorIs(t, outcomes[2].Err, eventstore.ErrEmpty)
	require.NoError(t, outcomes[3].Err)
	require.Equal(t, first, outcomes[3].Appended)
	require.ErrorIs(t, outcomes[4].Err, eventstore.ErrTooLarge)
	require.NoError(t, outcomes[5].Err)
	s.requireLength(t, fresh, 2)
	s.requireLength(t, taken, 2)
}

// refusedBetween mixes new, continued, refused and repeated appends. Each result must
// have the position of its own events: a store that numbers a whole group could count
// refused ones.
func (s *suite) refusedBetween(t *testing.T) {
	var appends []eventstore.Append
	for range 10 {
		taken, again := s.stream(), eventstore.Append{Stream: s.stream(), Expected: eventstore.NoStream, Events: events(2)}
		s.write(t, taken, eventstore.NoStream, 2)
		_, err := s.store.Append(within(t), again)
		require.NoError(t, err)
		appends = append(appends,
			eventstore.Append{Stream: s.stream(), Expected: eventstore.NoStream, Events: events(3)},
			eventstore.Append{Stream: taken, Expected: eventstore.NoStream, Events: events(1)}, // refused
			again,
			eventstore.Append{Stream: taken, Expected: eventstore.Exactly(1), Events: events(2)},
			eventstore.Append{Stream: s.stream(), Expected: eventstore.Exactly(5), Events: events(1)}, // refused
		)
	}
	for i, outcome := range s.store.AppendMany(within(t), appends) {
		if i%5 == 1 || i%5 == 4 {
			require.ErrorIs(t, outcome.Err, eventstore.ErrConflict)
			continue
		}
		require.NoError(t, outcome.Err)
		stored := s.read(t, appends[i].Stream)
		last := stored[len(stored)-1]
		require.Equal(t, last.Revision, outcome.Revision)
		s.requirePosition(t, last, outcome.Position)
		own := stored[len(stored)-len(appends[i].Events):]
		require.Equal(t, ids(appends[i].Events), ids(own))
	}
}

// chained sends two conflicting appends to one stream in one call. The store may
// choose the order; exactly one of them is a conflict.
func (s *suite) chained(t *testing.T) {
	stream := s.stream()
	outcomes := s.store.AppendMany(within(t), []eventstore.Append{
		{Stream: stream, Expected: eventstore.NoStream, Events: events(1)},
		{Stream: stream, Expected: eventstore.NoStream, Events: events(1)},
	})
	require.Len(t, outcomes, 2)
	won, lost := outcomes[0].Err, outcomes[1].Err
	if won != nil {
		won, lost = lost, won
	}
	require.NoError(t, won)
	require.ErrorIs(t, lost, eventstore.ErrConflict)
	s.requireLength(t, stream, 1)
}

// hundreds appends to and reads more streams than one group or connection holds. A
// store has to split or stream them; the caller cannot know its limits.
func (s *suite) hundreds(t *testing.T) {
	const n = 300
	appends, names := make([]eventstore.Append, n), make([]string, n)
	for i := range appends {
		names[i] = s.stream()
		appends[i] = eventstore.Append{Stream: names[i], Expected: eventstore.NoStream, Events: events(1 + i%3)}
	}
	for i, outcome := range s.store.AppendMany(within(t), appends) {
		require.NoError(t, outcome.Err)
		require.Equal(t, uint64(i%3), outcome.Revision)
	}
	streams := s.store.ReadMany(within(t), names)
	require.Len(t, streams, n)
	for i, stream := range streams {
		require.NoError(t, stream.Err)
		require.Equal(t, ids(appends[i].Events), ids(stream.Events))
	}
}

// readMany reads streams in an arbitrary order, with a missing and a repeated name.
// Results are in the order of the names. A missing stream has no events and no error,
// because the caller asks in order to find that out.
func (s *suite) readMany(t *testing.T) {
	one, missing, three := s.stream(), s.stream(), s.stream()
	s.write(t, one, eventstore.NoStream, 1)
	s.write(t, three, eventstore.NoStream, 3)

	streams := s.store.ReadMany(within(t), []string{three, missing, one, three})
	require.Len(t, streams, 4)
	for _, stream := range streams {
		require.NoError(t, stream.Err)
	}
	require.Equal(t, s.read(t, three), streams[0].Events)
	require.Empty(t, streams[1].Events)
	require.Equal(t, s.read(t, one), streams[2].Events)
	require.Equal(t, streams[0].Events, streams[3].Events)
}

// noArguments passes no arguments. The result is empty and comes without a round trip.
func (s *suite) noArguments(t *testing.T) {
	require.Empty(t, s.store.AppendMany(within(t), nil))
	require.Empty(t, s.store.ReadMany(within(t), nil))
}
