package eventstore

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"nonassociations/internal/tracing"
)

// system is the name of the log in spans.
const system = "eventstore"

var (
	_ Store   = (*Verified)(nil)
	_ Counter = (*Verified)(nil)
)

// Append implements Store. It also returns *Mismatch, even when the event was written
// to another log: it is not acknowledged then.
func (v *Verified) Append(ctx context.Context, append Append) (_ Appended, err error) {
	ctx, span := tracing.Call(ctx, "log append", system)
	defer func() { tracing.End(span, err) }()
	if err := v.ensureVerified(ctx); err != nil {
		return Appended{}, err
	}
	before, epoch := v.lastSeen(), v.epochs()
	appended, err := v.store.Append(ctx, append)
	if err != nil {
		return Appended{}, v.observe(err)
	}
	if err := v.acknowledge(ctx, before, epoch, appended); err != nil {
		return Appended{}, err
	}
	return appended, nil
}

// AppendMany implements Store; see Append.
func (v *Verified) AppendMany(ctx context.Context, appends []Append) []Outcome {
	ctx, span := tracing.Call(ctx, "log append", system)
	defer span.End()
	tracing.Count(span, "streams", len(appends))
	if err := v.ensureVerified(ctx); err != nil {
		return allFailed(len(appends), err)
	}
	before, epoch := v.lastSeen(), v.epochs()
	outcomes := v.store.AppendMany(ctx, appends)
	for i, outcome := range outcomes {
		if outcome.Err == nil {
			outcome.Err = v.acknowledge(ctx, before, epoch, outcome.Appended)
		} else {
			outcome.Err = v.observe(outcome.Err)
		}
		if outcome.Err != nil {
			outcomes[i] = Outcome{Err: outcome.Err}
		}
	}
	return outcomes
}

// allFailed returns one outcome per append, all with the same error.
func allFailed(count int, err error) []Outcome {
	outcomes := make([]Outcome, count)
	for i := range outcomes {
		outcomes[i].Err = err
	}
	return outcomes
}

// acknowledge returns nil when the result of an append may be returned. A new event
// is after every event that was met before. One that is not was recognised as a
// repeat, or went to another log: the log is compared then.
func (v *Verified) acknowledge(ctx context.Context, before Seen, epoch epochs, appended Appended) error {
	if !before.At.Before(appended.Position) {
		v.invalidate()
	}
	if !before.At.Before(appended.Position) || v.epochs() != epoch {
		if err := v.ensureVerified(ctx); err != nil {
			return err
		}
	}
	v.recordSeen(Seen{At: appended.Position})
	return nil
}

// ReadStream implements Store; see Append.
func (v *Verified) ReadStream(ctx context.Context, stream string, direction Direction, from uint64, limit int) (_ []RecordedEvent, err error) {
	ctx, span := tracing.Call(ctx, "log read", system)
	defer func() { tracing.End(span, err) }()
	if err := v.ensureVerified(ctx); err != nil {
		return nil, err
	}
	events, err := v.store.ReadStream(ctx, stream, direction, from, limit)
	return events, v.observe(err)
}

// ReadMany implements Store; see Append.
func (v *Verified) ReadMany(ctx context.Context, streams []string) []Stream {
	ctx, span := tracing.Call(ctx, "log read", system)
	defer span.End()
	tracing.Count(span, "streams", len(streams))
	if err := v.ensureVerified(ctx); err != nil {
		all := make([]Stream, len(streams))
		for i := range all {
			all[i].Err = err
		}
		return all
	}
	all := v.store.ReadMany(ctx, streams)
	for i := range all {
		all[i].Err = v.observe(all[i].Err)
	}
	return all
}

// ReadAll implements Store; see Append. When the end of the log is before an event
// that was met, the log is compared.
func (v *Verified) ReadAll(ctx context.Context, direction Direction, from Position, limit int) ([]RecordedEvent, error) {
	if err := v.ensureVerified(ctx); err != nil {
		return nil, err
	}
	before := v.lastSeen()
	events, err := v.store.ReadAll(ctx, direction, from, limit)
	if err != nil {
		return nil, v.observe(err)
	}
	if direction == Forwards || from != End {
		return events, nil
	}
	var end Seen
	if len(events) > 0 {
		end = Seen{events[0].Position, events[0].ID}
	}
	another := end.At == before.At && before.ID != end.ID && before.ID != uuid.Nil
	if another || end.At.Before(before.At) {
		v.invalidate()
		if err := v.ensureVerified(ctx); err != nil {
			return nil, err
		}
	}
	v.recordSeen(end)
	return events, nil
}

// End implements Store; see ReadAll.
func (v *Verified) End(ctx context.Context) (Position, error) {
	if err := v.ensureVerified(ctx); err != nil {
		return Start, err
	}
	before := v.lastSeen()
	end, err := v.store.End(ctx)
	if err != nil {
		return Start, v.observe(err)
	}
	if end.Before(before.At) {
		v.invalidate()
		if err := v.ensureVerified(ctx); err != nil {
			return Start, err
		}
	}
	return end, nil
}

// Count implements Counter; see Append.
func (v *Verified) Count(ctx context.Context, upTo Position, prefixes []string) (count uint64, known bool, err error) {
	counter, is := v.store.(Counter)
	if !is {
		return 0, false, nil
	}
	if err := v.ensureVerified(ctx); err != nil {
		return 0, false, err
	}
	count, known, err = counter.Count(ctx, upTo, prefixes)
	return count, known, v.observe(err)
}

// Subscribe implements Store; see Append. It ends when the log is found to be another
// one.
func (v *Verified) Subscribe(ctx context.Context, from Position, prefixes []string, deliver func(Message) error) error {
	v.invalidate()
	if err := v.ensureVerified(ctx); err != nil {
		return err
	}
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	defer v.endWith(&end)()
	deliver = v.passing(from, prefixes, deliver)
	err := v.store.Subscribe(ctx, from, prefixes, func(m Message) error {
		if m.Kind == EventAppeared && m.Event.Position.Commit >= v.latestCommit.Load() {
			v.recordSeen(Seen{m.Event.Position, m.Event.ID})
		}
		return deliver(m)
	})
	if cause := context.Cause(ctx); errors.As(cause, new(*Mismatch)) {
		return cause
	}
	return v.observe(err)
}

// endWith registers a subscription, so that a mismatch ends it. forget removes it.
func (v *Verified) endWith(end *context.CancelCauseFunc) (forget func()) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.cancels[end] = struct{}{}
	return func() {
		v.mu.Lock()
		defer v.mu.Unlock()
		delete(v.cancels, end)
	}
}

// endAll ends all subscriptions with a mismatch, which they return.
func (v *Verified) endAll(found *Mismatch) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for end := range v.cancels {
		(*end)(found)
	}
}

// Close implements Store.
func (v *Verified) Close(ctx context.Context) error { return v.store.Close(ctx) }
