package directory_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/queries/directory"
)

// opens lets the service fail until the circuit is open, and then the pause pass.
func (h *harness) opens() {
	h.t.Helper()
	h.search.Down(true)
	for _, number := range h.numbers(3) {
		h.unavailable(number)
	}
	time.Sleep(pause)
}

// asks begins a lookup for each number, and returns where their errors come. When it
// returns, each of them has ended or waits for the service.
func (h *harness) asks(numbers ...domain.PrisonerNumber) <-chan error {
	errs := make(chan error, len(numbers))
	for _, number := range numbers {
		go func() {
			_, err := h.directory.Find(context.Background(), []domain.PrisonerNumber{number})
			errs <- err
		}()
	}
	synctest.Wait()
	return errs
}

// requireRefused requires that all but some of the lookups have been refused.
func requireRefused(t *testing.T, errs <-chan error, count int) {
	t.Helper()
	require.Len(t, errs, count)
	for range count {
		require.ErrorIs(t, <-errs, directory.ErrUnavailable)
	}
}

// TestTrial_isOneAtATime: while it is under way all other lookups are refused at once,
// whether they began after it or together with it.
func TestTrial_isOneAtATime(t *testing.T) {
	inBubble(t, func(t *testing.T, h *harness) {
		h.opens()
		h.search.Down(false)
		asked, release, numbers := h.search.Asked(), make(chan struct{}), h.numbers(60)
		h.search.Hold(release)
		trial := h.asks(numbers[0])
		require.Equal(t, asked+1, h.search.Asked())
		for range 3 { // however long the trial takes
			requireRefused(t, h.asks(numbers[1:30]...), 29)
			time.Sleep(900 * time.Millisecond)
		}
		require.Equal(t, asked+1, h.search.Asked(), "more than one tried")
		close(release)
		require.NoError(t, <-trial)
		errs := h.asks(numbers[30:]...)
		for range numbers[30:] {
			require.NoError(t, <-errs, "it answers again: every caller may ask")
		}
	})
}

// TestBreaker_ofConcurrentCallsOneTries: all but one are refused before the trial has
// ended, however it ends.
func TestBreaker_ofConcurrentCallsOneTries(t *testing.T) {
	for name, recovered := range map[string]bool{"it answers again": true, "it is still down": false} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, h *harness) {
				h.opens()
				asked, release, numbers := h.search.Asked(), make(chan struct{}), h.numbers(30)
				h.search.Hold(release)
				h.search.Down(!recovered)
				errs := h.asks(numbers...)
				require.Equal(t, asked+1, h.search.Asked(), "more than one tried")
				requireRefused(t, errs, len(numbers)-1)
				close(release)
				require.Equal(t, recovered, <-errs == nil)
				require.Equal(t, asked+1, h.search.Asked())
			})
		})
	}
}

// TestLateFailure_endsNoTrial: the failure of a request from before the outage does
// not end the trial.
func TestLateFailure_endsNoTrial(t *testing.T) {
	inBubble(t, func(t *testing.T, h *harness) {
		numbers, late, release := h.numbers(10), make(chan struct{}), make(chan struct{})
		h.search.Down(true)
		h.search.Hold(late)
		before := h.asks(numbers[9])
		require.Equal(t, 1, h.search.Asked())
		h.search.Hold(nil)
		h.opens()
		h.search.Hold(release)
		trial := h.asks(numbers[3])
		require.Equal(t, 5, h.search.Asked())

		close(late)
		synctest.Wait()
		require.ErrorIs(t, <-before, directory.ErrUnavailable)
		time.Sleep(pause)
		requireRefused(t, h.asks(numbers[4]), 1)
		require.Equal(t, 5, h.search.Asked(), "the trial is still under way")
		close(release)
		require.ErrorIs(t, <-trial, directory.ErrUnavailable)
	}, func(o *directory.Options) { o.Timeout = time.Minute })
}
