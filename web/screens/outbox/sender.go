package outbox

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/google/uuid"

	"nonassociations/web/screens/store"
)

const (
	// interval is the default of Options.Interval.
	interval = time.Second
	// longest is the longest pause, in intervals.
	longest = 60
	// claimTime is how long claimed views are kept from other senders: longer than a round
	// takes, so that two processes seldom send the same.
	claimTime = time.Minute
	// claimAtOnce is how many views one round takes.
	claimAtOnce = 50
	// roundTime bounds a round, and lastTime what goes on of it after the end.
	roundTime = 40 * time.Second
	lastTime  = 2 * time.Second
)

// Views keeps the views that are to be sent. [store.Store] implements it.
type Views interface {
	ClaimViews(ctx context.Context, now, until time.Time, limit int) ([]store.UnsentView, error)
	MarkSent(ctx context.Context, views ...uuid.UUID) error
	ReleaseViews(ctx context.Context, from time.Time, views ...uuid.UUID) error
}

// Options are what a Sender works with. Those without a note must be set.
type Options struct {
	Views  Views
	Queue  *Queue
	Clock  func() time.Time
	Logger *slog.Logger
	// Interval is the pause while there is nothing to send, and the first one after a
	// failure. 0: one second.
	Interval time.Duration
}

// Sender sends views. Any number may run at once, in several processes.
type Sender struct {
	o    Options
	down bool // the last round failed; it was logged
}

// New returns a Sender that does nothing before Run.
func New(o Options) *Sender {
	if o.Interval == 0 {
		o.Interval = interval
	}
	return &Sender{o: o}
}

// Run sends views, the oldest first, until ctx ends. What is being sent then is marked, and
// what is claimed and not sent is left to the next sender at once. It returns nil.
func (s *Sender) Run(ctx context.Context) error {
	waits := backoff.NewExponentialBackOff()
	waits.InitialInterval, waits.MaxInterval, waits.Multiplier = s.o.Interval, longest*s.o.Interval, 2
	waits.Reset()
	for ctx.Err() == nil {
		claimed, err := s.round(ctx)
		s.report(ctx, err)
		switch {
		case err != nil:
			pause(ctx, waits.NextBackOff())
		case claimed < claimAtOnce:
			waits.Reset()
			pause(ctx, s.o.Interval)
		default:
			waits.Reset()
		}
	}
	return nil
}

// pause waits, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// report logs the beginning and the end of an outage once.
func (s *Sender) report(ctx context.Context, err error) {
	switch {
	case ctx.Err() != nil:
	case err != nil && !s.down:
		s.o.Logger.WarnContext(ctx, "views not sent to the audit queue, will be tried again", "error", err)
	case err == nil && s.down:
		s.o.Logger.InfoContext(ctx, "views are sent to the audit queue again")
	}
	s.down = err != nil
}

// round claims views, sends them, and marks those of which the queue has taken every
// message. An outage of the queue is an error, and so is one of Postgres.
func (s *Sender) round(ctx context.Context) (claimed int, err error) {
	now := s.o.Clock()
	views, err := s.o.Views.ClaimViews(ctx, now, now.Add(claimTime), claimAtOnce)
	if err != nil || len(views) == 0 {
		return 0, err
	}
	// What is on its way is not cut off by the end: it would be sent again although it may
	// have arrived.
	work, stop := context.WithTimeout(context.WithoutCancel(ctx), roundTime)
	defer stop()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(lastTime, stop) })()
	r := newRound(views)
	err = r.send(ctx, work, s.o.Queue)
	for _, code := range r.codes {
		s.o.Logger.WarnContext(ctx, "the audit queue refuses a view, will be tried again", "code", code)
	}
	return len(views), errors.Join(err, s.settle(work, r))
}

// settle marks what was sent and releases the rest. A view that the queue refused waits
// longer with each attempt, so that it holds up nobody; one that was not tried waits for
// the next round alone.
func (s *Sender) settle(ctx context.Context, r *round) error {
	sent, untried := r.outcome()
	var errs error
	if len(sent) > 0 {
		errs = s.o.Views.MarkSent(ctx, sent...)
	}
	now := s.o.Clock()
	if len(untried) > 0 {
		errs = errors.Join(errs, s.o.Views.ReleaseViews(ctx, now, untried...))
	}
	for id, attempts := range r.refused {
		errs = errors.Join(errs, s.o.Views.ReleaseViews(ctx, now.Add(s.delay(attempts)), id))
	}
	return errs
}

// delay returns how long a view waits that the queue has refused so many times.
func (s *Sender) delay(attempts int) time.Duration {
	d := s.o.Interval
	for ; attempts > 1 && d < longest*s.o.Interval; attempts-- {
		d *= 2
	}
	return min(d, longest*s.o.Interval)
}
