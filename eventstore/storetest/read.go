package storetest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/eventstore"
)

// readTests are the rules of reads of one stream. Revisions are zero-based and dense.
func (s *suite) readTests() map[string]func(t *testing.T) {
	return map[string]func(t *testing.T){
		"both ways, from any revision, to any limit": s.bothWays,
		"beyond the end there is nothing":            s.beyondTheEnd,
		"a stream without events is not found":       s.missing,
	}
}

// bothWays reads a stream in both directions from every kind of revision and limit. The
// first revision is included in both directions.
func (s *suite) bothWays(t *testing.T) {
	stream := s.stream()
	s.write(t, stream, eventstore.NoStream, 5)
	for _, row := range []struct {
		name      string
		direction eventstore.Direction
		from      uint64
		limit     int
		want      []uint64
	}{
		{"forwards, whole", eventstore.Forwards, 0, 100, []uint64{0, 1, 2, 3, 4}},
		{"forwards, exactly as many", eventstore.Forwards, 0, 5, []uint64{0, 1, 2, 3, 4}},
		{"forwards, fewer", eventstore.Forwards, 0, 2, []uint64{0, 1}},
		{"forwards, from the middle", eventstore.Forwards, 3, 100, []uint64{3, 4}},
		{"forwards, the last", eventstore.Forwards, 4, 1, []uint64{4}},
		{"backwards, whole", eventstore.Backwards, eventstore.FromEnd, 100, []uint64{4, 3, 2, 1, 0}},
		{"backwards, the last", eventstore.Backwards, eventstore.FromEnd, 1, []uint64{4}},
		{"backwards, from the middle", eventstore.Backwards, 2, 100, []uint64{2, 1, 0}},
		{"backwards, fewer", eventstore.Backwards, 3, 2, []uint64{3, 2}},
		{"backwards, the first", eventstore.Backwards, 0, 100, []uint64{0}},
	} {
		t.Run(row.name, func(t *testing.T) {
			recorded, err := s.store.ReadStream(within(t), stream, row.direction, row.from, row.limit)
			require.NoError(t, err)
			require.Equal(t, row.want, revisions(recorded))
		})
	}
}

// beyondTheEnd reads after the last event, which is no error: the stream exists. A
// cache that continues from its last revision relies on it.
func (s *suite) beyondTheEnd(t *testing.T) {
	stream := s.stream()
	s.write(t, stream, eventstore.NoStream, 2)
	for _, from := range []uint64{2, 3, 1000} {
		recorded, err := s.store.ReadStream(within(t), stream, eventstore.Forwards, from, 10)
		require.NoError(t, err)
		require.Empty(t, recorded)
	}
}

// missing reads a stream that does not exist although a stream with a longer name does.
// A store that finds streams by prefix would return that one.
func (s *suite) missing(t *testing.T) {
	stream := s.stream()
	s.write(t, stream+"-longer", eventstore.NoStream, 1) // a longer name is another stream
	for _, from := range []uint64{0, 7} {
		_, err := s.store.ReadStream(within(t), stream, eventstore.Forwards, from, 10)
		require.ErrorIs(t, err, eventstore.ErrStreamNotFound)
	}
	_, err := s.store.ReadStream(within(t), stream, eventstore.Backwards, eventstore.FromEnd, 1)
	require.ErrorIs(t, err, eventstore.ErrStreamNotFound)
}
