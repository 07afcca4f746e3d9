package projections

import (
	"context"
	"errors"

	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/eventstore/consumer"
)

// errEnough ends a subscription that has delivered all that is needed.
var errEnough = errors.New("enough was read")

// readingBatch is how many facts a batch of a Building has at most.
const readingBatch = 20_000

// logReading reads a section of the log into batches. It decodes in its own goroutine
// while the batch before is written.
type logReading struct {
	store    eventstore.Store
	decode   func(eventstore.RecordedEvent) (*fact, error)
	from     eventstore.Position // exclusive
	to       *eventstore.Position
	batches  chan consumer.Batch[*fact] // closed at the end
	gathered []*fact
	through  eventstore.Position
}

// run reads up to the end of the section. Errors: those of the log, also when it breaks
// off before the end, a *consumer.Poison, and the context's.
func (r *logReading) run(ctx context.Context) error {
	defer close(r.batches)
	r.through = r.from
	err := r.store.Subscribe(ctx, r.from, domain.StreamPrefixes(), func(m eventstore.Message) error { return r.receive(ctx, m) })
	switch {
	case errors.Is(err, errEnough):
	case err == nil:
		return eventstore.ErrUnavailable
	default:
		return err
	}
	if r.to != nil {
		r.through = *r.to // only events of other streams are between
	}
	if r.through == r.from {
		return nil
	}
	return r.send(ctx, false)
}

func (r *logReading) receive(ctx context.Context, m eventstore.Message) error {
	if m.Kind == eventstore.CaughtUp {
		return errEnough
	}
	if r.to != nil && r.to.Before(m.Position) {
		return errEnough
	}
	if !r.through.Before(m.Position) { // a repeat
		return nil
	}
	r.through = m.Position
	if m.Kind == eventstore.EventAppeared {
		f, err := r.decode(m.Event)
		if err != nil {
			return &consumer.Poison{EventID: m.Event.ID, Type: m.Event.Type, Position: m.Event.Position, Err: err}
		}
		r.gathered = append(r.gathered, f)
	}
	switch {
	case r.to != nil && !m.Position.Before(*r.to):
		return errEnough
	case len(r.gathered) >= readingBatch:
		return r.send(ctx, true)
	}
	return nil
}

// send hands over what was gathered.
func (r *logReading) send(ctx context.Context, more bool) error {
	batch := consumer.Batch[*fact]{Events: r.gathered, Through: r.through, More: more}
	r.gathered = nil
	select {
	case r.batches <- batch:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
