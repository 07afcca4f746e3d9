package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// The time that a process takes to go: ten seconds are what an orchestrator
// gives it, so every step has its own share, and what is left is for whoever
// started us.
const (
	drainTime = 6 * time.Second         // for requests in flight, undisturbed
	lateTime  = time.Second             // for them to answer 503 after that
	flushTime = 1500 * time.Millisecond // for workers and stores to end
	closeTime = flushTime / 2           // of it for the stores
)

// errTimeout says that something did not end in its time.
var errTimeout = errors.New("it did not end in time")

// closers end what was opened, the last first.
type closers []func(context.Context) error

// within closes everything and waits for that no longer than limit: a driver
// may hang as long as its server does, whatever its context says. Errors:
// errTimeout, and the first that closing had.
func (c closers) within(limit time.Duration) error {
	// What heeds its context has a tenth of the time to say how it ended.
	ctx, cancel := context.WithTimeout(context.Background(), limit-limit/10)
	defer cancel()
	closed := make(chan error, 1)
	go func() { closed <- c.close(ctx) }()
	late := time.NewTimer(limit)
	defer late.Stop()
	select {
	case err := <-closed:
		if err != nil && ctx.Err() != nil {
			return fmt.Errorf("%w: %w", errTimeout, err)
		}
		return err
	case <-late.C:
		return fmt.Errorf("close what was opened: %w", errTimeout)
	}
}

// close closes everything, also when one of it fails.
func (c closers) close(ctx context.Context) error {
	var first error
	for _, shut := range slices.Backward(c) {
		if err := shut(ctx); err != nil && first == nil {
			first = err
		}
	}
	return first
}

// infallible is a closer of something that neither fails nor can be hurried.
func infallible(shut func()) func(context.Context) error {
	return func(context.Context) error { shut(); return nil }
}

// closeLog closes the log of a command that is done.
func closeLog(log *openedLog) error {
	if err := (closers{log.Close}).within(flushTime); err != nil {
		return fmt.Errorf("close the log: %w", err)
	}
	return nil
}

// waitForWorkers waits for the workers, but not for ever once told or a fault of
// one has ended their context. Errors: errTimeout, and theirs.
func waitForWorkers(told, ctx context.Context, wait func() error) error {
	ended := make(chan error, 1)
	go func() { ended <- wait() }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	limit := time.NewTimer(drainTime + lateTime + flushTime - closeTime)
	defer limit.Stop()
	select {
	case err := <-ended:
		return err
	case <-limit.C:
	}
	if fault := context.Cause(ctx); !errors.Is(fault, context.Cause(told)) {
		return fault
	}
	return fmt.Errorf("a worker: %w", errTimeout)
}

// logTimeout drops an errTimeout: whatever hangs holds nothing that was
// acknowledged, and ends with the process.
func (p *process) logTimeout(ctx context.Context, err error) error {
	if !errors.Is(err, errTimeout) {
		return err
	}
	p.Logger.WarnContext(ctx, "not everything ended in order", "error", err)
	return nil
}
