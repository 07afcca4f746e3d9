package directory_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/queries/directory"
)

// opens lets the service fail until it is left alone, and then the pause pass.
func (r *rig) opens() {
	r.t.Helper()
	r.search.Down(true)
	for _, number := range r.numbers(3) {
		r.unavailable(number)
	}
	r.clock.pass(5 * time.Second)
}

// atOnce asks for each number in a question of its own, and gives the errors.
func (r *rig) atOnce(numbers []domain.PrisonerNumber) []error {
	errs := make([]error, len(numbers))
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second) // whoever waits for the trial fails
	defer cancel()
	var all sync.WaitGroup
	for i, number := range numbers {
		all.Go(func() { _, errs[i] = r.directory.Find(ctx, []domain.PrisonerNumber{number}) })
	}
	all.Wait()
	return errs
}

// TestOne_aloneTriesWhetherItAnswersAgain: while the trial is under way everybody
// else is refused at once, whether it began before them or together with them.
func TestOne_aloneTriesWhetherItAnswersAgain(t *testing.T) {
	r := newRig(t)
	r.opens()
	r.search.Down(false)
	asked, release := r.search.Asked(), make(chan struct{})
	r.search.Hold(release)
	numbers := r.numbers(60)
	trial := make(chan error, 1)
	go func() {
		_, err := r.directory.Find(context.Background(), numbers[:1])
		trial <- err
	}()
	require.Eventually(t, func() bool { return r.search.Asked() == asked+1 }, time.Minute, time.Millisecond)
	for range 3 { // however long the trial takes
		for _, err := range r.atOnce(numbers[1:30]) {
			require.ErrorIs(t, err, directory.ErrUnavailable)
		}
		r.clock.pass(5 * time.Second)
	}
	require.Equal(t, asked+1, r.search.Asked(), "more than one tried")
	close(release)
	require.NoError(t, <-trial)
	for _, err := range r.atOnce(numbers[30:]) {
		require.NoError(t, err, "it answers again: everybody may ask")
	}
}

// TestBreaker_ofConcurrentCallsOneTries: all but one are refused before the trial has ended,
// however it ends.
func TestBreaker_ofConcurrentCallsOneTries(t *testing.T) {
	for name, recovered := range map[string]bool{"it answers again": true, "it is still down": false} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.opens()
			asked, release, numbers := r.search.Asked(), make(chan struct{}), r.numbers(30)
			r.search.Hold(release)
			r.search.Down(!recovered)
			ended := make(chan error, len(numbers))
			for _, number := range numbers {
				go func() {
					_, err := r.directory.Find(context.Background(), []domain.PrisonerNumber{number})
					ended <- err
				}()
			}
			require.Eventually(t, func() bool {
				return r.search.Asked() > asked && len(ended) == len(numbers)-1 || r.search.Asked() > asked+1
			}, time.Minute, time.Millisecond)
			require.Equal(t, asked+1, r.search.Asked(), "more than one tried")
			for range len(numbers) - 1 {
				require.ErrorIs(t, <-ended, directory.ErrUnavailable)
			}
			close(release)
			require.Equal(t, recovered, <-ended == nil)
			require.Equal(t, asked+1, r.search.Asked())
		})
	}
}

// TestLateFailure_endsNoTrial: a question from before the outage says nothing of
// the one that tries.
func TestLateFailure_endsNoTrial(t *testing.T) {
	r := newRig(t)
	numbers, late, release := r.numbers(10), make(chan struct{}), make(chan struct{})
	ended := make(chan error, 2)
	asks := func(number domain.PrisonerNumber) {
		_, err := r.directory.Find(context.Background(), []domain.PrisonerNumber{number})
		ended <- err
	}
	r.search.Down(true)
	r.search.Hold(late)
	go asks(numbers[9])
	require.Eventually(t, func() bool { return r.search.Asked() == 1 }, time.Minute, time.Millisecond)
	r.search.Hold(nil)
	r.opens()
	r.search.Hold(release)
	go asks(numbers[3])
	require.Eventually(t, func() bool { return r.search.Asked() == 5 }, time.Minute, time.Millisecond)

	close(late)
	require.ErrorIs(t, <-ended, directory.ErrUnavailable)
	r.clock.pass(5 * time.Second)
	asked := make(chan struct{})
	go func() {
		defer close(asked)
		_, err := r.directory.Find(context.Background(), numbers[4:5])
		ended <- err
	}()
	require.Eventually(t, func() bool { return len(ended) == 1 || r.search.Asked() > 5 }, time.Minute, time.Millisecond)
	require.Equal(t, 5, r.search.Asked(), "the trial is still under way")
	close(release)
	<-asked
	require.ErrorIs(t, <-ended, directory.ErrUnavailable)
	require.ErrorIs(t, <-ended, directory.ErrUnavailable)
}
