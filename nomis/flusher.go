package nomis

import (
	"context"
	"log/slog"
	"time"
)

const (
	// flushInterval is the least time between two writes.
	flushInterval = time.Second
	// flushTime bounds a write, and lastFlushTime all writing after the end: a process
	// that stops waits for Postgres no longer than that.
	flushTime     = 5 * time.Second
	lastFlushTime = 500 * time.Millisecond
)

// flusher writes in the background what its owner gathers, so that a request neither
// waits for Postgres nor fails with it. Make one with newFlusher.
type flusher struct {
	write    func(context.Context) error // writes all that was gathered; keeps it after an error
	interval time.Duration
	logger   *slog.Logger
	what     string        // is written, for the log
	dirty    chan struct{} // holds a value while there is something to write
}

func newFlusher(what string, logger *slog.Logger, interval time.Duration, write func(context.Context) error) *flusher {
	if interval == 0 {
		interval = flushInterval
	}
	return &flusher{write: write, interval: interval, logger: logger, what: what, dirty: make(chan struct{}, 1)}
}

// mark says that there is something to write. It never blocks.
func (f *flusher) mark() {
	select {
	case f.dirty <- struct{}{}:
	default:
	}
}

// run writes what was gathered, at most once in an interval, until ctx ends, and then
// once more. An outage is logged once.
func (f *flusher) run(ctx context.Context) {
	// A write in flight is not cut off by the end: it would be made again although it may
	// have been done.
	writing, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(lastFlushTime, stop) })()
	down := false
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-f.dirty:
			down = f.flush(writing, down)
			f.pause(ctx)
		}
	}
	if err := f.write(writing); err != nil {
		f.logger.WarnContext(ctx, "lost at the end", "what", f.what, "error", err)
	}
}

// flush writes once and reports whether that failed.
func (f *flusher) flush(ctx context.Context, wasDown bool) (down bool) {
	ctx, cancel := context.WithTimeout(ctx, flushTime)
	defer cancel()
	err := f.write(ctx)
	switch {
	case err == nil && wasDown:
		f.logger.InfoContext(ctx, "written again", "what", f.what)
	case err != nil && !wasDown:
		f.logger.WarnContext(ctx, "not written, will be tried again", "what", f.what, "error", err)
	}
	if err != nil {
		f.mark()
	}
	return err != nil
}

func (f *flusher) pause(ctx context.Context) {
	timer := time.NewTimer(f.interval)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
