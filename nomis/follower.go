package nomis

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"nonassociations/audit"
)

// Feed gives the facts of the log. [audit.Reader] implements it.
type Feed interface {
	Feed(ctx context.Context, feed audit.Feed) error
}

// follower gives the facts of the log to a handler in their order, from a checkpoint on.
// Several may run, in any process: one of them is at work. All fields must be set but those
// that say so.
type follower struct {
	feed  Feed
	types []string
	// wants reports whether a fact of the types is for the handler.
	wants func(audit.Entry) bool
	// most is how many facts the handler gets at once. It may get more, for the facts of one
	// command are not parted.
	most       int
	checkpoint func(ctx context.Context) (uint64, error)
	// exclusively runs do in one process at a time. An error means that do did not run.
	exclusively func(ctx context.Context, do func(context.Context)) error
	poll        time.Duration // 2 s when zero
	logger      *slog.Logger
	beat        func(fault error) // may be nil
	failed      string            // what the log says of a fault
}

// handler is what a follower follows for.
type handler interface {
	// keep keeps facts and moves the checkpoint, all or nothing or step by step. There may be
	// no facts.
	keep(ctx context.Context, from, to uint64, facts []audit.Entry) error
	// restart moves the checkpoint back to the beginning, because another log is in use.
	restart(ctx context.Context, from uint64) error
	// rest is called after each look at the log.
	rest(ctx context.Context) error
}

// run follows the log until the context ends, and then returns nil. It retries, from the
// checkpoint. session opens what a handler needs, and its do follows with it.
func (f follower) run(ctx context.Context, session func(ctx context.Context, do func(context.Context, handler) error) error) error {
	if f.poll <= 0 {
		f.poll = 2 * time.Second
	}
	if f.beat == nil {
		f.beat = func(error) {}
	}
	for waits := newDelays(); ; {
		var fault error
		err := f.exclusively(ctx, func(ctx context.Context) {
			fault = session(ctx, func(ctx context.Context, h handler) error { return f.follow(ctx, h, waits.Reset) })
		})
		if ctx.Err() != nil {
			return nil //nolint:nilerr // it ended as it was asked to
		}
		err = errors.Join(err, fault)
		f.beat(err)
		pause(ctx, f.logger, waits, f.failed, err)
	}
}

// follow looks at the log again and again until a look fails.
func (f follower) follow(ctx context.Context, h handler, works func()) error {
	for ctx.Err() == nil {
		if err := f.look(ctx, h); err != nil {
			return err
		}
		if err := h.rest(ctx); err != nil {
			return err
		}
		works()
		f.beat(nil)
		_ = sleep(ctx, f.poll) // the loop ends with the context
	}
	return context.Cause(ctx)
}

// look gives all facts after the checkpoint to the handler.
func (f follower) look(ctx context.Context, h handler) error {
	checkpoint, err := f.checkpoint(ctx)
	if err != nil {
		return err
	}
	b := batch{follower: f, handler: h, at: checkpoint, head: checkpoint}
	err = f.feed.Feed(ctx, audit.Feed{
		From: checkpoint, Types: f.types,
		Begin: func(head uint64) error { b.head = head; return nil },
		Line:  func(e audit.Entry) error { return b.add(ctx, e) },
	})
	switch {
	case errors.Is(err, audit.ErrBeyondEnd): // another log is in use; what it has may be known already
		f.logger.WarnContext(ctx, "a checkpoint is beyond the end of the log: it begins anew", "position", checkpoint)
		return h.restart(ctx, checkpoint)
	case err != nil:
		return fmt.Errorf("follow the log from %d: %w", checkpoint, err)
	}
	return b.end(ctx)
}

// batch are facts that are given to the handler together.
type batch struct {
	follower

	handler handler
	at      uint64 // the checkpoint
	head    uint64 // of the log when the look began
	facts   []audit.Entry
}

// add adds a fact that is wanted, and flushes the facts of earlier commands when they are
// enough.
func (b *batch) add(ctx context.Context, e audit.Entry) error {
	if !b.wants(e) {
		return nil
	}
	if len(b.facts) >= b.most && b.last().Fact.Meta.CommandID != e.Fact.Meta.CommandID {
		if err := b.flush(ctx, b.last().Fact.Position.Uint64()); err != nil {
			return err
		}
	}
	b.facts = append(b.facts, e)
	return nil
}

func (b *batch) last() audit.Entry { return b.facts[len(b.facts)-1] }

// end flushes what is left, and moves the checkpoint to the head.
func (b *batch) end(ctx context.Context) error {
	to := b.head
	if len(b.facts) > 0 {
		to = max(to, b.last().Fact.Position.Uint64())
	}
	if to <= b.at {
		return nil
	}
	return b.flush(ctx, to)
}

func (b *batch) flush(ctx context.Context, to uint64) error {
	if err := b.handler.keep(ctx, b.at, to, b.facts); err != nil {
		return err
	}
	b.at, b.facts = to, nil
	return nil
}

// sleep waits for a time. It returns an error when the context ends first.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
