package publisher

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"time"

	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/publisher/store"
)

// Replay tells a stretch of the log again, to a topic of the operator's choice,
// in the order of each pair. It knows neither bookmark nor desk.
type Replay struct {
	Topic       Topic // whose messages
	From, To    uint64
	DryRun      bool
	Each        func(Message) // called for every message before it is sent; may be nil
	Destination *Destination  // not needed with DryRun
	Store       eventstore.Store
	Mapper      Mapper
	Clock       func() time.Time
	Logger      *slog.Logger
}

// Replayed is what a replay did.
type Replayed struct {
	Messages int
	Refused  []uuid.UUID // events whose messages SNS calls invalid; the others were sent
}

var errReplayed = errors.New("everything is told")

// Run tells the facts whose positions are at or between From and To; To 0 is the
// head. Faults of SNS are retried until the context ends.
func (r Replay) Run(ctx context.Context) (Replayed, error) {
	if r.To == 0 {
		r.To = math.MaxUint64
	}
	run := r.begin(ctx)
	defer run.halt()
	err := r.Store.Subscribe(ctx, eventstore.Start, domain.StreamPrefixes(), func(m eventstore.Message) error {
		switch {
		case m.Kind == eventstore.CaughtUp, m.Kind == eventstore.EventAppeared && m.Event.Position.Outside() > r.To:
			return errReplayed
		case m.Kind != eventstore.EventAppeared || m.Event.Position.Outside() < r.From:
			return nil
		}
		return run.tell(ctx, m.Event)
	})
	if !errors.Is(err, errReplayed) {
		return run.done, fmt.Errorf("replay: %w", err)
	}
	return run.done, run.until(ctx, run.line.isEmpty)
}

// replaying is a session without a desk.
type replaying struct {
	*session

	replay Replay
	decode *handler
	wake   chan struct{}
	done   Replayed
}

func (r Replay) begin(ctx context.Context) *replaying {
	p := New(Options{
		Topic: r.Topic, Destination: r.Destination, Mapper: r.Mapper, Store: r.Store, Clock: r.Clock, Logger: r.Logger,
	})
	run := &replaying{session: p.newSession(store.Bookmark{}), replay: r, decode: p.handler, wake: make(chan struct{}, 1)}
	run.start(ctx, run.wake)
	return run
}

func (r *replaying) tell(ctx context.Context, recorded eventstore.Recorded) error {
	read, err := r.decode.Decode(recorded)
	if err != nil {
		return err
	}
	told, err := r.parcel(ctx, read)
	if err != nil {
		return err
	}
	for _, m := range told.messages {
		r.done.Messages++
		if r.replay.Each != nil {
			r.replay.Each(m)
		}
	}
	if r.replay.DryRun {
		return nil
	}
	if err := r.until(ctx, r.line.hasRoom); err != nil {
		return err
	}
	r.line.add([]parcel{told})
	return nil
}

// until waits, and lets go what SNS refuses.
func (r *replaying) until(ctx context.Context, done func() bool) error {
	for {
		for _, p := range r.line.discard() {
			if !slices.Contains(r.done.Refused, p.EventID) {
				r.done.Refused = append(r.done.Refused, p.EventID)
			}
		}
		if done() {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-r.line.room:
		case <-r.wake:
		}
	}
}
