package nomis

import (
	"cmp"
	"context"
	"log/slog"
	"time"

	"nonassociations/internal/tracing"
	"nonassociations/nomis/store"
)

// Bell keeps which pairs are due. [store.Store] implements it.
type Bell interface {
	Ring(ctx context.Context, now time.Time, rings ...store.Ring) error
}

// RingerOptions are what a Ringer depends on. Extend and Beat may be left out, and are
// as in [Options].
type RingerOptions struct {
	Queue  *Queue
	Bell   Bell
	Clock  func() time.Time
	Logger *slog.Logger
	Extend time.Duration
	Beat   func(fault error)
}

// Ringer consumes a queue whose messages name pairs, and rings for these. Several may
// run, in any process. One goroutine owns it.
type Ringer struct {
	RingerOptions
	logged unreadable
}

// NewRinger returns a Ringer. It does nothing until Run.
func NewRinger(options RingerOptions) *Ringer {
	if options.Extend <= 0 {
		options.Extend = extendInterval
	}
	if options.Beat == nil {
		options.Beat = func(error) {}
	}
	return &Ringer{RingerOptions: options, logged: unreadable{}}
}

// Run consumes messages until the context ends, and then returns nil. It retries during
// outages of the queue and of Postgres. A message is deleted only when its pair is in
// the bell. A message that cannot be read is logged once and left for the queue's
// redrive.
func (r *Ringer) Run(ctx context.Context) error {
	waits := newDelays()
	for ctx.Err() == nil {
		received, err := r.Queue.receive(ctx, maxBatch)
		r.Beat(err)
		if err != nil {
			pause(ctx, r.Logger, waits, "SQS receive failed, retrying", err)
			continue
		}
		waits.Reset()
		if len(received) > 0 {
			r.process(ctx, received)
		}
	}
	return nil
}

// process rings for a batch in one statement, and deletes what was read.
func (r *Ringer) process(ctx context.Context, received []sqsMessage) {
	var rings []store.Ring
	var done []sqsMessage
	var parents []string
	for _, one := range received {
		bell, err := parseDoorbell(one.body, one.id)
		if err != nil {
			r.logged.log(ctx, r.Logger, one, "", err)
			continue
		}
		for _, ring := range bell.rings {
			ring.Cause.Trace = cmp.Or(tracing.Valid(one.trace), ring.Cause.Trace)
			parents = append(parents, ring.Cause.Trace)
			rings = append(rings, ring)
		}
		done = append(done, one)
	}
	ctx, span := tracing.FollowAll(ctx, parents, "ring", tracing.Consumer)
	defer span.End()
	tracing.Count(span, "messages", len(received))
	if !r.ring(ctx, done, rings) {
		return // the queue delivers them again
	}
	if err := r.Queue.deleteAll(ctx, done); err != nil && ctx.Err() == nil {
		r.Logger.WarnContext(ctx, "deleting messages from SQS failed; they will be delivered again", "error", err)
	}
}

// ring retries until the rings are kept, and reports whether they are. The messages stay
// invisible meanwhile: an outage of Postgres must send none to the dead letters.
func (r *Ringer) ring(ctx context.Context, messages []sqsMessage, rings []store.Ring) bool {
	now, waits := r.Clock(), newDelays()
	stop := r.Queue.keepInvisible(ctx, r.Logger, r.Extend, messages...)
	defer stop()
	for {
		err := r.Bell.Ring(ctx, now, rings...)
		if err == nil || ctx.Err() != nil {
			return err == nil
		}
		r.Beat(nil)
		pause(ctx, r.Logger, waits, "ringing for pairs failed, retrying", err)
	}
}
