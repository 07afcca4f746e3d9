package npa

import (
	"errors"
	"log/slog"
	"time"

	"github.com/sony/gobreaker/v2"
)

// The circuit opens after maxSilent calls in a row without an answer of the API. While it
// is open nothing is sent. After pause one call is the probe.
const (
	maxSilent = 5
	pause     = 10 * time.Second
)

// newBreaker returns a closed circuit breaker. An answer that refuses is an answer. A
// call that its caller gave up counts for nothing.
func newBreaker(log *slog.Logger) *gobreaker.CircuitBreaker[answer] {
	var last error // guarded by the lock of the breaker, which calls all of these functions under it
	is := func(err error, which func(*Failure) bool) bool {
		var f *Failure
		return errors.As(err, &f) && which(f)
	}
	return gobreaker.NewCircuitBreaker[answer](gobreaker.Settings{
		Timeout:     pause,
		ReadyToTrip: func(counts gobreaker.Counts) bool { return counts.ConsecutiveFailures >= maxSilent },
		IsExcluded:  func(err error) bool { return is(err, func(f *Failure) bool { return f.givenUp }) },
		IsSuccessful: func(err error) bool {
			last = err
			return err == nil || !is(err, func(f *Failure) bool { return f.silent })
		},
		OnStateChange: func(_ string, from, to gobreaker.State) {
			switch {
			case to == gobreaker.StateClosed:
				log.Info("NOMIS circuit closed")
			case from == gobreaker.StateClosed:
				log.Warn("NOMIS circuit opened", "error", last, "retry_in", pause)
			}
		},
	})
}

// notCalled is the failure of a call while the circuit is open.
func notCalled() *Failure {
	return &Failure{Kind: ErrUnavailable, cause: errors.New("it did not answer and is not called for a moment"), silent: true}
}
