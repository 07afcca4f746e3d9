// Package storetest is the conformance suite of eventstore.Store. Its expectations
// are the answers of a real EventStoreDB, through the port. Every store must pass it.
//
// The log may be shared with others and is not assumed to be empty: each test writes
// to streams with names of its own and reads only those.
package storetest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/eventstore"
)

// Setup is how the suite opens a store and acts on the server behind it. Only Open is
// required; tests that need a missing hook are left out.
type Setup struct {
	// Open makes a store and closes it at the end of the test. Two stores of one
	// Setup may share a log or not.
	Open func(t testing.TB) eventstore.Store
	// Delete soft-deletes a stream, Tombstone deletes it for ever, as an operator can.
	Delete, Tombstone func(t testing.TB, store eventstore.Store, stream string)
	// Restart closes the store, restarts its server if it has one, and opens the same
	// log again. The new store is closed at the end of the test, like that of Open.
	Restart func(t testing.TB, store eventstore.Store) eventstore.Store
	// Own appends a system event to the log.
	Own func(t testing.TB, store eventstore.Store)
	// Outage makes the server unreachable until restore is called.
	Outage func(t testing.TB, store eventstore.Store) (restore func())
}

// waitTime bounds the wait for what must happen. No test measures time with it.
const waitTime = 30 * time.Second

// suite is one run: a store, and a prefix of stream names that no other run has.
type suite struct {
	Setup
	// root is the test of the run. A store that is opened for the run ends with it and
	// not with a sub-test.
	root  *testing.T
	store eventstore.Store
	// run is the prefix of all stream names of the run, unique so that a log may be
	// used again.
	run string
}

// Run tests a store. Groups and tests run in a fixed order, one after the other: the
// last group replaces the store.
func Run(t *testing.T, setup Setup) {
	s := &suite{Setup: setup, root: t, store: setup.Open(t), run: "storetest-" + uuid.NewString()}
	groups := []struct {
		name  string
		tests map[string]func(t *testing.T)
	}{
		{"append", s.appendTests()},
		{"again", s.repeatTests()},
		{"many", s.manyTests()},
		{"read", s.readTests()},
		{"all", s.allTests()},
		{"end", s.endTests()},
		{"subscribe", s.subscribeTests()},
		{"resume", s.resumeTests()},
		{"concurrency", s.concurrencyTests()},
		{"leaving", s.contextTests()},
		{"deleted", s.deletedTests()},
		{"outage", s.outageTests()}, // last: it replaces the store
	}
	for _, group := range groups {
		t.Run(group.name, func(t *testing.T) {
			for _, name := range slices.Sorted(maps.Keys(group.tests)) {
				t.Run(name, group.tests[name])
			}
		})
	}
}

// prefix returns a new prefix of stream names. Every test has its own, so that tests do
// not see each other's events.
func (s *suite) prefix() string { return s.run + "-" + uuid.NewString()[:8] + "-" }

// stream returns a new stream name for one test.
func (s *suite) stream() string { return s.prefix() + "a" }

// within returns a context with patience as its time limit. The context ends with the
// test at the latest.
func within(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), waitTime)
	t.Cleanup(cancel)
	return ctx
}

// events makes n new events with distinct ids and data. Data and metadata differ too,
// so that swapped fields are found.
func events(n int) []eventstore.Event {
	made := make([]eventstore.Event, n)
	for i := range made {
		id := uuid.New()
		made[i] = eventstore.Event{
			ID: id, Type: "storetest.happened.v1",
			Data:     fmt.Appendf(nil, `{"n":%d,"id":%q}`, i, id),
			Metadata: fmt.Appendf(nil, `{"index":%d}`, i),
		}
	}
	return made
}

// write appends n new events to a stream and returns them as recorded. It fails the
// test on any error.
func (s *suite) write(t testing.TB, stream string, expected eventstore.Expected, n int) []eventstore.RecordedEvent {
	t.Helper()
	appended, err := s.store.Append(within(t), eventstore.Append{Stream: stream, Expected: expected, Events: events(n)})
	require.NoError(t, err)
	recorded := s.read(t, stream)
	require.Equal(t, appended.Revision, recorded[len(recorded)-1].Revision)
	return recorded[len(recorded)-n:]
}

// read reads a whole stream forwards and fails the test when it does not exist.
func (s *suite) read(t testing.TB, stream string) []eventstore.RecordedEvent {
	t.Helper()
	recorded, err := s.store.ReadStream(within(t), stream, eventstore.Forwards, 0, 100_000)
	require.NoError(t, err)
	return recorded
}

// mark appends one event to a new stream and returns its position, which is after
// everything that was in the log. Subscriptions start there and so skip what earlier
// tests wrote.
func (s *suite) mark(t testing.TB) eventstore.Position {
	t.Helper()
	appended, err := s.store.Append(within(t), eventstore.Append{Stream: s.stream(), Expected: eventstore.NoStream, Events: events(1)})
	require.NoError(t, err)
	return appended.Position
}

// revisions returns the revisions of events.
func revisions(recorded []eventstore.RecordedEvent) []uint64 {
	found := make([]uint64, len(recorded))
	for i, event := range recorded {
		found[i] = event.Revision
	}
	return found
}

// ids returns the ids of events, which compare well in failures.
func ids[E eventstore.Event | eventstore.RecordedEvent](list []E) []uuid.UUID {
	found := make([]uuid.UUID, len(list))
	for i := range list {
		switch event := any(list[i]).(type) {
		case eventstore.Event:
			found[i] = event.ID
		case eventstore.RecordedEvent:
			found[i] = event.ID
		}
	}
	return found
}

// requireRising demands strictly increasing positions: the order of the log, without a
// repeat.
func requireRising(t testing.TB, recorded []eventstore.RecordedEvent) {
	t.Helper()
	for i := 1; i < len(recorded); i++ {
		require.True(t, recorded[i-1].Position.Before(recorded[i].Position),
			"%s must be before %s", recorded[i-1].Position, recorded[i].Position)
	}
}
