package consumer

import (
	"context"
	"errors"

	"nonassociations/eventstore"
	"nonassociations/eventstore/consumer/status"
)

// Consumer runs one handler. Make one with New. Run is called once; Status and Beat
// are safe for concurrent use.
type Consumer[T any] struct {
	options Options
	handler Handler[T]
	status  progress
	// carefulUntil is the end of the last batch that Postgres refused. Up to there
	// the next sessions apply one event at a time, to find the one at fault.
	carefulUntil eventstore.Position
	// racedAt is the end of the last batch whose refusal may have been a race. If
	// the same batch is refused twice, it was none.
	racedAt eventstore.Position
	row     *status.Writer // nil: this consumer has no row
}

// New makes a consumer that does nothing until Run.
func New[T any](options Options, handler Handler[T]) *Consumer[T] {
	c := &Consumer[T]{options: options.withDefaults(), handler: handler}
	c.row = c.newRow()
	return c
}

// Run consumes the log until the context ends, and then returns nil. It survives
// outages of the event store and of Postgres: every fault ends the session, and the
// next one starts after a backoff. The only error is one that wraps ErrRefused.
func (c *Consumer[T]) Run(ctx context.Context) error {
	waits := newDelays(c.options.Intervals)
	for {
		before := c.Status().Position
		err := c.runSession(ctx)
		if ctx.Err() != nil {
			c.status.stopped()
			return nil //nolint:nilerr // an end that was asked for is no fault
		}
		if errors.Is(err, ErrRefused) {
			c.status.failed(err)
			return err
		}
		if before.Before(c.Status().Position) {
			waits.reset()
		}
		c.status.failed(err)
		wait := waits.after(err).NextBackOff()
		c.options.Logger.ErrorContext(ctx, "consumer stopped, starting again",
			append([]any{"lease", c.options.Name, "in", wait}, errorAttributes(err)...)...)
		if !Sleep(ctx, wait) {
			c.status.stopped()
			return nil
		}
	}
}

// isCareful reports whether the next event is to be applied alone.
func (c *Consumer[T]) isCareful(at eventstore.Position) bool { return at.Before(c.carefulUntil) }

// isRace reports whether the refusal of the batch up to a position counts as a race,
// which it does once per batch.
func (c *Consumer[T]) isRace(err error, through eventstore.Position) bool {
	if !causedByRace(err) || c.racedAt == through {
		return false
	}
	c.racedAt = through
	return true
}

// slowDown applies one event at a time up to a position.
func (c *Consumer[T]) slowDown(until eventstore.Position) {
	if c.carefulUntil.Before(until) {
		c.carefulUntil = until
	}
}
