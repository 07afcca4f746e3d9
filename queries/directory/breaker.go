package directory

import (
	"log/slog"
	"sync"
	"time"
)

// After so many failures in a row the service is left alone for so long; then
// one question tries whether it answers again. Pause and patience together stay
// far below the 30 seconds after which a service that recovered must be in use.
const (
	maxFailures = 3
	pause       = 5 * time.Second
)

// breaker keeps questions from a service that does not answer.
type breaker struct {
	clock func() time.Time
	log   *slog.Logger

	mu       sync.Mutex
	failures int       // in a row
	until    time.Time // it is left alone
	trying   bool      // one question is on its way after a pause: the trial
}

func newBreaker(clock func() time.Time, log *slog.Logger) *breaker {
	return &breaker{clock: clock, log: log}
}

// allow reports whether the service may be asked now, and whether that is the
// trial, of which there is one at a time. Whoever is allowed to ask says
// afterwards what was heard.
func (b *breaker) allow() (allowed, trial bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failures < maxFailures {
		return true, false
	}
	if b.trying || b.clock().Before(b.until) {
		return false, false
	}
	b.trying = true
	return true, true
}

func (b *breaker) record(trial bool, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	wasOpen := b.failures >= maxFailures
	if trial { // a question from before the outage that fails late ends no trial
		b.trying = false
	}
	if err == nil {
		b.failures = 0
		if wasOpen {
			b.log.Info("the prisoner directory answers again")
		}
		return
	}
	b.failures++
	if b.failures < maxFailures {
		return
	}
	b.until = b.clock().Add(pause)
	if !wasOpen {
		b.log.Warn("the prisoner directory does not answer and is left alone", "error", err, "try_again_in", pause)
	}
}
