package consumer

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The context has ended, so collect reports false where it would wait.
func TestCollect_waitsOnlyInABusyTimeInWhichNothingWaits(t *testing.T) {
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	open, shut := make(chan struct{}), make(chan struct{})
	close(shut)
	full := make(chan item[int], 999)
	for range cap(full) {
		full <- item[int]{}
	}
	for name, c := range map[string]struct {
		session *session[int]
		wanted  <-chan struct{}
		waits   bool
	}{
		"close to a small batch":            {session: &session[int]{live: true, last: 1, batchAt: now}, wanted: open, waits: true},
		"while nothing is ever wanted":      {session: &session[int]{live: true, last: 1, batchAt: now}, waits: true},
		"after a large batch":               {session: &session[int]{live: true, last: largeBatch, batchAt: now, wanted: true}, wanted: open, waits: true},
		"after the time to collect":         {session: &session[int]{live: true, last: 1, batchAt: now.Add(-time.Hour)}, wanted: open},
		"long after a large batch":          {session: &session[int]{live: true, last: largeBatch, batchAt: now.Add(-time.Hour)}, wanted: open},
		"a while after a large batch":       {session: &session[int]{live: true, last: largeBatch, batchAt: now.Add(-time.Minute)}, wanted: open},
		"when the next batch is full":       {session: &session[int]{live: true, last: largeBatch, batchAt: now, items: full}, wanted: open},
		"while catching up":                 {session: &session[int]{last: largeBatch, batchAt: now}, wanted: open},
		"after a batch that was waited for": {session: &session[int]{live: true, last: 1, batchAt: now, wanted: true}, wanted: open},
	} {
		t.Run(name, func(t *testing.T) {
			c.session.consumer = &Consumer[int]{options: Options{
				Clock: func() time.Time { return now }, Intervals: Intervals{Collect: 30 * time.Second}, Wanted: func() <-chan struct{} { return c.wanted },
			}.withDefaults()}
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			require.Equal(t, !c.waits, c.session.collect(ctx))
		})
	}
	t.Run("until it is waited for", func(t *testing.T) {
		s := session[int]{live: true, last: 1, batchAt: now}
		s.consumer = &Consumer[int]{options: Options{
			Clock: func() time.Time { return now }, Intervals: Intervals{Collect: time.Hour}, Wanted: func() <-chan struct{} { return shut },
		}.withDefaults()}
		require.True(t, s.collect(t.Context()))
	})
}

func TestPassed_alsoWhenTheClockWasSetBack(t *testing.T) {
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	s := session[int]{consumer: &Consumer[int]{options: Options{Clock: func() time.Time { return now }}}}
	require.False(t, s.passed(now.Add(-time.Second), time.Minute))
	require.True(t, s.passed(now.Add(-time.Minute), time.Minute))
	require.True(t, s.passed(now.Add(time.Second), time.Minute))
}
