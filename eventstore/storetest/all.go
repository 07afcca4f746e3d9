package storetest

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/eventstore"
)

// allTests are the rules of reads of the whole log. Projections page and resume by
// these rules.
func (s *suite) allTests() map[string]func(t *testing.T) {
	return map[string]func(t *testing.T){
		"forwards from a position is inclusive":  s.allForwards,
		"backwards from a position is exclusive": s.allBackwards,
		"page by page nothing is missed":         s.allPaged,
		"the two ends":                           s.ends,
		"the store's own events are left out":    s.noSystemEvents,
	}
}

// own keeps the events of streams whose name begins with prefix, in their order. Other
// tests and other programs may write to the same log.
func own(recorded []eventstore.RecordedEvent, prefix string) []eventstore.RecordedEvent {
	var kept []eventstore.RecordedEvent
	for _, event := range recorded {
		if strings.HasPrefix(event.Stream, prefix) {
			kept = append(kept, event)
		}
	}
	return kept
}

// inAll appends three events to each of two streams, alternating. It returns the six
// events in the order of the log, with the positions that ReadAll has for them: stream
// reads of some stores have none.
func (s *suite) inAll(t *testing.T, prefix string) []eventstore.RecordedEvent {
	before := s.mark(t)
	for i := range 3 {
		for _, name := range []string{"a", "b"} {
			s.write(t, prefix+name, eventstore.Expected(i-1), 1)
		}
	}
	recorded, err := s.store.ReadAll(within(t), eventstore.Forwards, before, 10_000)
	require.NoError(t, err)
	mine := own(recorded, prefix)
	require.Len(t, mine, 6)
	requireRising(t, recorded)
	return mine
}

// allForwards reads forwards from positions of events. A forwards read includes the
// event at its position, so a page that continues from an event begins with it.
func (s *suite) allForwards(t *testing.T) {
	prefix := s.prefix()
	mine := s.inAll(t, prefix)
	for i, event := range mine {
		recorded, err := s.store.ReadAll(within(t), eventstore.Forwards, event.Position, 10_000)
		require.NoError(t, err)
		require.Equal(t, event.ID, recorded[0].ID, "begins at the position itself")
		require.Equal(t, mine[i:], own(recorded, prefix))
	}
	require.Equal(t, mine[0], s.one(t, eventstore.Forwards, mine[0].Position))
}

// allBackwards reads backwards from positions of events. A backwards read starts before
// its position. The last event of a page is therefore not repeated.
func (s *suite) allBackwards(t *testing.T) {
	prefix := s.prefix()
	mine := s.inAll(t, prefix)
	for i := len(mine) - 1; i > 0; i-- {
		recorded, err := s.store.ReadAll(within(t), eventstore.Backwards, mine[i].Position, 500)
		require.NoError(t, err)
		for j, event := range own(recorded, prefix) {
			require.Equal(t, mine[i-1-j].ID, event.ID)
		}
		require.True(t, recorded[0].Position.Before(mine[i].Position))
	}
}

// one reads one event of the whole log and fails when there is none.
func (s *suite) one(t *testing.T, direction eventstore.Direction, from eventstore.Position) eventstore.RecordedEvent {
	recorded, err := s.store.ReadAll(within(t), direction, from, 1)
	require.NoError(t, err)
	require.Len(t, recorded, 1)
	return recorded[0]
}

// allPaged reads the log in pages from the last position of each page. Pages must
// neither skip an event nor read one twice other than the first of a forwards page. A
// page of four does not divide the six events, so the last page is short.
func (s *suite) allPaged(t *testing.T) {
	const size = 4
	prefix := s.prefix()
	mine := s.inAll(t, prefix)
	var seen []eventstore.RecordedEvent
	from := mine[0].Position
	for {
		page, err := s.store.ReadAll(within(t), eventstore.Forwards, from, size)
		require.NoError(t, err)
		fresh := page
		// A forwards read is inclusive: its first event was the last of the page before.
		if len(seen) > 0 {
			fresh = page[1:]
		}
		seen = append(seen, fresh...)
		if len(page) < size {
			break
		}
		from = page[len(page)-1].Position
	}
	requireRising(t, seen)
	require.Equal(t, mine, own(seen, prefix))
}

// ends reads at the two ends of the log. Towards the log there is its last or first
// event, and away from it there is nothing and no error.
func (s *suite) ends(t *testing.T) {
	mark := s.mark(t)
	require.False(t, s.one(t, eventstore.Backwards, eventstore.End).Position.Before(mark), "the head")
	require.False(t, mark.Before(s.one(t, eventstore.Forwards, eventstore.Start).Position))

	recorded, err := s.store.ReadAll(within(t), eventstore.Backwards, eventstore.Start, 10)
	require.NoError(t, err)
	require.Empty(t, recorded)
	recorded, err = s.store.ReadAll(within(t), eventstore.Forwards, eventstore.End, 10)
	require.NoError(t, err)
	require.Empty(t, recorded)
}

// noSystemEvents demands that reads leave out the events that a server writes itself.
// They begin with $ in EventStoreDB. A consumer could not decode them, and an upgrade
// of the server may add more.
func (s *suite) noSystemEvents(t *testing.T) {
	s.mark(t)
	first, err := s.store.ReadAll(within(t), eventstore.Forwards, eventstore.Start, 200)
	require.NoError(t, err)
	last, err := s.store.ReadAll(within(t), eventstore.Backwards, eventstore.End, 200)
	require.NoError(t, err)
	for _, event := range append(first, last...) {
		require.False(t, strings.HasPrefix(event.Stream, "$"), event.Stream)
		require.False(t, strings.HasPrefix(event.Type, "$"), event.Type)
	}
}
