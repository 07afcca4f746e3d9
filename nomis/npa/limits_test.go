package npa_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/nomis/npa"
)

// together makes calls at once, and waits for them all.
func together(count int, call func()) {
	var calls sync.WaitGroup
	for range count {
		calls.Go(call)
	}
	calls.Wait()
}

// In no second are there more than the rate, whichever causes the requests have.
func TestRate_isOneForAllCallers(t *testing.T) {
	const perSecond = 50
	inBubble(t, func(t *testing.T, api *npa.API, s *server) {
		var mu sync.Mutex
		var sent []time.Time
		s.answer(func(w http.ResponseWriter, _ *http.Request) {
			mu.Lock()
			sent = append(sent, time.Now())
			mu.Unlock()
			fmt.Fprint(w, "[]")
		})
		turn, migration := api.For(npa.Turn), api.For(npa.Migration)
		time.Sleep(time.Minute) // nothing is saved up meanwhile
		begun := time.Now()
		together(100, func() {
			require.NoError(t, turn.Ping(t.Context()))
			require.NoError(t, migration.Ping(t.Context()))
		})
		require.InDelta(t, (4 * time.Second).Seconds(), time.Since(begun).Seconds(), 0.1, "and not far fewer either")
		require.Len(t, sent, 200)
		for i, first := range sent {
			within := 0
			for _, other := range sent[i:] {
				if other.Sub(first) < time.Second {
					within++
				}
			}
			require.LessOrEqual(t, within, perSecond)
		}
	}, func(o *npa.Options) { o.Rate = perSecond })
}

func TestRate_ofZeroIsNoLimit(t *testing.T) {
	inBubble(t, func(t *testing.T, api *npa.API, _ *server) {
		begun := time.Now()
		together(500, func() { require.NoError(t, api.For(npa.Turn).Ping(t.Context())) })
		require.Zero(t, time.Since(begun))
	})
}

// A caller whose time ends before its turn gives up, and that says nothing about NOMIS.
func TestRate_isWaitedForAsLongAsTheCallerHasTime(t *testing.T) {
	inBubble(t, func(t *testing.T, api *npa.API, s *server) {
		client := api.For(npa.Turn)
		require.NoError(t, client.Ping(t.Context()))
		for range 20 {
			ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
			err := client.Ping(ctx)
			cancel()
			requireKind(t, npa.ErrUnavailable, err)
			require.ErrorIs(t, err, context.DeadlineExceeded)
		}
		require.Len(t, s.asked(), 1)
		require.EqualValues(t, 1, client.Requests())
		require.True(t, api.Available())
		require.NoError(t, client.Ping(t.Context()))
	}, func(o *npa.Options) { o.Rate = 1 })
}

// The time-out of a request begins with the request: a long wait for the rate takes
// nothing from it.
func TestTimeout_isThatOfOneRequest(t *testing.T) {
	inBubble(t, func(t *testing.T, api *npa.API, s *server) {
		s.answer(func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(19 * time.Second)
			fmt.Fprint(w, "[]")
		})
		together(3, func() { require.NoError(t, api.For(npa.Turn).Ping(t.Context())) })
		s.answer(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		begun := time.Now()
		err := api.For(npa.Turn).Ping(t.Context())
		f := requireKind(t, npa.ErrUnavailable, err)
		require.ErrorContains(t, err, "no answer within 20s")
		require.NotErrorIs(t, err, context.DeadlineExceeded, "the caller has time")
		require.Zero(t, f.Status)
		require.Equal(t, 20*time.Second, time.Since(begun))
	}, func(o *npa.Options) {
		o.Rate = 1
		o.InFlight = 3
	})
}

func TestInFlight_isLimitedForAllCallers(t *testing.T) {
	inBubble(t, func(t *testing.T, api *npa.API, s *server) {
		var mu sync.Mutex
		now, most := 0, 0
		s.answer(func(w http.ResponseWriter, _ *http.Request) {
			mu.Lock()
			now++
			most = max(most, now)
			mu.Unlock()
			time.Sleep(time.Second)
			mu.Lock()
			now--
			mu.Unlock()
			fmt.Fprint(w, "[]")
		})
		begun := time.Now()
		together(20, func() {
			_, err := api.For(npa.Reconciliation).Rows(t.Context(), thePair(t)) // two calls each
			require.NoError(t, err)
		})
		require.Equal(t, 8, most)
		require.Equal(t, 5*time.Second, time.Since(begun))
	})
}

// A caller that waits for others to end gives up with its context.
func TestInFlight_isWaitedForAsLongAsTheCallerHasTime(t *testing.T) {
	inBubble(t, func(t *testing.T, api *npa.API, s *server) {
		release := make(chan struct{})
		s.answer(func(w http.ResponseWriter, _ *http.Request) {
			<-release
			fmt.Fprint(w, "[]")
		})
		client := api.For(npa.Turn)
		var first sync.WaitGroup
		first.Go(func() { require.NoError(t, client.Ping(t.Context())) })
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := client.Ping(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Len(t, s.asked(), 1)
		close(release)
		first.Wait()
	}, func(o *npa.Options) { o.InFlight = 1 })
}

func TestRequests_areCountedByCauseAndByClient(t *testing.T) {
	api, s := newAPI(t)
	s.says(http.StatusOK, "[]")
	run, other, turn := api.For(npa.Migration), api.For(npa.Migration), api.For(npa.Turn)
	_, err := run.Rows(t.Context(), thePair(t))
	require.NoError(t, err)
	require.NoError(t, other.Ping(t.Context()))
	s.says(http.StatusBadRequest, "")
	require.Error(t, turn.Delete(t.Context(), thePair(t), 1))
	require.EqualValues(t, 2, run.Requests())
	require.EqualValues(t, 1, other.Requests())
	want := map[npa.Cause]int64{}
	for _, cause := range npa.Causes() {
		want[cause] = 0
	}
	want[npa.Migration], want[npa.Turn] = 3, 1
	require.Equal(t, want, api.Counts(), "a cause without requests counts too")
}
