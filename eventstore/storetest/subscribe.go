package storetest

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/eventstore"
)

// subscribeTests are the rules of what a subscription delivers. deliver is called by
// one goroutine, one message at a time.
func (s *suite) subscribeTests() map[string]func(t *testing.T) {
	return map[string]func(t *testing.T){
		"stored events, then CaughtUp, then live ones":   s.catchUpThenLive,
		"only streams with the prefix":                   s.filtered,
		"streams of several prefixes, in one order":      s.severalPrefixes,
		"a prefix is literal text":                       s.literalPrefix,
		"no prefix: every stream":                        s.noPrefix,
		"without events CaughtUp comes first":            s.noMatch,
		"events of one append come in their order":       s.appendInOrder,
		"an error of deliver ends it and is returned":    s.deliverError,
		"a slow reader delays no writer":                 s.slowReader,
		"several subscriptions see the same, each whole": s.several,
	}
}

// catchUpThenLive demands stored events first, then CaughtUp once, then live events,
// all in one rising order. An event that is appended while the store switches from
// reading to listening must not be missed.
func (s *suite) catchUpThenLive(t *testing.T) {
	prefix, before := s.prefix(), s.mark(t)
	s.write(t, prefix+"a", eventstore.NoStream, 3)
	s.write(t, prefix+"b", eventstore.NoStream, 2)

	l := s.listen(t, before, prefix)
	stored := appeared(l.untilCaughtUp(t))
	require.Len(t, stored, 5)
	requireRising(t, stored)

	s.write(t, prefix+"a", eventstore.Exactly(2), 2)
	s.write(t, prefix+"c", eventstore.NoStream, 1)
	live := l.events(t, 3)
	all := slices.Concat(stored, live)
	requireRising(t, all)
	require.Equal(t, append(ids(s.read(t, prefix+"a")[3:]), ids(s.read(t, prefix+"c"))...), ids(live))
	require.ErrorIs(t, l.end(t), errCanceled)
}

// filtered demands that only stream names with the prefix match, and not those that
// contain it or are shorter.
func (s *suite) filtered(t *testing.T) {
	prefix, before := s.prefix(), s.mark(t)
	// Besides the wanted stream there is one that contains the prefix, and one whose name
	// is the prefix without its last character.
	write := func(round int) {
		for _, name := range []string{prefix + "in", "other-" + prefix, prefix[:len(prefix)-1]} {
			s.write(t, name, eventstore.Expected(round-1), 1)
		}
	}
	write(0)
	l := s.listen(t, before, prefix)
	stored := appeared(l.untilCaughtUp(t))
	write(1)
	write(2)
	all := slices.Concat(stored, l.events(t, 2))
	require.Equal(t, ids(s.read(t, prefix+"in")), ids(all))
}

// severalPrefixes subscribes with overlapping prefixes. An event is delivered once
// even when two of them match.
func (s *suite) severalPrefixes(t *testing.T) {
	one, other, neither, before := s.prefix(), s.prefix(), s.prefix(), s.mark(t)
	var ours []eventstore.RecordedEvent
	write := func(round int) {
		for _, name := range []string{one + "a", neither + "a", other + "a", one + "b", "other-" + one} {
			written := s.write(t, name, eventstore.NoStream+eventstore.Expected(round), 1)
			if strings.HasPrefix(name, one) || strings.HasPrefix(name, other) {
				ours = append(ours, written...)
			}
		}
	}
	write(0)
	l := s.listen(t, before, other, one, one+"b")
	stored := appeared(l.untilCaughtUp(t))
	require.Equal(t, ids(ours), ids(stored))
	write(1)
	write(2)
	all := slices.Concat(stored, l.events(t, 6))
	require.Equal(t, ids(ours), ids(all))
	requireRising(t, all)
}

