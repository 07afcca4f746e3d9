// Package past shows again what the service answered at a position of the log. It folds the
// log up to there in memory, and gives the fold to the API and to the pages of this build in
// place of the read model. It writes nothing.
package past

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"nonassociations/domain"
	"nonassociations/eventstore"
)

// ErrBeyondEnd refuses a position that the log has not reached.
var ErrBeyondEnd = errors.New("the log has not reached the position")

// errReadOnly refuses every append: the past is not written.
var errReadOnly = errors.New("the past is read only")

// errDone ends a reading of the log.
var errDone = errors.New("read")

// log is a log as it was at a position.
type log struct {
	eventstore.Store

	until  uint64            // the public position, included
	events map[string]uint64 // how many each stream of ours had then
	last   eventstore.Position
	facts  []*eventstore.Fact
}

// openLog reads a log up to a position. progress, if set, is called after each thousand
// facts. Errors: ErrBeyondEnd, those of the log, and a fact that cannot be read.
func openLog(ctx context.Context, store eventstore.Store, until uint64, progress func(facts int, at eventstore.Position)) (*log, error) {
	reached, err := eventstore.NewReach(store).Has(ctx, until)
	if err != nil {
		return nil, fmt.Errorf("compare the position with the end of the log: %w", err)
	}
	if !reached && until > 0 {
		return nil, fmt.Errorf("%w %d", ErrBeyondEnd, until)
	}
	l := &log{Store: store, until: until, events: map[string]uint64{}}
	catalogue := domain.Events()
	err = store.Subscribe(ctx, eventstore.Start, domain.StreamPrefixes(), func(m eventstore.Message) error {
		if m.Kind == eventstore.CaughtUp || m.Kind == eventstore.EventAppeared && m.Event.Position.Uint64() > until {
			return errDone
		}
		if m.Kind != eventstore.EventAppeared {
			return nil
		}
		fact, err := eventstore.ReadFolded(catalogue, m.Event)
		if err != nil {
			return err
		}
		l.facts, l.last = append(l.facts, &fact), m.Event.Position
		l.events[m.Event.Stream] = m.Event.Revision + 1
		if progress != nil && len(l.facts)%1000 == 0 {
			progress(len(l.facts), l.last)
		}
		return nil
	})
	if !errors.Is(err, errDone) {
		// A subscription never ends without an error.
		return nil, fmt.Errorf("read the log: %w", cmp.Or(err, eventstore.ErrUnavailable))
	}
	return l, nil
}

// Append is refused.
func (*log) Append(context.Context, eventstore.Append) (eventstore.Appended, error) {
	return eventstore.Appended{}, errReadOnly
}

// AppendMany is refused.
func (*log) AppendMany(_ context.Context, appends []eventstore.Append) []eventstore.Outcome {
	all := make([]eventstore.Outcome, len(appends))
	for i := range all {
		all[i].Err = errReadOnly
	}
	return all
}

// ReadStream leaves out what is later. A stream of the store itself has no past.
func (l *log) ReadStream(ctx context.Context, stream string, way eventstore.Direction, from uint64, limit int) ([]eventstore.RecordedEvent, error) {
	if !domain.IsOurs(stream) {
		return l.Store.ReadStream(ctx, stream, way, from, limit)
	}
	count := l.events[stream]
	if count == 0 {
		return nil, eventstore.ErrStreamNotFound
	}
	if way == eventstore.Backwards {
		from = min(from, count-1)
	}
	events, err := l.Store.ReadStream(ctx, stream, way, from, limit)
	return l.before(stream, events), err
}

// ReadMany leaves out what is later.
func (l *log) ReadMany(ctx context.Context, streams []string) []eventstore.Stream {
	all := l.Store.ReadMany(ctx, streams)
	for i, name := range streams {
		all[i].Events = l.before(name, all[i].Events)
	}
	return all
}

// before returns the events of a stream that were there.
func (l *log) before(stream string, events []eventstore.RecordedEvent) []eventstore.RecordedEvent {
	var kept []eventstore.RecordedEvent
	for _, event := range events {
		if event.Revision < l.events[stream] {
			kept = append(kept, event)
		}
	}
	return kept
}
