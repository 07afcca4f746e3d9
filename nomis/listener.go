package nomis

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"nonassociations/commands"
	"nonassociations/commands/merge"
	"nonassociations/domain"
	"nonassociations/internal/tracing"
	"nonassociations/nomis/store"
)

// Actor is the user name in facts that the service records because of a message.
const Actor = "NON_ASSOCIATIONS_API"

// Consumer is the name of the listener in the table consumer.status.
const Consumer = "nomis"

// TurnsConsumer is the name of the workers that take turns in the same table.
const TurnsConsumer = "nomisTurns"

// Merger applies a merge message. [merge.Process] implements it.
type Merger interface {
	Apply(ctx context.Context, by domain.Cause, m merge.Message, pairs merge.Pairs) ([]merge.Change, error)
}

// Evidence keeps what messages say of the identity of prisoners. [store.Store]
// implements it.
type Evidence interface {
	Remember(ctx context.Context, messages ...store.PrisonerMessage) error
}

// Options are what a Listener depends on. Evidence, Extend and Beat may be left out.
type Options struct {
	Queue    *Queue
	Merges   Merger
	Pairs    merge.Pairs
	Evidence Evidence
	Clock    func() time.Time // in Europe/London
	Logger   *slog.Logger
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
	logged unreadable
}

// NewListener returns a Listener. It does nothing until Run.
func NewListener(options Options) *Listener {
	if options.Extend <= 0 {
		options.Extend = extendInterval
	}
	if options.Beat == nil {
		options.Beat = func(error) {}
	}
	return &Listener{Options: options, logged: unreadable{}}
}

// Run consumes messages until the context ends, and then returns nil. It retries during
// outages of the queue, of Postgres and of the event store. A message is deleted only
// when everything that it asks for is in the log. A message that cannot be read is
// logged once and left for the queue's redrive.
func (l *Listener) Run(ctx context.Context) error {
	waits := newDelays()
	for ctx.Err() == nil {
		received, err := l.Queue.receive(ctx, 1)
		l.Beat(err)
		if err != nil {
			pause(ctx, l.Logger, waits, "SQS receive failed, retrying", err)
			continue
		}
		waits.Reset()
		for _, one := range received {
			l.process(ctx, one)
		}
	}
	return nil
}

// process applies one message and deletes it. It leaves the message in the queue when
// it cannot be read or when the context ends. The next delivery does no harm, because a
// message is idempotent.
func (l *Listener) process(ctx context.Context, received sqsMessage) {
	asked, err := parse(received.body, received.id, l.Clock().Location())
	ctx, span := tracing.Follow(ctx, cmp.Or(received.trace, asked.trace), "process prisoner event", tracing.Consumer)
	defer func() { tracing.End(span, err) }()
	if err == nil && (asked.ignored == "" || asked.evidence != "") {
		stop := l.Queue.keepInvisible(ctx, l.Logger, l.Extend, received)
		err = l.apply(ctx, asked)
		stop()
	}
	switch {
	case ctx.Err() != nil: // the queue delivers it again
		return
	case err != nil:
		l.logged.log(ctx, l.Logger, received, asked.id.String(), err)
		return
	case asked.ignored != "":
		l.Logger.InfoContext(ctx, "NOMIS message ignored", "message", asked.id, "reason", asked.ignored)
	}
	if err := l.Queue.delete(ctx, received); err != nil {
		l.Logger.WarnContext(ctx, "deleting a message from SQS failed; it will be delivered again", "message", asked.id, "error", err)
	}
}

// apply retries until the message is remembered as evidence and applied. During an
// outage of the log or of Postgres no other message would fare better, so the listener
// does not go on to the next one.
func (l *Listener) apply(ctx context.Context, asked message) error {
	received := l.Clock()
	for waits := newDelays(); ; {
		l.Beat(nil)
		err := l.remember(ctx, asked, received)
		if err == nil && asked.ignored == "" {
			err = l.merge(ctx, asked)
		}
		if err == nil || !errors.Is(err, commands.ErrBusy) || ctx.Err() != nil {
			return err
		}
		pause(ctx, l.Logger, waits, "applying a NOMIS message failed, retrying", err)
	}
}

// remember keeps a message as evidence, before it is applied: also one that cannot be
// applied explains what NOMIS lacks.
func (l *Listener) remember(ctx context.Context, asked message, received time.Time) error {
	if l.Evidence == nil {
		return nil
	}
	receipts := make([]store.PrisonerMessage, len(asked.prisoners))
	for i, prisoner := range asked.prisoners {
		receipts[i] = store.PrisonerMessage{Prisoner: prisoner, ReceivedAt: received, MessageID: asked.id.String(), Kind: asked.evidence}
	}
	if err := l.Evidence.Remember(ctx, receipts...); err != nil {
		return fmt.Errorf("%w: %w", commands.ErrBusy, err)
	}
	return nil
}

// merge makes one attempt to apply a message.
func (l *Listener) merge(ctx context.Context, asked message) error {
	by := domain.Cause{
		CommandID: asked.id, CorrelationID: asked.id, CausationID: asked.id,
		Actor: Actor, Source: domain.Merge, About: asked.merge.Number,
	}
	changes, err := l.mergeExclusively(ctx, by, asked.merge)
	if err == nil {
		l.Logger.InfoContext(ctx, "NOMIS message applied", "message", asked.id, "reason", asked.merge.Reason, "changes", len(changes))
	}
	return err
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
