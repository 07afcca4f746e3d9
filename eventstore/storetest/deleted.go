package storetest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/eventstore"
)

// deletedTests are the rules of deleted streams. The port deletes nothing, but an
// operator of a real server can. A store must distinguish a soft-deleted, a tombstoned
// and a missing stream. A store without the hooks of Setup has no such streams and no
// such tests.
func (s *suite) deletedTests() map[string]func(t *testing.T) {
	tests := map[string]func(t *testing.T){}
	if s.Delete != nil {
		tests["a soft deleted stream is not found, and goes on"] = s.softDeleted
	}
	if s.Tombstone != nil {
		tests["a tombstoned stream is deleted for ever"] = s.tombstoned
	}
	return tests
}

// softDeleted soft-deletes a stream, which is not found then and continues at the next
// revision. CheckNew and Landed must detect it: a state folded from the rest would be
// wrong.
func (s *suite) softDeleted(t *testing.T) {
	stream := s.stream()
	require.NoError(t, eventstore.CheckNew(within(t), s.store, stream))
	s.write(t, stream, eventstore.NoStream, 3)
	s.Delete(t, s.store, stream)
	require.ErrorIs(t, eventstore.CheckNew(within(t), s.store, stream), eventstore.ErrNotWhole)
	s.requireLength(t, stream, 0)
	_, err := s.store.ReadStream(within(t), stream, eventstore.Backwards, eventstore.FromEnd, 1)
	require.ErrorIs(t, err, eventstore.ErrStreamNotFound)
	many := s.store.ReadMany(within(t), []string{stream})
	require.NoError(t, many[0].Err)
	require.Empty(t, many[0].Events)

	// The server accepts NoStream for a soft-deleted stream, and continues its revisions.
	write := eventstore.Append{Stream: stream, Expected: eventstore.NoStream, Events: events(2)}
	appended, err := s.store.Append(within(t), write)
	require.NoError(t, err)
	require.Equal(t, uint64(4), appended.Revision)
	require.ErrorIs(t, write.Landed(appended), eventstore.ErrNotWhole)
	require.Equal(t, []uint64{3, 4}, revisions(s.read(t, stream)))
	backwards, err := s.store.ReadStream(within(t), stream, eventstore.Backwards, eventstore.FromEnd, 10)
	require.NoError(t, err)
	require.Equal(t, []uint64{4, 3}, revisions(backwards))
}

// tombstoned deletes a stream for ever. Every later call on it is ErrStreamDeleted, and
// subscriptions skip the tombstone event. Other streams are not affected.
func (s *suite) tombstoned(t *testing.T) {
	prefix := s.prefix()
	before := s.mark(t)
	stream := prefix + "a"
	s.write(t, stream, eventstore.NoStream, 2)
	s.Tombstone(t, s.store, stream)
	s.write(t, prefix+"b", eventstore.NoStream, 1)

	_, err := s.store.ReadStream(within(t), stream, eventstore.Forwards, 0, 10)
	require.ErrorIs(t, err, eventstore.ErrStreamDeleted)
	_, err = s.store.ReadStream(within(t), stream, eventstore.Backwards, eventstore.FromEnd, 1)
	require.ErrorIs(t, err, eventstore.ErrStreamDeleted)
	for _, expected := range []eventstore.Expected{eventstore.NoStream, eventstore.Exactly(1), eventstore.Exactly(2)} {
		_, err = s.store.Append(within(t), eventstore.Append{Stream: stream, Expected: expected, Events: events(1)})
		require.ErrorIs(t, err, eventstore.ErrStreamDeleted)
	}
	many := s.store.ReadMany(within(t), []string{stream, prefix + "b"})
	require.ErrorIs(t, many[0].Err, eventstore.ErrStreamDeleted)
	require.NoError(t, many[1].Err)
	require.Len(t, many[1].Events, 1)

	// The tombstone is an event of type $streamDeleted, which must not be delivered.
	for _, event := range appeared(s.listen(t, before, prefix).untilCaughtUp(t)) {
		require.Equal(t, "storetest.happened.v1", event.Type)
	}
}
