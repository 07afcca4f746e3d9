package eventstore

import (
	"context"
	"errors"
)

// Reach answers whether a log goes as far as a position that a caller names.
// Calls that overlap share their reads: a call shares only a read that began
// after it, and one read is under way at a time. It is safe for concurrent use.
type Reach struct{ last, named *Shared }

// NewReach asks one log.
func NewReach(log Store) *Reach {
	return &Reach{
		last:  Share(log.End),
		named: Share(func(ctx context.Context) (Position, error) { return lastNamed(ctx, log) }),
	}
}

// Has reports whether the log has a place at or behind a position, written as
// [Position.Outside] writes it; everything is read after the call began. A
// position that any answer or subscription has given is one the log has.
// Errors: those of End and Subscribe.
func (r *Reach) Has(ctx context.Context, position uint64) (bool, error) {
	if position == 0 {
		return true, nil
	}
	for _, read := range []*Shared{r.last, r.named} {
		end, err := read.Get(ctx)
		if err != nil {
			return false, err
		}
		if end.Uint64() >= position {
			return true, nil
		}
	}
	return false, nil
}

// foreign begins the name of no stream, so that a subscription hears places only.
const foreign = "app-nobodys-"

// errEnd ends a subscription at the end of the log.
var errEnd = errors.New("the end of the log")

// lastNamed is the last place that a subscription names today. EventStoreDB
// names one behind its last event, where the next may begin, and a read model
// that took it for its checkpoint hands it out as a position.
func lastNamed(ctx context.Context, log Store) (Position, error) {
	end, err := log.End(ctx)
	if err != nil {
		return Start, err
	}
	last := end
	err = log.Subscribe(ctx, end, []string{foreign}, func(m Message) error {
		if m.Kind == CaughtUp {
			return errEnd
		}
		if last.Before(m.Position) {
			last = m.Position
		}
		return nil
	})
	if errors.Is(err, errEnd) {
		return last, nil
	}
	if err == nil { // a subscription has no good end
		err = ErrUnavailable
	}
	return Start, err
}
