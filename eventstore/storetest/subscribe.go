package storetest

import (
	"errors"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/eventstore"
)

func (s *suite) subscribeTests() map[string]func(t *testing.T) {
	return map[string]func(t *testing.T){
		"first what is there, then CaughtUp, then live":  s.catchUpThenLive,
		"only streams with the prefix":                   s.filtered,
		"with nothing there CaughtUp comes first":        s.nothingThere,
		"events of one append come in their order":       s.appendInOrder,
		"an error of deliver ends it and is returned":    s.deliverError,
		"a reader that pauses holds nobody up":           s.slowReader,
		"several subscriptions see the same, each whole": s.several,
	}
}

func (s *suite) catchUpThenLive(t *testing.T) {
	prefix, before := s.prefix(), s.placed(t)
	s.write(t, prefix+"a", eventstore.NoStream, 3)
	s.write(t, prefix+"b", eventstore.NoStream, 2)

	l := s.listen(t, before, prefix)
	there := appeared(l.untilCaughtUp(t))
	require.Len(t, there, 5)
	requireRising(t, there)

	s.write(t, prefix+"a", eventstore.Exactly(2), 2)
	s.write(t, prefix+"c", eventstore.NoStream, 1)
	live := l.events(t, 3)
	all := slices.Concat(there, live)
	requireRising(t, all)
	require.Equal(t, append(ids(s.read(t, prefix+"a")[3:]), ids(s.read(t, prefix+"c"))...), ids(live))
	require.ErrorIs(t, l.end(t), errCanceled)
}

func (s *suite) filtered(t *testing.T) {
	prefix, before := s.prefix(), s.placed(t)
	write := func(round int) {
		for _, name := range []string{prefix + "in", "other-" + prefix, prefix[:len(prefix)-1]} {
			s.write(t, name, eventstore.Expected(round-1), 1)
		}
	}
	write(0)
	l := s.listen(t, before, prefix)
	there := appeared(l.untilCaughtUp(t))
	write(1)
	write(2)
	all := slices.Concat(there, l.events(t, 2))
	require.Equal(t, ids(s.read(t, prefix+"in")), ids(all))
}

func (s *suite) nothingThere(t *testing.T) {
	prefix := s.prefix()
	l := s.listen(t, s.placed(t), prefix)
	require.Empty(t, appeared(l.untilCaughtUp(t)))
	s.write(t, prefix+"a", eventstore.NoStream, 1)
	require.Equal(t, ids(s.read(t, prefix+"a")), ids(l.events(t, 1)))
}

func (s *suite) appendInOrder(t *testing.T) {
	prefix := s.prefix()
	l := s.listen(t, s.placed(t), prefix)
	l.untilCaughtUp(t)
	written := s.write(t, prefix+"a", eventstore.NoStream, 50)
	live := l.events(t, 50)
	require.Equal(t, ids(written), ids(live))
	require.Equal(t, revisions(written), revisions(live))
}

func (s *suite) deliverError(t *testing.T) {
	prefix, before := s.prefix(), s.placed(t)
	s.write(t, prefix+"a", eventstore.NoStream, 3)
	broken := errors.New("cannot apply")
	for _, on := range []eventstore.Kind{eventstore.EventAppeared, eventstore.CaughtUp} {
		calls := 0
		err := s.store.Subscribe(within(t), before, prefix, func(message eventstore.Message) error {
			if calls > 0 {
				calls++ // nothing may follow an error
			}
			if message.Kind != on || calls > 0 {
				return nil
			}
			calls++
			return broken
		})
		require.ErrorIs(t, err, broken)
		require.Equal(t, 1, calls)
	}
}

// The reader stands still on its first event while far more is written than any
// buffer on the way would hold.
func (s *suite) slowReader(t *testing.T) {
	const rounds, each = 40, 50
	prefix := s.prefix()
	l := s.listen(t, s.placed(t), prefix)
	l.untilCaughtUp(t)
	for round := range rounds {
		sent := events(each)
		for i := range sent {
			sent[i].Data = jsonOf(1024)
		}
		_, err := s.store.Append(within(t), eventstore.Append{Stream: prefix + "a", Expected: eventstore.Expected(round*each - 1), Events: sent})
		require.NoError(t, err)
	}
	for i, event := range l.events(t, rounds*each) {
		require.Equal(t, uint64(i), event.Revision)
	}
	s.write(t, prefix+"a", eventstore.Exactly(rounds*each-1), 1)
	require.Equal(t, uint64(rounds*each), l.events(t, 1)[0].Revision)
}

func (s *suite) several(t *testing.T) {
	prefix, before := s.prefix(), s.placed(t)
	s.write(t, prefix+"a", eventstore.NoStream, 3)
	listeners := []*listener{s.listen(t, before, prefix), s.listen(t, before, prefix), s.listen(t, before, prefix)}
	s.write(t, prefix+"b", eventstore.NoStream, 3)
	first := listeners[0].events(t, 6)
	for _, l := range listeners[1:] {
		require.Equal(t, first, l.events(t, 6))
	}
}
