package storetest

import (
	"context"
	"maps"
	"reflect"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/eventstore"
)

// endTests are the rules of End and of Reach, which is built on it.
func (s *suite) endTests() map[string]func(t *testing.T) {
	tests := map[string]func(t *testing.T){
		"the end is that of the last append":       s.endMoves,
		"every position that was named is reached": s.reachesNamed,
		"a position after the end is not reached":  s.reachesNoFurther,
		"every method is called":                   s.callsAll,
	}
	if s.Own != nil {
		tests["system events count"] = s.endOfOwn
	}
	return tests
}

// end returns the end of the log.
func (s *suite) end(t testing.TB) eventstore.Position {
	t.Helper()
	end, err := s.store.End(within(t))
	require.NoError(t, err)
	return end
}

// endMoves demands that End is never before an acknowledged append, and before the
// next one.
func (s *suite) endMoves(t *testing.T) {
	for range 3 {
		before := s.mark(t)
		end := s.end(t)
		require.False(t, end.Before(before), "%s is behind %s", before, end)
		require.True(t, end.Before(s.mark(t)), "nothing was after %s", end)
	}
}

// endOfOwn appends system events. End counts them, although reads leave them out.
func (s *suite) endOfOwn(t *testing.T) {
	mark := s.mark(t)
	// These are more than the extra events that a read of one event asks for.
	for range 40 {
		s.Own(t, s.store)
	}
	last, err := s.store.ReadAll(within(t), eventstore.Backwards, eventstore.End, 1)
	require.NoError(t, err)
	require.False(t, last[0].Position.Before(mark))
	require.True(t, last[0].Position.Before(s.end(t)), "a system event is after %s", last[0].Position)
}

// has asks Reach for a position and fails on an error. position is in the public form,
// one number.
func (s *suite) has(t testing.TB, reach *eventstore.Reach, position uint64) bool {
	t.Helper()
	has, err := reach.Has(within(t), position)
	require.NoError(t, err)
	return has
}

// reachesNamed asks Reach for every position that an append, a subscription or End has
// returned. A client may hold any of them, so none may be refused.
func (s *suite) reachesNamed(t *testing.T) {
	prefix, reach := s.prefix(), eventstore.NewReach(s.store)
	before := s.scattered(t, prefix, 3, 5)
	require.True(t, s.has(t, reach, before.Uint64()), "an append's")
	if s.Own != nil {
		s.Own(t, s.store)
	}
	messages := s.listen(t, before, prefix).untilCaughtUp(t)
	kinds := map[eventstore.Kind]bool{}
	for _, message := range messages {
		kinds[message.Kind] = true
		require.True(t, s.has(t, reach, message.Position.Uint64()), "%d at %s", message.Kind, message.Position)
	}
	require.True(t, kinds[eventstore.Checkpoint] && kinds[eventstore.EventAppeared])
	require.True(t, s.has(t, reach, s.end(t).Uint64()), "the end")
	require.True(t, s.has(t, reach, 0))
}

// reachesNoFurther asks for positions after the end, and with an ended context. The
// largest position that fits into 63 bits must be answered too, and not overflow.
func (s *suite) reachesNoFurther(t *testing.T) {
	reach, last := eventstore.NewReach(s.store), s.mark(t).Uint64()
	for _, far := range []uint64{last + 1<<30, 1<<63 - 1} {
		require.False(t, s.has(t, reach, far), "%d of %d", far, last)
	}
	gone, cancel := context.WithCancel(within(t))
	cancel()
	_, err := reach.Has(gone, last)
	require.ErrorIs(t, err, context.Canceled)
}

// callsAll compares the list of calls with the methods of the port, so that a new
// method is not left out of the tests that use the list.
func (s *suite) callsAll(t *testing.T) {
	wanted := []string{"Close"}
	for name := range s.calls(s.store) {
		wanted = append(wanted, name)
	}
	methods := map[string]bool{}
	for method := range reflect.TypeFor[eventstore.Store]().Methods() {
		methods[method.Name] = true
	}
	require.ElementsMatch(t, wanted, slices.Collect(maps.Keys(methods)))
}
