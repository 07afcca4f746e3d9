package nomis_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/nomis"
	"nonassociations/nomis/store"
)

var callTime = time.Date(2026, 7, 15, 12, 0, 0, 0, time.UTC)

// table is a store of calls that may be away.
type table struct {
	mu      sync.Mutex
	away    bool
	hangs   bool
	slow    time.Duration // of a write, whose answer is lost when the caller leaves
	writes  []time.Time
	added   map[string]store.CallerDay
	batches [][]store.CallerDay
}

func (s *table) AddCalls(ctx context.Context, days ...store.CallerDay) (err error) {
	s.mu.Lock()
	away, hangs := s.away, s.hangs // as they are when the write begins
	s.mu.Unlock()
	if hangs {
		<-ctx.Done()
		return ctx.Err()
	}
	select {
	case <-ctx.Done():
		defer func() { err = ctx.Err() }()
	case <-time.After(s.slow):
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writes = append(s.writes, time.Now())
	if away {
		return errors.New("no Postgres")
	}
	s.batches = append(s.batches, days)
	if s.added == nil {
		s.added = map[string]store.CallerDay{}
	}
	for _, d := range days {
		have := s.added[d.ClientID]
		d.Calls, d.NotFound = d.Calls+have.Calls, d.NotFound+have.NotFound
		s.added[d.ClientID] = d
	}
	return nil
}

func (*table) Callers(context.Context, string) ([]store.Caller, error) { return nil, nil }

func (s *table) set(away, hangs bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.away, s.hangs = away, hangs
}

func (s *table) of(client string) store.CallerDay {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.added[client]
}

func counting(s nomis.CallerStore, logs *strings.Builder) *nomis.LegacyCallers {
	return nomis.NewLegacyCallers(nomis.LegacyCallersOptions{
		Store: s, Clock: func() time.Time { return callTime }, Logger: slog.New(slog.NewTextHandler(logs, nil)),
	})
}

// running runs until the function is called, which returns when all is written.
func running(t *testing.T, run func(context.Context) error) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx) }()
	return func() {
		cancel()
		require.NoError(t, <-ended)
	}
}

func TestLegacyCallers_areWrittenOnceASecondAtMost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var logs strings.Builder
		s := new(table)
		l := counting(s, &logs)
		stop := running(t, l.Run)
		began := time.Now()
		for range 5000 {
			l.Count("visits", false)
			time.Sleep(time.Millisecond) // of the bubble's clock
		}
		stop()
		require.Equal(t, int64(5000), s.of("visits").Calls)
		require.LessOrEqual(t, len(s.writes), 7)
		require.Less(t, s.writes[0].Sub(began), 10*time.Millisecond, "the first is written at once")
		for i := 1; i < len(s.writes)-1; i++ { // the last write is that of the end
			require.GreaterOrEqual(t, s.writes[i].Sub(s.writes[i-1]), time.Second)
		}
	})
}

func TestLegacyCallers_outliveAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var logs strings.Builder
		s := &table{away: true}
		l := counting(s, &logs)
		stop := running(t, l.Run)
		for range 100 {
			l.Count("visits", true)
			l.Count("activities", false)
			time.Sleep(100 * time.Millisecond)
		}
		s.set(false, true)
		l.Count("visits", false)
		time.Sleep(20 * time.Second)
		s.set(false, false)
		time.Sleep(20 * time.Second)
		synctest.Wait()
		require.Equal(t, int64(101), s.of("visits").Calls)
		require.Equal(t, int64(100), s.of("visits").NotFound)
		require.Equal(t, int64(100), s.of("activities").Calls)
		require.Equal(t, 1, strings.Count(logs.String(), "will be tried again"))
		require.Equal(t, 1, strings.Count(logs.String(), "written again"))
		writes := len(s.writes)
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Len(t, s.writes, writes, "nothing is written without a call")
		stop()
	})
}

func TestLegacyCallers_waitNoLongerThanHalfASecondAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var logs strings.Builder
		l := counting(&table{hangs: true}, &logs)
		stop := running(t, l.Run)
		l.Count("visits", false)
		synctest.Wait()
		began := time.Now()
		stop()
		require.LessOrEqual(t, time.Since(began), 500*time.Millisecond)
		require.Contains(t, logs.String(), "lost at the end")
	})
}

// TestLegacyCallers_areNotCountedAgainAtTheEnd stops while a write is in flight.
func TestLegacyCallers_areNotCountedAgainAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var logs strings.Builder
		s := &table{slow: 100 * time.Millisecond}
		l := counting(s, &logs)
		stop := running(t, l.Run)
		l.Count("visits", false)
		synctest.Wait()
		l.Count("visits", false)
		stop()
		require.Equal(t, int64(2), s.of("visits").Calls)
		require.Len(t, s.writes, 2)
		require.Empty(t, logs.String())
	})
}

func TestLegacyCallers_takeBoundedMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var logs strings.Builder
		s := new(table)
		l := counting(s, &logs)
		for i := range 3000 {
			l.Count(fmt.Sprint("client ", i), false)
		}
		l.Count("client 7", false)
		running(t, l.Run)()
		require.Len(t, s.added, 1000)
		require.Equal(t, int64(2), s.of("client 7").Calls, "one that waits has room")
		require.Contains(t, logs.String(), "calls=2000")
		require.NotContains(t, logs.String(), "client 7", "a client's id is nobody's business in a log")
	})
}

// TestLegacyCallers_ofManyProcessesAreSummedInPostgres counts from many requests and two
// processes, with ids that Postgres would refuse.
func TestLegacyCallers_ofManyProcessesAreSummedInPostgres(t *testing.T) {
	dsn := tables.New(t)
	kept, err := store.Open(t.Context(), dsn)
	require.NoError(t, err)
	t.Cleanup(kept.Close)
	var stops []func()
	var asking sync.WaitGroup
	var last *nomis.LegacyCallers
	for range 2 {
		last = nomis.NewLegacyCallers(nomis.LegacyCallersOptions{
			Store: kept, Clock: func() time.Time { return callTime }, Logger: slog.New(slog.DiscardHandler), Interval: time.Millisecond,
		})
		stops = append(stops, running(t, last.Run))
		for worker := range 8 {
			asking.Go(func() {
				for i := range 200 {
					last.Count(fmt.Sprint("client ", (i+worker)%3), i%2 == 0)
				}
				last.Count("odd \x00\xff "+strings.Repeat("é", 300), false)
			})
		}
		asking.Wait()
	}
	for _, stop := range stops {
		stop()
	}
	all, err := last.Callers(t.Context())
	require.NoError(t, err)
	require.Len(t, all, 4)
	calls, missed := int64(0), int64(0)
	for _, c := range all {
		calls, missed = calls+c.Last7Days, missed+c.NotFound
		require.LessOrEqual(t, len([]rune(c.ClientID)), 200)
		require.True(t, callTime.Equal(c.FirstCall))
	}
	require.Equal(t, int64(2*8*201), calls)
	require.Equal(t, int64(2*8*100), missed)
}
