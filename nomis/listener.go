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

// Actor is recorded for what the service itself does when a message asks for it.
const Actor = "NON_ASSOCIATIONS_API"

// Consumer is the name of the listener in consumer.status.
const Consumer = "nomis"

// Merger is merge.Process's part in it.
type Merger interface {
	Apply(ctx context.Context, by domain.Cause, m merge.Message, router merge.Pairs) ([]merge.Change, error)
}

// Options of a Listener; all must be given but Extend.
type Options struct {
	Queue  *Queue
	Merges Merger
	Pairs  merge.Pairs
	Clock  func() time.Time // in Europe/London
	Logger *slog.Logger
	// Exclusively does something while no other process works on merges. Its error says
	// that nothing was done.
	Exclusively func(ctx context.Context, do func(context.Context)) error
	// Extend is how often a message at work is hidden anew, 5 s when it is zero.
	// The queue's own visibility timeout must be longer.
	Extend time.Duration
	// Beat is told when the loop went round, and what keeps it from its queue, nil for
	// nothing; may be nil.
	Beat func(fault error)
}

// Listener works on the messages of the queue. Any number may run, in any
// process; one of them works at a time.
type Listener struct {
	Options
	logged map[string]bool // messages that cannot be worked on, told once each
}

// NewListener does nothing until Run.
func NewListener(options Options) *Listener {
	if options.Extend <= 0 {
		options.Extend = visibilityTimeout / 6
	}
	if options.Beat == nil {
		options.Beat = func(error) {}
	}
	return &Listener{Options: options, logged: map[string]bool{}}
}

// Run works until the context ends, and then returns nil. It outlives outages
// of the queue, of Postgres and of the event store. A message is deleted only
// when everything that it asks for is in the log; one that cannot be understood
// is left for the queue's redrive.
func (l *Listener) Run(ctx context.Context) error {
	waits := newDelays()
	for ctx.Err() == nil {
		received, some, err := l.Queue.receive(ctx)
		l.Beat(err)
		if err != nil {
			l.pause(ctx, waits, "the queue does not answer", err)
			continue
		}
		waits.Reset()
		if some {
			l.process(ctx, received)
		}
	}
	return nil
}

func newDelays() *backoff.ExponentialBackOff {
	waits := backoff.NewExponentialBackOff()
	waits.InitialInterval, waits.MaxInterval = 100*time.Millisecond, 10*time.Second
	waits.Reset()
	return waits
}

// pause tells why, and waits.
func (l *Listener) pause(ctx context.Context, waits *backoff.ExponentialBackOff, why string, err error) {
	if ctx.Err() != nil {
		return
	}
	wait := waits.NextBackOff()
	l.Logger.WarnContext(ctx, why, "again", wait, "error", err)
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

func (l *Listener) process(ctx context.Context, received sqsMessage) {
	asked, err := parse(received.body, received.id, l.Clock().Location())
	if err == nil && asked.ignored == "" {
		stop := l.keepInvisible(ctx, received)
		err = l.merge(ctx, asked)
		stop()
	}
	switch {
	case ctx.Err() != nil: // it comes again
		return
	case err != nil:
		l.logOnce(ctx, received, asked, err)
		return
	case asked.ignored != "":
		l.Logger.InfoContext(ctx, "a message asks for nothing", "message", asked.id, "why", asked.ignored)
	}
	if err := l.Queue.delete(ctx, received); err != nil {
		l.Logger.WarnContext(ctx, "a message comes again, and will change nothing", "message", asked.id, "error", err)
	}
}

// merge goes on until it is done: while the log or the read model is away, no
// other message would fare better.
func (l *Listener) merge(ctx context.Context, asked message) error {
	by := domain.Cause{
		CommandID: asked.id, CorrelationID: asked.id, CausationID: asked.id,
		Actor: Actor, Source: domain.Merge, About: asked.merge.Number,
	}
	for waits := newDelays(); ; {
		l.Beat(nil)
		changes, err := l.mergeExclusively(ctx, by, asked.merge)
		if err == nil {
			l.Logger.InfoContext(ctx, "worked on a message", "message", asked.id, "reason", asked.merge.Reason, "changes", len(changes))
			return nil
		}
		if !errors.Is(err, commands.ErrBusy) || ctx.Err() != nil {
			return err
		}
		l.pause(ctx, waits, "a message cannot be worked on yet", err)
	}
}

// mergeExclusively gives the turn up after each attempt, so that whoever can reach the
// log and the read model gets it.
func (l *Listener) mergeExclusively(ctx context.Context, by domain.Cause, m merge.Message) (changes []merge.Change, err error) {
	waited := l.Exclusively(ctx, func(ctx context.Context) { changes, err = l.Merges.Apply(ctx, by, m, l.Pairs) })
	if waited != nil {
		return nil, fmt.Errorf("%w: wait for the turn: %w", commands.ErrBusy, waited)
	}
	return changes, err
}

// keepInvisible extends the time in which nobody else gets the message.
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
				l.Logger.WarnContext(ctx, "another consumer may get the same message", "error", err)
			}
		}
	})
	return func() { cancel(); running.Wait() }
}

// maxLogged bounds what is remembered; to tell one again after so many is no harm.
const maxLogged = 1000

// logOnce says once that a message cannot be worked on; the queue brings it again
// and sets it aside in the end.
func (l *Listener) logOnce(ctx context.Context, received sqsMessage, asked message, err error) {
	if l.logged[received.id] {
		return
	}
	if len(l.logged) >= maxLogged {
		clear(l.logged)
	}
	l.logged[received.id] = true
	l.Logger.ErrorContext(ctx, "a message cannot be worked on and is left to the queue's redrive",
		"sqsMessage", received.id, "message", asked.id, "error", err)
}
