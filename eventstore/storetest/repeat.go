package storetest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/eventstore"
)

// repeatTests are the rules of repeated appends. After an unknown outcome a caller
// sends the same append again. A repeat is recognised by its ids together with the
// same expected revision, and never by the ids alone.
func (s *suite) repeatTests() map[string]func(t *testing.T) {
	return map[string]func(t *testing.T){
		"the same append answers as the first time":          s.sameAgain,
		"a prefix of an append is recognised":                s.prefixAgain,
		"also when others have written since":                s.againBehindOthers,
		"first id known, second new: conflict":               s.halfKnown,
		"known ids and more than were written: conflict":     s.longerThanWritten,
		"other ids at the same revision: conflict":           s.otherIDs,
		"known id at the now correct revision: second event": s.knownIDAtNext,
		"known ids, every revision: one repeat, one append":  s.everyRevision,
		"known ids at the next revision: each has its place": s.sameIDsTwice,
		"known ids in another order: conflict":               s.otherOrder,
		"the same id twice in one append: both are written":  s.twiceInOne,
		"the same id in another stream is written":           s.sameIDElsewhere,
	}
}

// sameAgain repeats an append at once. A store that does not recognise it would return
// a conflict, and the caller would take its own events for those of another.
func (s *suite) sameAgain(t *testing.T) {
	for _, n := range []int{1, 3} {
		stream := s.stream()
		s.write(t, stream, eventstore.NoStream, 2)
		same := eventstore.Append{Stream: stream, Expected: eventstore.Exactly(1), Events: events(n)}
		first, err := s.store.Append(within(t), same)
		require.NoError(t, err)
		for range 3 {
			again, err := s.store.Append(within(t), same)
			require.NoError(t, err)
			require.Equal(t, first, again)
		}
		s.requireLength(t, stream, 2+n)
	}
}

// prefixAgain repeats the first events of a longer append. A real server recognises it,
// so every store does. The position returned is that of the last event of the prefix.
func (s *suite) prefixAgain(t *testing.T) {
	stream, sent := s.stream(), events(3)
	_, err := s.store.Append(within(t), eventstore.Append{Stream: stream, Expected: eventstore.NoStream, Events: sent})
	require.NoError(t, err)

	again, err := s.store.Append(within(t), eventstore.Append{Stream: stream, Expected: eventstore.NoStream, Events: sent[:2]})
	require.NoError(t, err)
	require.Equal(t, uint64(1), again.Revision)
	s.requirePosition(t, s.read(t, stream)[1], again.Position)
	s.requireLength(t, stream, 3)
}

// againBehindOthers repeats an append after others have appended to the stream. The
// time between the first try and the repeat must not matter.
func (s *suite) againBehindOthers(t *testing.T) {
	stream := s.stream()
	same := eventstore.Append{Stream: stream, Expected: eventstore.NoStream, Events: events(2)}
	first, err := s.store.Append(within(t), same)
	require.NoError(t, err)
	s.write(t, stream, eventstore.Exactly(1), 4)

	again, err := s.store.Append(within(t), same)
	require.NoError(t, err)
	require.Equal(t, first, again)
	s.requireLength(t, stream, 6)
}

// halfKnown sends an append of which only the first event was stored. It is a
// different append, so it is a conflict and not a repeat.
func (s *suite) halfKnown(t *testing.T) {
	stream, sent := s.stream(), events(1)
	_, err := s.store.Append(within(t), eventstore.Append{Stream: stream, Expected: eventstore.NoStream, Events: sent})
	require.NoError(t, err)
	s.write(t, stream, eventstore.Exactly(0), 1)

	s.requireConflict(t, eventstore.Append{Stream: stream, Expected: eventstore.NoStream, Events: append(sent, events(1)...)})
	s.requireLength(t, stream, 2)
}

// longerThanWritten repeats a stored append with one more event. Accepting it as a
// repeat would lose that event silently.
func (s *suite) longerThanWritten(t *testing.T) {
	stream, sent := s.stream(), events(2)
	_, err := s.store.Append(within(t), eventstore.Append{Stream: stream, Expected: eventstore.NoStream, Events: sent[:1]})
	require.NoError(t, err)

	s.requireConflict(t, eventstore.Append{Stream: stream, Expected: eventstore.NoStream, Events: sent})
	s.requireLength(t, stream, 1)
}

// otherIDs sends new events at revisions that are taken: the plain conflict. Another
// writer was first, and the caller has to load its events.
func (s *suite) otherIDs(t *testing.T) {
	stream := s.stream()
	s.write(t, stream, eventstore.NoStream, 3)
	s.requireConflict(t, eventstore.Append{Stream: stream, Expected: eventstore.NoStream, Events: events(3)})
	s.requireConflict(t, eventstore.Append{Stream: stream, Expected: eventstore.Exactly(1), Events: events(1)})
	s.requireLength(t, stream, 3)
}

