package eventstore

import (
	"context"
	"errors"
)

// Reach reports whether a log goes as far as a position that a client names.
// Overlapping calls share their reads: one read is in flight at a time, and a call
// shares only a read that began after it. It is safe for concurrent use.
type Reach struct{ last, named *Shared }

// NewReach makes a Reach over one log.
func NewReach(log Store) *Reach {
	return &Reach{
		last:  Share(log.End),
		named: Share(func(ctx context.Context) (Position, error) { return lastNamed(ctx, log) }),
	}
}

// Has reports whether the log has a position at or after a public one, see
// [Position.Uint64]. The log is read after the call began. Every position that an
// answer or a subscription has named is one that the log has. Errors: those of End
// and Subscribe.
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

// noStreamPrefix is a prefix that no stream has: a subscription to it gets only checkpoints.
const noStreamPrefix = "app-nobodys-"

// errEnd ends the subscription of lastNamed at the end of the log.
var errEnd = errors.New("the end of the log")

// lastNamed returns the last position that a subscription would name now. The last
// checkpoint of EventStoreDB is after the last event, where the next one may begin.
// A read model that stored it as its checkpoint returns it to clients.
func lastNamed(ctx context.Context, log Store) (Position, error) {
	end, err := log.End(ctx)
	if err != nil {
		return Start, err
	}
	last := end
	err = log.Subscribe(ctx, end, []string{noStreamPrefix}, func(m Message) error {
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
	if err == nil { // a subscription never ends without an error
		err = ErrUnavailable
	}
	return Start, err
}
