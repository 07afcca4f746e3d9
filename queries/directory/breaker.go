package directory

import (
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/sony/gobreaker/v2"
)

// The circuit opens after maxFailures failures in a row. While it is open the service is
// not called. After pause one request tries whether the service has recovered. Pause
// and time-out together stay far below the 30 s within which a service that has
// recovered must be used again.
const (
	maxFailures = 3
	pause       = 5 * time.Second
)

// errRefused is the status 400. The service works: it refused one request, which may be
// the text that somebody searched for.
const errRefused = statusError(http.StatusBadRequest)

// newBreaker returns a closed circuit breaker. Failures that ignored reports, when they
// happen, count for nothing.
func newBreaker(log *slog.Logger, ignored func() bool) *gobreaker.CircuitBreaker[answers] {
	var last error // guarded by the lock of the breaker, which calls all of these functions under it
	return gobreaker.NewCircuitBreaker[answers](gobreaker.Settings{
		Timeout:      pause,
		ReadyToTrip:  func(counts gobreaker.Counts) bool { return counts.ConsecutiveFailures >= maxFailures },
		IsExcluded:   func(error) bool { return ignored() },
		IsSuccessful: func(err error) bool { last = err; return err == nil || errors.Is(err, errRefused) },
		OnStateChange: func(_ string, from, to gobreaker.State) {
			switch {
			case to == gobreaker.StateClosed:
				log.Info("prisoner directory circuit closed")
			case from == gobreaker.StateClosed:
				log.Warn("prisoner directory circuit opened", "error", last, "retry_in", pause)
			}
		},
	})
}
