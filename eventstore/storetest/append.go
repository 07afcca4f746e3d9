package storetest

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/eventstore"
)

// appendTests are the rules of a single append. The outcome of an append is one of
// three: stored, conflict or refused before it was sent.
func (s *suite) appendTests() map[string]func(t *testing.T) {
	return map[string]func(t *testing.T){
		"the expected revision decides":                   s.expectedRevision,
		"three events have positions of their own":        s.ownPositions,
		"all events of an append or none":                 s.atomic,
		"what was written is read byte for byte":          s.faithful,
		"the caller's bytes are its own again afterwards": s.ownBytes,
		"an append of nothing is refused":                 s.noEvents,
		"an append that is too large is refused by size":  s.tooLarge,
		"the largest append is taken":                     s.largest,
	}
}

// expectedRevision sends every kind of wrong expectation. Nothing may be written then:
// optimistic concurrency depends on it. A conflict is also the answer for a stream that
// is shorter than expected.
func (s *suite) expectedRevision(t *testing.T) {
	for _, row := range []struct {
		name     string
		has      int
		expected eventstore.Expected
		want     error
	}{
		{"none, of a new stream", 0, eventstore.NoStream, nil},
		{"exactly 0, of a new stream", 0, eventstore.Exactly(0), eventstore.ErrConflict},
		{"exactly 5, of a new stream", 0, eventstore.Exactly(5), eventstore.ErrConflict},
		{"none, of a stream of one", 1, eventstore.NoStream, eventstore.ErrConflict},
		{"exactly 0, of a stream of one", 1, eventstore.Exactly(0), nil},
		{"exactly 1, of a stream of one", 1, eventstore.Exactly(1), eventstore.ErrConflict},
		{"exactly 0, of a stream of three", 3, eventstore.Exactly(0), eventstore.ErrConflict},
		{"exactly 1, of a stream of three", 3, eventstore.Exactly(1), eventstore.ErrConflict},
		{"exactly 2, of a stream of three", 3, eventstore.Exactly(2), nil},
		{"exactly 3, of a stream of three", 3, eventstore.Exactly(3), eventstore.ErrConflict},
	} {
		t.Run(row.name, func(t *testing.T) {
			stream := s.stream()
			if row.has > 0 {
				s.write(t, stream, eventstore.NoStream, row.has)
			}
			appended, err := s.store.Append(within(t), eventstore.Append{Stream: stream, Expected: row.expected, Events: events(1)})
			if row.want != nil {
				require.ErrorIs(t, err, row.want)
				s.requireLength(t, stream, row.has)
				return
			}
			require.NoError(t, err)
			require.Equal(t, uint64(row.has), appended.Revision)
			s.requireLength(t, stream, row.has+1)
		})
	}
}

// ownPositions demands that the position of a result is that of the append's own last
// event. Clients wait for that position in reads. A position of another append would
// let such a read miss the write.
func (s *suite) ownPositions(t *testing.T) {
	stream := s.stream()
	appended, err := s.store.Append(within(t), eventstore.Append{Stream: stream, Expected: eventstore.NoStream, Events: events(3)})
	require.NoError(t, err)
	require.Equal(t, uint64(2), appended.Revision)

	recorded := s.read(t, stream)
	require.Equal(t, []uint64{0, 1, 2}, revisions(recorded))
	// Older servers send no position in reads of a stream.
	if recorded[0].Position != eventstore.Start {
		requireRising(t, recorded)
	}
	s.requirePosition(t, recorded[2], appended.Position)

	next, err := s.store.Append(within(t), eventstore.Append{Stream: stream, Expected: eventstore.Exactly(2), Events: events(1)})
	require.NoError(t, err)
	require.True(t, appended.Position.Before(next.Position))
	require.True(t, eventstore.Start.Before(appended.Position))
}

// atomic demands that a refused append of several events writes none of them. One
// command's events are one append, and half of them would be a state that the domain
// does not have.
func (s *suite) atomic(t *testing.T) {
	stream := s.stream()
	s.write(t, stream, eventstore.NoStream, 2)
	_, err := s.store.Append(within(t), eventstore.Append{Stream: stream, Expected: eventstore.NoStream, Events: events(5)})
	require.ErrorIs(t, err, eventstore.ErrConflict)
	s.requireLength(t, stream, 2)

	// The same number of events at the right revision shows that the refusal was due to
	// the expectation alone.
	_, err = s.store.Append(within(t), eventstore.Append{Stream: stream, Expected: eventstore.Exactly(1), Events: events(5)})
	require.NoError(t, err)
	require.Equal(t, []uint64{0, 1, 2, 3, 4, 5, 6}, revisions(s.read(t, stream)))
}

