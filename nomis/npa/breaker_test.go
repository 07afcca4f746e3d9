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

// falls lets NOMIS not answer until that is known.
func falls(t *testing.T, api *npa.API, s *server) {
	t.Helper()
	s.says(http.StatusServiceUnavailable, "<html>")
	for range 5 {
		require.True(t, api.Available())
		requireKind(t, npa.ErrUnavailable, api.For(npa.Turn).Ping(t.Context()))
	}
	require.False(t, api.Available())
	require.Len(t, s.asked(), 5)
}

func TestAvailable_isFalseUntilAProbeIsAnswered(t *testing.T) {
	inBubble(t, func(t *testing.T, api *npa.API, s *server) {
		falls(t, api, s)
		probe := api.For(npa.Probe)
		for range 40 { // as often as one likes
			requireKind(t, npa.ErrUnavailable, probe.Ping(t.Context()))
			require.False(t, api.Available())
			time.Sleep(time.Second)
		}
		require.InDelta(t, 3, len(s.asked()), 1, "one every 10 s")

		s.says(http.StatusOK, "[]")
		time.Sleep(11 * time.Second)
		require.False(t, api.Available(), "not before it has answered")
		require.NoError(t, probe.Ping(t.Context()))
		require.True(t, api.Available())
	})
}

// While it does not answer nothing else is sent, also when the first probe is due.
func TestProbe_isOneAtATime(t *testing.T) {
	inBubble(t, func(t *testing.T, api *npa.API, s *server) {
		falls(t, api, s)
		_, err := api.For(npa.Turn).Rows(t.Context(), thePair(t))
		requireKind(t, npa.ErrUnavailable, err)
		require.ErrorContains(t, err, "is not called for a moment")
		require.Empty(t, s.asked())

		time.Sleep(11 * time.Second)
		release := make(chan struct{})
		s.answer(func(w http.ResponseWriter, _ *http.Request) {
			<-release
			fmt.Fprint(w, "[]")
		})
		var calls sync.WaitGroup
		var mu sync.Mutex
		succeeded := 0
		for range 7 {
			calls.Go(func() {
				if api.For(npa.Turn).Ping(t.Context()) == nil {
					mu.Lock()
					succeeded++
					mu.Unlock()
				}
			})
		}
		synctest.Wait()
		require.Len(t, s.asked(), 1)
		close(release)
		calls.Wait()
		require.Equal(t, 1, succeeded)
		require.True(t, api.Available())
	})
}

func TestCall_whileNOMISDoesNotAnswerFailsAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T, api *npa.API, s *server) {
		s.answer(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		begun := time.Now()
		together(8, func() { require.Error(t, api.For(npa.Turn).Ping(t.Context())) })
		require.Equal(t, 20*time.Second, time.Since(begun))
		require.False(t, api.Available())
		together(100, func() { require.Error(t, api.For(npa.Turn).Ping(t.Context())) })
		require.Equal(t, 20*time.Second, time.Since(begun))
	})
}

// An answer of NOMIS's own is one, whatever it says; what something in front of it says
// is none.
func TestAvailable_dependsOnWhetherNOMISAnswers(t *testing.T) {
	for _, c := range []struct {
		status    int
		body      string
		available bool
	}{
		{200, "<html>", true},
		{400, "", true},
		{401, "", true},
		{403, "", true},
		{404, refusal(404, "Not Found: x"), true},
		{404, "<html>", false},
		{423, "", true},
		{424, "", true},
		{429, "", true},
		{500, "", true},
		{500, refusal(500, "Unexpected error: x"), true},
		{502, "", false},
		{503, "", false},
		{503, refusal(503, "x"), false},
		{504, "", false},
		{302, "", false},
	} {
		api, s := newAPI(t)
		s.says(c.status, c.body)
		for range 5 {
			require.Error(t, api.For(npa.Turn).Ping(t.Context()))
		}
		require.Equal(t, c.available, api.Available(), "%d %s", c.status, c.body)
	}
}

// A caller that gives up says neither that NOMIS answers nor that it does not.
func TestAvailable_isNotChangedByACallerThatGivesUp(t *testing.T) {
	inBubble(t, func(t *testing.T, api *npa.API, s *server) {
		givesUp := func() {
			t.Helper()
			s.answer(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			require.ErrorIs(t, api.For(npa.Operator).Ping(ctx), context.DeadlineExceeded)
		}
		for range 20 {
			givesUp()
		}
		require.True(t, api.Available())
		for range 5 {
			givesUp()
			s.says(http.StatusBadGateway, "")
			require.Error(t, api.For(npa.Turn).Ping(t.Context()))
		}
		require.False(t, api.Available(), "five in a row did not answer")
		time.Sleep(11 * time.Second)
		givesUp()
		require.False(t, api.Available())
		s.says(http.StatusOK, "[]")
		require.NoError(t, api.For(npa.Probe).Ping(t.Context()), "another may probe")
		require.True(t, api.Available())
	})
}
