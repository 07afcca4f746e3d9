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
	"nonassociations/publisher/message"
	"nonassociations/publisher/store"
)

// Replay publishes a stretch of the log again, to a topic that the operator names,
// in the order of each pair. It reads and moves no checkpoint, and parks nothing
// durably. All fields but Each, and Client with DryRun, must be set.
type Replay struct {
	Topic    message.Topic // whose messages
	From, To uint64        // public positions, both included; To 0 is the head
	DryRun   bool
	Each     func(message.Message) // called for every message before it is sent; may be nil
	Client   *Client               // not needed with DryRun
	Store    eventstore.Store
	Mapper   message.Mapper
	Clock    func() time.Time
	Logger   *slog.Logger
}

// Replayed is the result of a replay, also of one that failed on the way.
type Replayed struct {
	Messages int
	Refused  []uuid.UUID // events whose messages SNS refused as invalid; the others were sent
}

var errDone = errors.New("replay is complete")

// Run publishes the facts from From to To. It retries faults of SNS until ctx ends.
// An error means that some messages may have been sent: running it again is safe.
func (r Replay) Run(ctx context.Context) (Replayed, error) {
	if r.To == 0 {
		r.To = math.MaxUint64
	}
	run := r.begin(ctx)
	defer run.stop()
	err := r.Store.Subscribe(ctx, eventstore.Start, domain.StreamPrefixes(), func(m eventstore.Message) error {
		switch {
		case m.Kind == eventstore.CaughtUp, m.Kind == eventstore.EventAppeared && m.Event.Position.Uint64() > r.To:
			return errDone
		case m.Kind != eventstore.EventAppeared || m.Event.Position.Uint64() < r.From:
			return nil
		}
		return run.publish(ctx, m.Event)
	})
	if !errors.Is(err, errDone) {
		return run.done, fmt.Errorf("replay: %w", err)
	}
	return run.done, run.until(ctx, run.pipeline.isEmpty)
}

// replaying is a session without a lease and without a table of parked messages.
type replaying struct {
	*session

	replay Replay
	decode *handler
	wake   chan struct{}
	done   Replayed
}

// begin starts senders as a publisher does, with a pipeline that begins at the
// start of the log and with no lease: a running publisher of the topic is not
// affected.
func (r Replay) begin(ctx context.Context) *replaying {
	h := newHandler(Options{
		Topic: r.Topic, Client: r.Client, Mapper: r.Mapper, Store: r.Store, Clock: r.Clock, Logger: r.Logger,
	})
	run := &replaying{session: h.newSession(store.Checkpoint{}), replay: r, decode: h, wake: make(chan struct{}, 1)}
	run.start(ctx, run.wake)
	return run
}

// publish maps one fact and adds its messages to the pipeline when there is room.
// With DryRun the messages are counted and shown only.
func (r *replaying) publish(ctx context.Context, recorded eventstore.RecordedEvent) error {
	read, err := r.decode.Decode(recorded)
	if err != nil {
		return err
	}
	mapped, err := r.outgoingOfFact(ctx, read)
	if err != nil {
		return err
	}
	for _, m := range mapped.messages {
		r.done.Messages++
		if r.replay.Each != nil {
			r.replay.Each(m)
		}
	}
	if r.replay.DryRun {
		return nil
	}
	if err := r.until(ctx, r.pipeline.hasRoom); err != nil {
		return err
	}
	r.pipeline.add([]outgoing{mapped})
	return nil
}

// until waits for done, and drops meanwhile what SNS refuses.
func (r *replaying) until(ctx context.Context, done func() bool) error {
	for {
		for _, p := range r.pipeline.dropRefused() {
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
		case <-r.pipeline.capacity:
		case <-r.wake:
		}
	}
}
