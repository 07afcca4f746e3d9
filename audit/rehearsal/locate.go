package rehearsal

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/eventstore"
)

// locate finds the positions of unreadable facts. A read of a stream gives none on some
// servers.
func (r *run) locate(ctx context.Context) error {
	if !r.unplaced {
		return nil
	}
	wanted := map[uuid.UUID]int{}
	for i, u := range r.report.Unreadable {
		if u.Position == 0 {
			wanted[u.EventID] = i
		}
	}
	err := r.Log.Subscribe(ctx, eventstore.Start, domain.StreamPrefixes(), func(m eventstore.Message) error {
		if m.Kind == eventstore.CaughtUp || len(wanted) == 0 {
			return errDone
		}
		if i, is := wanted[m.Event.ID]; is && m.Kind == eventstore.EventAppeared {
			r.report.Unreadable[i].Position = m.Position.Uint64()
			delete(wanted, m.Event.ID)
		}
		return nil
	})
	if errors.Is(err, errDone) {
		return nil
	}
	return fmt.Errorf("find the positions of facts: %w", cmp.Or(err, eventstore.ErrUnavailable))
}
