package directory_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/queries/directory"
)

// pause is just longer than the circuit stays open, and far less than the 30 s within
// which a service that has recovered must be used again.
const pause = 5*time.Second + time.Millisecond

func TestBreaker_opensAndClosesSoonAfterRecovery(t *testing.T) {
	inBubble(t, func(t *testing.T, h *harness) {
		numbers := h.numbers(10)
		h.search.Down(true)
		for _, number := range numbers {
			h.unavailable(number)
		}
		require.Equal(t, 3, h.search.Asked(), "after three failures the circuit is open")

		time.Sleep(pause)
		h.unavailable(numbers[0])
		h.unavailable(numbers[0])
		require.Equal(t, 4, h.search.Asked(), "after a pause one tries")

		h.search.Down(false)
		h.unavailable(numbers[0])
		time.Sleep(pause)
		require.Len(t, h.finds(numbers...), 10)
		h.search.Down(true)
		h.unavailable(h.numbers(11)...)
		require.Equal(t, 6, h.search.Asked(), "one failure is no outage")
	})
}

func TestDirectory_keepsWhatWasAnsweredWhenTheRestFails(t *testing.T) {
	h := newHarness(t)
	h.finds(h.numbers(1)...)
	h.search.Down(true)
	require.Len(t, h.unavailable(h.numbers(2)...), 1)
}

func TestDirectory_waitIsBounded(t *testing.T) {
	inBubble(t, func(t *testing.T, h *harness) {
		never := make(chan struct{})
		h.search.Hold(never)
		begun := time.Now()
		h.unavailable(h.numbers(2500)...)
		require.Equal(t, 3*time.Second, time.Since(begun), "all chunks together")
		require.Equal(t, 3, h.search.Asked())
		begun = time.Now()
		h.unavailable(h.numbers(2501)...)
		require.Equal(t, 3, h.search.Asked(), "slow is as good as down")
		require.Zero(t, time.Since(begun))
		h.search.Hold(nil)
		time.Sleep(pause)
		require.Len(t, h.finds(h.numbers(1)...), 1)
	})
}

func TestDirectory_withoutAServiceIsUnavailable(t *testing.T) {
	h := newHarness(t)
	h.finds(h.numbers(1)...)
	require.NoError(t, h.stop())
	h.unavailable(h.numbers(2)...)
}

func TestDirectory_withAWrongAddressIsUnavailable(t *testing.T) {
	h := newHarness(t, func(o *directory.Options) { o.URL += "elsewhere" })
	h.unavailable(h.numbers(1)...)
}
