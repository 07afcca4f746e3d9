package nomis

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"

	"nonassociations/commands"
	"nonassociations/commands/merge"
	"nonassociations/domain"
)

// Actor is the user name in facts that the service records because of a message.
const Actor = "NON_ASSOCIATIONS_API"

// Consumer is the name of the listener in the table consumer.status.
const Consumer = "nomis"

// Merger applies a merge message. [merge.Process] implements it.
type Merger interface {
	Apply(ctx context.Context, by domain.Cause, m merge.Message, pairs merge.Pairs) ([]merge.Change, error)
}

// Options are what a Listener depends on. Extend and Beat may be left out.
type Options struct {
	Queue  *Queue
	Merges Merger
	Pairs  merge.Pairs
	Clock  func() time.Time // in Europe/London
	Logger *slog.Logger
	// Exclusively calls do while no other process works on merges, and waits for that.
	// An error means that do was not called.
	Exclusively func(ctx context.Context, do func(context.Context)) error
	// Extend is the interval at which the visibility timeout of a message at work is
	// extended, 5 s when it is zero. It must be shorter than the visibility timeout of
	// the queue.
	Extend time.Duration
	// Beat is the heartbeat of the loop. Its argument is the fault that keeps the
	// listener from its queue, or nil. It may be nil.
	Beat func(fault error)
}

// Listener consumes the messages of the queue. Several may run, in any process; the
// lease behind Exclusively lets one of them work at a time. One goroutine owns it.
type Listener struct {
	Options
	logged map[string]bool // ids of messages that cannot be applied
}

// NewListener returns a Listener. It does nothing until Run.
func NewListener(options Options) *Listener {
	if options.Extend <= 0 {
		options.Extend = visibilityTimeout / 6
	}
	if options.Beat == nil {
		options.Beat = func(error) {}
	}
	return &Listener{Options: options, logged: map[string]bool{}}
}

// Run consumes messages until the context ends, and then returns nil. It retries during
// outages of the queue, of Postgres and of the event store. A message is deleted only
// when everything that it asks for is in the log. A message that cannot be read is
// logged once and left for the queue's redrive.
func (l *Listener) Run(ctx context.Context) error {
	waits := newDelays()
	for ctx.Err() == nil {
		received, some, err := l.Queue.receive(ctx)
		l.Beat(err)
		if err != nil {
			l.pause(ctx, waits, "SQS receive failed, retrying", err)
			continue
		}
		waits.Reset()
		if some {
			l.process(ctx, received)
		}
	}
	return nil
}

// newDelays returns the exponential backoff of the listener. An outage of a backend
// must not become a busy loop.
func newDelays() *backoff.ExponentialBackOff {
	waits := backoff.NewExponentialBackOff()
	waits.InitialInterval, waits.MaxInterval = 100*time.Millisecond, 10*time.Second
	waits.Reset()
	return waits
}

// pause logs text and the error, and waits for the next delay. It returns early
// when the context ends.
func (l *Listener) pause(ctx context.Context, waits *backoff.ExponentialBackOff, text string, err error) {
	if ctx.Err() != nil {
		return
	}
	wait := waits.NextBackOff()
	l.Logger.WarnContext(ctx, text, "retry_in", wait, "error", err)
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// process applies one message and deletes it. It leaves the message in the queue when
// it cannot be read or when the context ends. The next delivery does no harm, because a
// message is idempotent.
func (l *Listener) process(ctx context.Context, received sqsMessage) {
	asked, err := parse(received.body, received.id, l.Clock().Location())
	if err == nil && asked.ignored == "" {
		stop := l.keepInvisible(ctx, received)
		err = l.merge(ctx, asked)
		stop()
	}
	switch {
	case ctx.Err() != nil: // the queue delivers it again
		return
	case err != nil:
		l.logOnce(ctx, received, asked, err)
		return
	case asked.ignored != "":
		l.Logger.InfoContext(ctx, "NOMIS message ignored", "message", asked.id, "reason", asked.ignored)
	}
	if err := l.Queue.delete(ctx, received); err != nil {
		l.Logger.WarnContext(ctx, "deleting a message from SQS failed; it will be delivered again", "message", asked.id, "error", err)
	}
}

// merge retries until the message is applied. During an outage of the log or the read
// model no other message would fare better, so the listener does not go on to the next
// one.
func (l *Listener) merge(ctx context.Context, asked message) error {
	by := domain.Cause{
		CommandID: asked.id, CorrelationID: asked.id, CausationID: asked.id,
		Actor: Actor, Source: domain.Merge, About: asked.merge.Number,
	}
	for waits := newDelays(); ; {
		l.Beat(nil)
		changes, err := l.mergeExclusively(ctx, by, asked.merge)
		if err == nil {
			l.Logger.InfoContext(ctx, "NOMIS message applied", "message", asked.id, "reason", asked.merge.Reason, "changes", len(changes))
			return nil
		}
		if !errors.Is(err, commands.ErrBusy) || ctx.Err() != nil {
			return err
		}
		l.pause(ctx, waits, "applying a NOMIS message failed, retrying", err)
	}
}

// mergeExclusively makes one attempt under the lease. It releases the lease after each
// attempt, so that a process with working backends can take over.
func (l *Listener) mergeExclusively(ctx context.Context, by domain.Cause, m merge.Message) (changes []merge.Change, err error) {
	waited := l.Exclusively(ctx, func(ctx context.Context) { changes, err = l.Merges.Apply(ctx, by, m, l.Pairs) })
	if waited != nil {
		return nil, fmt.Errorf("%w: wait for the turn: %w", commands.ErrBusy, waited)
	}
	return changes, err
}

// keepInvisible extends the visibility timeout of a message until stop is called, so
// that SQS does not deliver it to another consumer. stop waits for the last call to
// end.
func (l *Listener) keepInvisible(ctx context.Context, received sqsMessage) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() {
		tick := time.NewTicker(l.Extend)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			if err := l.Queue.extendVisibility(ctx, received); err != nil && ctx.Err() == nil {
				l.Logger.WarnContext(ctx, "extending SQS visibility failed", "error", err)
			}
		}
	})
	return func() { cancel(); running.Wait() }
}

// maxLogged bounds the memory of logged messages. After so many, a message may be
// logged a second time.
const maxLogged = 1000

// logOnce logs that a message cannot be applied. The queue delivers it again until its
// redrive policy moves it to the dead-letter queue, and each delivery would log the
// same.
func (l *Listener) logOnce(ctx context.Context, received sqsMessage, asked message, err error) {
	if l.logged[received.id] {
		return
	}
	if len(l.logged) >= maxLogged {
		clear(l.logged)
	}
	l.logged[received.id] = true
	l.Logger.ErrorContext(ctx, "NOMIS message cannot be applied and is left to the queue's redrive",
		"sqsMessage", received.id, "message", asked.id, "error", err)
}