// knownIDAtNext appends a stored id at the current revision. Stores do not keep ids
// unique, which is why the port demands new ids from its callers.
func (s *suite) knownIDAtNext(t *testing.T) {
	stream, sent := s.stream(), events(1)
	_, err := s.store.Append(within(t), eventstore.Append{Stream: stream, Expected: eventstore.NoStream, Events: sent})
	require.NoError(t, err)
	second, err := s.store.Append(within(t), eventstore.Append{Stream: stream, Expected: eventstore.Exactly(0), Events: sent})
	require.NoError(t, err)
	require.Equal(t, uint64(1), second.Revision)

	recorded := s.read(t, stream)
	require.Len(t, recorded, 2)
	require.Equal(t, recorded[0].ID, recorded[1].ID)
}

// everyRevision sends the ids of one append at every expected revision. They are a
// repeat at their own revision alone, a new append at the current one, and a conflict
// at all others, also at adjacent ones.
func (s *suite) everyRevision(t *testing.T) {
	for _, n := range []int{1, 3} {
		stream := s.stream()
		s.write(t, stream, eventstore.NoStream, 2)
		known := eventstore.Append{Stream: stream, Expected: eventstore.Exactly(1), Events: events(n)}
		first, err := s.store.Append(within(t), known)
		require.NoError(t, err)
		s.write(t, stream, eventstore.Exactly(first.Revision), 2)
		last := eventstore.Exactly(first.Revision + 2)
		for expected := eventstore.NoStream; expected <= last+3; expected++ {
			same := known
			same.Expected = expected
			switch expected {
			case last: // below
			case known.Expected:
				again, err := s.store.Append(within(t), same)
				require.NoError(t, err)
				require.Equal(t, first, again)
			default:
				s.requireConflict(t, same)
			}
			s.requireLength(t, stream, 4+n)
		}
		known.Expected = last
		second, err := s.store.Append(within(t), known)
		require.NoError(t, err)
		require.Equal(t, uint64(last)+uint64(n), second.Revision)
		s.requireLength(t, stream, 4+2*n)
	}
}

// sameIDsTwice appends the same ids at two revisions that are right at their time. Both
// are stored, and each is a repeat at its own revision. So a caller must never give one
// id to two events: the store does not notice it.
func (s *suite) sameIDsTwice(t *testing.T) {
	one := eventstore.Append{Stream: s.stream(), Expected: eventstore.NoStream, Events: events(2)}
	two := one
	two.Expected = eventstore.Exactly(1)
	var first []eventstore.Appended
	for range 2 {
		for i, same := range []eventstore.Append{one, two} {
			appended, err := s.store.Append(within(t), same)
			require.NoError(t, err)
			if len(first) == i {
				first = append(first, appended)
			}
			require.Equal(t, first[i], appended)
		}
	}
	require.True(t, first[0].Position.Before(first[1].Position))
	require.Equal(t, append(ids(one.Events), ids(one.Events)...), ids(s.read(t, one.Stream)))
}

// otherOrder sends stored ids in another order, which is another append. Only the
// stored order, from its first event on, is a repeat.
func (s *suite) otherOrder(t *testing.T) {
	stream, sent := s.stream(), events(3)
	_, err := s.store.Append(within(t), eventstore.Append{Stream: stream, Expected: eventstore.NoStream, Events: sent})
	require.NoError(t, err)
	for _, order := range [][]int{{1, 0, 2}, {2, 1, 0}, {1}, {1, 2}, {0, 2}} {
		same := eventstore.Append{Stream: stream, Expected: eventstore.NoStream}
		for _, i := range order {
			same.Events = append(same.Events, sent[i])
		}
		s.requireConflict(t, same)
	}
	s.requireLength(t, stream, 3)
}

// twiceInOne sends one id twice in an append. Both events are stored: a unique index
// on ids would refuse them.
func (s *suite) twiceInOne(t *testing.T) {
	stream, sent := s.stream(), events(1)
	appended, err := s.store.Append(within(t), eventstore.Append{Stream: stream, Expected: eventstore.NoStream, Events: append(sent, sent[0])})
	require.NoError(t, err)
	require.Equal(t, uint64(1), appended.Revision)
	s.requireLength(t, stream, 2)
}

// sameIDElsewhere sends a stored id to another stream. Ids are compared inside of one
// stream only.
func (s *suite) sameIDElsewhere(t *testing.T) {
	one, other, sent := s.stream(), s.stream(), events(1)
	for _, stream := range []string{one, other} {
		_, err := s.store.Append(within(t), eventstore.Append{Stream: stream, Expected: eventstore.NoStream, Events: sent})
		require.NoError(t, err)
	}
	s.requireLength(t, one, 1)
	s.requireLength(t, other, 1)
}

// requireConflict demands that an append is refused with ErrConflict.
func (s *suite) requireConflict(t testing.TB, append eventstore.Append) {
	t.Helper()
	_, err := s.store.Append(within(t), append)
	require.ErrorIs(t, err, eventstore.ErrConflict)
}
