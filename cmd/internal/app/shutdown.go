package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
)

// The time limits of a shutdown. An orchestrator gives a process ten seconds after
// SIGTERM; the steps add up to 8.5 s, so that a program around this one has time left as
// well.
const (
	drainTime = 6 * time.Second         // for requests in flight, undisturbed
	lateTime  = time.Second             // for them to answer 503 after that
	flushTime = 1500 * time.Millisecond // for workers and stores to end
	closeTime = flushTime / 2           // of it for the stores
)

// errTimeout means that a part did not end within its limit.
var errTimeout = errors.New("it did not end in time")

// closers are functions that close what was opened. They run in reverse order.
type closers []func(context.Context) error

// within closes everything and waits at most limit. A driver may hang as long as its
// server, with no regard for its context, and is then left to the end of the process. Errors:
// errTimeout, and the first error of a closer.
func (c closers) within(limit time.Duration) error {
	// A closer that respects its context has a third of the limit left to return. The client
	// of a log that is not reached goes on until its context ends.
	ctx, cancel := context.WithTimeout(context.Background(), limit-limit/3)
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

// close calls every closer, also after one has failed, and returns the first error.
func (c closers) close(ctx context.Context) error {
	var first error
	for _, shut := range slices.Backward(c) {
		if err := shut(ctx); err != nil && first == nil {
			first = err
		}
	}
	return first
}

// atOnce calls every closer at the same time, and returns the first error. It is for
// closers of which none needs another: pools of which each waits for its own server.
func (c closers) atOnce(ctx context.Context) error {
	group := new(errgroup.Group)
	for _, shut := range c {
		group.Go(func() error { return shut(ctx) })
	}
	return group.Wait()
}

// infallible adapts a function that cannot fail and cannot be hurried.
func infallible(shut func()) func(context.Context) error {
	return func(context.Context) error { shut(); return nil }
}

// closeLog closes the log at the end of a command, within flushTime.
func closeLog(log *openedLog) error {
	if err := (closers{log.Close}).within(flushTime); err != nil {
		return fmt.Errorf("close the log: %w", err)
	}
	return nil
}

// waitForWorkers waits for the workers. Once ctx has ended, by the signal or by the
// fault of one worker, it waits only as long as a shutdown may take. Errors: those of
// the workers; after that time the fault that ended ctx, or errTimeout when it was the
// signal.
func waitForWorkers(signal, ctx context.Context, wait func() error) error {
	ended := make(chan error, 1)
	go func() { ended <- wait() }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	// The stores are closed after this, within closeTime.
	limit := time.NewTimer(drainTime + lateTime + flushTime - closeTime)
	defer limit.Stop()
	select {
	case err := <-ended:
		return err
	case <-limit.C:
	}
	if fault := context.Cause(ctx); !errors.Is(fault, context.Cause(signal)) {
		return fault
	}
	return fmt.Errorf("a worker: %w", errTimeout)
}

// logTimeout logs an errTimeout and drops it: a part that hangs holds nothing that was
// acknowledged, and it ends with the process.
func (p *process) logTimeout(ctx context.Context, err error) error {
	if !errors.Is(err, errTimeout) {
		return err
	}
	p.Logger.WarnContext(ctx, "shutdown incomplete", "error", err)
	return nil
}