// faithful demands that all fields are stored byte for byte: unusual JSON, absent
// metadata, and names outside of ASCII. The service hashes and compares the bytes, so
// an equal JSON value is not enough.
func (s *suite) faithful(t *testing.T) {
	stream := s.prefix() + "Ünïcode_A1234BC"
	sent := events(3)
	// Whitespace, key order, repeated keys, escapes and number formats are what a jsonb
	// column or a decoder would change.
	sent[0].Data = []byte("{ \"b\": 1.0, \"a\":\t1e2, \"a\": \"\\u0000 \\ud83d\\ude00 é\" }\n")
	sent[1].Metadata = nil
	sent[2].Type = "storetest.another-type.v27"
	_, err := s.store.Append(within(t), eventstore.Append{Stream: stream, Expected: eventstore.NoStream, Events: sent})
	require.NoError(t, err)

	recorded := s.read(t, stream)
	require.Len(t, recorded, 3)
	for i, event := range recorded {
		require.Equal(t, sent[i].ID, event.ID)
		require.Equal(t, sent[i].Type, event.Type)
		require.Equal(t, string(sent[i].Data), string(event.Data))
		require.Equal(t, string(sent[i].Metadata), string(event.Metadata))
		require.Equal(t, stream, event.Stream)
		require.False(t, event.RecordedAt.IsZero())
		require.False(t, event.RecordedAt.Before(recorded[0].RecordedAt))
	}
}

// ownBytes changes the slice of an event after its append. The stored event must not
// change with it.
func (s *suite) ownBytes(t *testing.T) {
	stream, sent := s.stream(), events(1)
	want := string(sent[0].Data)
	_, err := s.store.Append(within(t), eventstore.Append{Stream: stream, Expected: eventstore.NoStream, Events: sent})
	require.NoError(t, err)
	// A store in memory could keep the caller's slice.
	clear(sent[0].Data)
	require.Equal(t, want, string(s.read(t, stream)[0].Data))
}

// noEvents appends no events. A server would report success for it, which could be
// taken for a stored event.
func (s *suite) noEvents(t *testing.T) {
	stream := s.stream()
	_, err := s.store.Append(within(t), eventstore.Append{Stream: stream, Expected: eventstore.NoStream})
	require.ErrorIs(t, err, eventstore.ErrEmpty)
	s.requireLength(t, stream, 0)
}

// tooLarge exceeds each limit of an append. The refusal must come before anything is
// sent, see eventstore.MaxAppendBytes: a client that is still sending loses the reason
// of a server.
func (s *suite) tooLarge(t *testing.T) {
	one := events(1)
	one[0].Data = jsonOf(eventstore.MaxAppendBytes)
	several := events(4)
	for i := range several {
		several[i].Data = jsonOf(eventstore.MaxAppendBytes / 4)
	}
	inMetadata := events(1)
	inMetadata[0].Metadata = jsonOf(eventstore.MaxAppendBytes)

	for name, sent := range map[string][]eventstore.Event{
		"one event": one, "several events": several, "metadata": inMetadata,
		"too many events": events(eventstore.MaxAppendEvents + 1),
	} {
		t.Run(name, func(t *testing.T) {
			stream := s.stream()
			_, err := s.store.Append(within(t), eventstore.Append{Stream: stream, Expected: eventstore.NoStream, Events: sent})
			require.ErrorIs(t, err, eventstore.ErrTooLarge)
			s.requireLength(t, stream, 0)
		})
	}
}

// largest appends exactly as much as the limits allow. A store that counts envelopes or
// encodings too would refuse it.
func (s *suite) largest(t *testing.T) {
	large := events(2)
	large[1].Data = jsonOf(eventstore.MaxAppendBytes - 1000)
	for name, sent := range map[string][]eventstore.Event{
		"bytes": large, "events": events(eventstore.MaxAppendEvents),
	} {
		t.Run(name, func(t *testing.T) {
			stream := s.stream()
			_, err := s.store.Append(within(t), eventstore.Append{Stream: stream, Expected: eventstore.NoStream, Events: sent})
			require.NoError(t, err)
			require.Equal(t, ids(sent), ids(s.read(t, stream)))
		})
	}
}

// requirePosition demands that the result of an append has the position of its last event
// in the log, also for stores whose stream reads return no positions.
func (s *suite) requirePosition(t testing.TB, last eventstore.RecordedEvent, at eventstore.Position) {
	t.Helper()
	require.NotEqual(t, eventstore.Start, at, "0 is before every event")
	found, err := s.store.ReadAll(within(t), eventstore.Forwards, at, 1)
	require.NoError(t, err)
	require.Len(t, found, 1)
	require.Equal(t, last.ID, found[0].ID)
	require.Equal(t, last.Revision, found[0].Revision)
	require.Equal(t, at, found[0].Position)
}

// requireLength demands that a stream has n events; with n = 0, that it is not found. A
// stream without events does not exist.
func (s *suite) requireLength(t testing.TB, stream string, n int) {
	t.Helper()
	if n == 0 {
		_, err := s.store.ReadStream(within(t), stream, eventstore.Forwards, 0, 10)
		require.ErrorIs(t, err, eventstore.ErrStreamNotFound)
		return
	}
	require.Len(t, s.read(t, stream), n)
}

// jsonOf returns a JSON string of n bytes, quotes included; n is at least 2.
func jsonOf(n int) []byte {
	return append(append([]byte(`"`), bytes.Repeat([]byte("x"), n-2)...), '"')
}
