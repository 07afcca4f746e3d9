// Package storetest is the contract of eventstore.Store as a suite: what a real
// EventStoreDB answers, asked through the port. Every store must pass it.
//
// The log that it runs on may be shared and is never assumed to be empty: each
// test writes to streams of its own names and looks only at those.
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

// Setup says how a store is made and what can be done to it from outside. Only
// Open is required; tests that need another hook are left out without it.
type Setup struct {
	// Open makes a store and closes it at the end of the test. Two stores of one
	// Setup may share a log or not.
	Open func(t testing.TB) eventstore.Store
	// Delete deletes a stream softly, Tombstone for ever, as an operator would.
	Delete, Tombstone func(t testing.TB, store eventstore.Store, stream string)
	// Restart ends the store, and the server behind it where there is one, and
	// opens the same log again, until the end of the test like Open.
	Restart func(t testing.TB, store eventstore.Store) eventstore.Store
	// Own writes an event of the store's own to the end of the log.
	Own func(t testing.TB, store eventstore.Store)
	// Outage makes the server unreachable until restore is called.
	Outage func(t testing.TB, store eventstore.Store) (restore func())
}

// patience is how long the suite waits for what must come; it is a bound, not
// a measure.
const patience = 30 * time.Second

// suite is one run: a store and names that nobody else uses.
type suite struct {
	Setup
	whole *testing.T // the test that the store lives as long as
	store eventstore.Store
	run   string
}

// Run holds a store to the contract.
func Run(t *testing.T, setup Setup) {
	s := &suite{Setup: setup, whole: t, store: setup.Open(t), run: "storetest-" + uuid.NewString()}
	groups := []struct {
		name  string
		tests map[string]func(t *testing.T)
	}{
		{"append", s.appendTests()},
		{"again", s.againTests()},
		{"many", s.manyTests()},
		{"read", s.readTests()},
		{"all", s.allTests()},
		{"end", s.endTests()},
		{"subscribe", s.subscribeTests()},
		{"resume", s.resumeTests()},
		{"concurrency", s.concurrencyTests()},
		{"leaving", s.leavingTests()},
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

// prefix is a beginning of stream names of this test's own.
func (s *suite) prefix() string { return s.run + "-" + uuid.NewString()[:8] + "-" }

// stream is a stream name of this test's own.
func (s *suite) stream() string { return s.prefix() + "a" }

// within is a context that ends when the suite's patience does.
func within(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// events makes n new events that can be told apart.
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

// write appends n new events to a stream and returns them as recorded.
func (s *suite) write(t testing.TB, stream string, expected eventstore.Expected, n int) []eventstore.RecordedEvent {
	t.Helper()
	appended, err := s.store.Append(within(t), eventstore.Append{Stream: stream, Expected: expected, Events: events(n)})
	require.NoError(t, err)
	recorded := s.read(t, stream)
	require.Equal(t, appended.Revision, recorded[len(recorded)-1].Revision)
	return recorded[len(recorded)-n:]
}

// read reads a stream whole.
func (s *suite) read(t testing.TB, stream string) []eventstore.RecordedEvent {
	t.Helper()
	recorded, err := s.store.ReadStream(within(t), stream, eventstore.Forwards, 0, 100_000)
	require.NoError(t, err)
	return recorded
}

// placed appends one event to a stream of its own and returns its position: a
// mark in the log, behind everything that was there.
func (s *suite) placed(t testing.TB) eventstore.Position {
	t.Helper()
	appended, err := s.store.Append(within(t), eventstore.Append{Stream: s.stream(), Expected: eventstore.NoStream, Events: events(1)})
	require.NoError(t, err)
	return appended.Position
}

func revisions(recorded []eventstore.RecordedEvent) []uint64 {
	found := make([]uint64, len(recorded))
	for i, event := range recorded {
		found[i] = event.Revision
	}
	return found
}

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

// requireRising demands strictly rising positions.
func requireRising(t testing.TB, recorded []eventstore.RecordedEvent) {
	t.Helper()
	for i := 1; i < len(recorded); i++ {
		require.True(t, recorded[i-1].Position.Before(recorded[i].Position),
			"%s must lie before %s", recorded[i-1].Position, recorded[i].Position)
	}
}
