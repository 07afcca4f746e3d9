package consumer

import (
	"context"
	"errors"

	"nonassociations/eventstore"
	"nonassociations/eventstore/consumer/status"
)

// Consumer keeps one handler at the log.
type Consumer[T any] struct {
	options Options
	handler Handler[T]
	status  progress
	// carefulUntil is where the last batch ended that Postgres refused: up to
	// there the next session goes event by event, to find the one.
	carefulUntil eventstore.Position
	// racedAt is where the last batch ended whose refusal may have been a race.
	// The same batch refused twice is not one.
	racedAt eventstore.Position
	row     *status.Writer // nil: there is none
}

// New makes a follower that does nothing until Run.
func New[T any](options Options, handler Handler[T]) *Consumer[T] {
	f := &Consumer[T]{options: options.withDefaults(), handler: handler}
	f.row = f.newRow()
	return f
}

// Run follows until the context ends, and then returns nil. It outlives
// outages of the event store and of Postgres. The only error is one that wraps
// ErrRefused. Call it once.
func (f *Consumer[T]) Run(ctx context.Context) error {
	waits := newDelays()
	for {
		before := f.Status().Position
		err := f.runSession(ctx)
		if ctx.Err() != nil {
			f.status.stopped()
			return nil //nolint:nilerr // an end that was asked for is no fault
		}
		if errors.Is(err, ErrRefused) {
			f.status.failed(err)
			return err
		}
		if before.Before(f.Status().Position) {
			waits.reset()
		}
		f.status.failed(err)
		wait := waits.after(err).NextBackOff()
		f.options.Logger.ErrorContext(ctx, "follower stopped, starting again",
			append([]any{"lease", f.options.Name, "in", wait}, logged(err)...)...)
		if !pause(ctx, wait) {
			f.status.stopped()
			return nil
		}
	}
}

func (f *Consumer[T]) isCareful(at eventstore.Position) bool { return at.Before(f.carefulUntil) }

// isRace reports whether the refusal of the batch up to a position is taken for a
// race: once each.
func (f *Consumer[T]) isRace(err error, through eventstore.Position) bool {
	if !causedByRace(err) || f.racedAt == through {
		return false
	}
	f.racedAt = through
	return true
}

func (f *Consumer[T]) slowDown(until eventstore.Position) {
	if f.carefulUntil.Before(until) {
		f.carefulUntil = until
	}
}