// literalPrefix uses characters that are special in LIKE and in regular expressions. A
// prefix is literal text. Stores translate a prefix to either of these.
func (s *suite) literalPrefix(t *testing.T) {
	prefix, before := s.prefix(), s.mark(t)
	asked := prefix + "a_.%[b"
	s.write(t, prefix+"axxxb", eventstore.NoStream, 1)
	s.write(t, prefix+"a_.%", eventstore.NoStream, 1)
	written := s.write(t, asked+"-1", eventstore.NoStream, 1)
	for _, prefixes := range [][]string{{asked}, {asked, asked + "-"}} {
		require.Equal(t, ids(written), ids(appeared(s.listen(t, before, prefixes...).untilCaughtUp(t))))
	}
}

// noPrefix subscribes to every stream, by no prefix and by the empty one.
func (s *suite) noPrefix(t *testing.T) {
	prefix, before := s.prefix(), s.mark(t)
	written := s.write(t, prefix+"a", eventstore.NoStream, 2)
	elsewhere := s.write(t, "another-"+prefix, eventstore.NoStream, 1)
	for _, prefixes := range [][]string{nil, {""}} {
		var mine []eventstore.RecordedEvent
		for _, event := range appeared(s.listen(t, before, prefixes...).untilCaughtUp(t)) {
			if strings.Contains(event.Stream, prefix) {
				mine = append(mine, event)
			}
		}
		require.Equal(t, ids(slices.Concat(written, elsewhere)), ids(mine))
	}
}

// noMatch subscribes where no event matches: CaughtUp comes all the same. A
// consumer without CaughtUp would never become ready.
func (s *suite) noMatch(t *testing.T) {
	prefix := s.prefix()
	l := s.listen(t, s.mark(t), prefix)
	require.Empty(t, appeared(l.untilCaughtUp(t)))
	s.write(t, prefix+"a", eventstore.NoStream, 1)
	require.Equal(t, ids(s.read(t, prefix+"a")), ids(l.events(t, 1)))
}

// appendInOrder demands that the events of one append are delivered in their order.
func (s *suite) appendInOrder(t *testing.T) {
	prefix := s.prefix()
	l := s.listen(t, s.mark(t), prefix)
	l.untilCaughtUp(t)
	written := s.write(t, prefix+"a", eventstore.NoStream, 50)
	live := l.events(t, 50)
	require.Equal(t, ids(written), ids(live))
	require.Equal(t, revisions(written), revisions(live))
}

// deliverError returns an error from deliver. Subscribe returns it unchanged, and
// delivers nothing after it. The consumer finds its own error with errors.Is.
func (s *suite) deliverError(t *testing.T) {
	prefix, before := s.prefix(), s.mark(t)
	s.write(t, prefix+"a", eventstore.NoStream, 3)
	broken := errors.New("cannot apply")
	for _, on := range []eventstore.Kind{eventstore.EventAppeared, eventstore.CaughtUp} {
		calls := 0
		err := s.store.Subscribe(within(t), before, []string{prefix}, func(message eventstore.Message) error {
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

// slowReader blocks a reader on its first event while more is written than all buffers
// hold. Writers must not wait for it, and it must not miss an event.
func (s *suite) slowReader(t *testing.T) {
	const rounds, each = 40, 50
	prefix := s.prefix()
	l := s.listen(t, s.mark(t), prefix)
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

// several demands that subscriptions are independent: each gets every event. The
// publisher and the projections read the same log.
func (s *suite) several(t *testing.T) {
	prefix, before := s.prefix(), s.mark(t)
	s.write(t, prefix+"a", eventstore.NoStream, 3)
	listeners := []*listener{s.listen(t, before, prefix), s.listen(t, before, prefix), s.listen(t, before, prefix)}
	s.write(t, prefix+"b", eventstore.NoStream, 3)
	first := listeners[0].events(t, 6)
	for _, l := range listeners[1:] {
		require.Equal(t, first, l.events(t, 6))
	}
}
