package directory_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/queries/directory"
)

func TestBreaker_opensAndClosesSoonAfterRecovery(t *testing.T) {
	r := newRig(t)
	numbers := r.numbers(10)
	r.search.Down(true)
	for _, number := range numbers {
		r.unavailable(number)
	}
	require.Equal(t, 3, r.search.Asked(), "after three failures nobody asks")

	r.clock.pass(5 * time.Second)
	r.unavailable(numbers[0])
	r.unavailable(numbers[0])
	require.Equal(t, 4, r.search.Asked(), "after a pause one tries")

	r.search.Down(false)
	r.unavailable(numbers[0])
	r.clock.pass(5 * time.Second) // far less than the 30 s that are promised
	require.Len(t, r.finds(numbers...), 10)
	r.search.Down(true)
	r.unavailable(r.numbers(11)...)
	require.Equal(t, 6, r.search.Asked(), "one failure is no outage")
}

func TestDirectory_keepsWhatWasAnsweredWhenTheRestFails(t *testing.T) {
	r := newRig(t)
	r.finds(r.numbers(1)...)
	r.search.Down(true)
	require.Len(t, r.unavailable(r.numbers(2)...), 1)
}

func TestDirectory_waitIsBounded(t *testing.T) {
	r := newRig(t, func(o *directory.Options) { o.Timeout = 20 * time.Millisecond })
	never := make(chan struct{})
	r.search.Hold(never)
	for i := range 3 {
		r.unavailable(r.numbers(2500 + i)...)
	}
	asked := r.search.Asked()
	r.unavailable(r.numbers(2500)...)
	require.Equal(t, asked, r.search.Asked(), "slow is as good as down")
	r.search.Hold(nil)
	r.clock.pass(5 * time.Second)
	require.Eventually(t, func() bool { // a question of 20 ms may fail on a busy machine
		r.clock.pass(5 * time.Second)
		found, err := r.directory.Find(context.Background(), r.numbers(1))
		return err == nil && len(found) == 1
	}, time.Minute, time.Millisecond)
}

func TestStore_thatIsNotThereIsUnavailable(t *testing.T) {
	r := newRig(t)
	r.finds(r.numbers(1)...)
	require.NoError(t, r.search.Stop())
	r.unavailable(r.numbers(2)...)
}

func TestWrongAddress_isUnavailable(t *testing.T) {
	r := newRig(t, func(o *directory.Options) { o.URL += "elsewhere" })
	r.unavailable(r.numbers(1)...)
}
