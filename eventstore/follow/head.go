package follow

import (
	"context"
	"time"

	"nonassociations/eventstore"
)

// head is the end of the log as one backwards read found it.
type head struct {
	own    eventstore.Position // the last event of ours, Start when there is none
	end    eventstore.Position // the last event at all: behind own, nothing of ours up to here
	readAt time.Time           // before the read began
}

const (
	headEvery = time.Second
	headTime  = 10 * time.Second
	headPage  = 256
)

// watchHead reads the head again and again, and at once when kicked. It feeds
// the lag, the caught-up rule, and the places that no checkpoint tells of.
func (s *session[T]) watchHead(ctx context.Context) {
	ticker := time.NewTicker(headEvery)
	defer ticker.Stop()
	var last head
	for {
		found, err := s.readHead(ctx, last)
		if err == nil {
			last = found
			s.follower.status.headRead(found)
			s.resubscribeWhenStalled(found)
			select {
			case s.heads <- found:
			case <-ctx.Done():
				return
			}
		} else if ctx.Err() == nil {
			s.follower.options.Logger.WarnContext(ctx, "head not read", "error", err)
		}
		select {
		case <-ticker.C:
		case <-s.kick:
		case <-ctx.Done():
			return
		}
	}
}

// readHead goes backwards to the first event of ours, or to where the previous
// read began: what lies behind was looked at then.
func (s *session[T]) readHead(ctx context.Context, previous head) (head, error) {
	ctx, cancel := context.WithTimeout(ctx, headTime)
	defer cancel()
	found := head{own: previous.own, end: previous.end, readAt: s.follower.options.Clock()}
	from, limit := eventstore.End, 1 // nearly always the last event is ours, or no other than before
	for {
		events, err := s.follower.options.Store.ReadAll(ctx, eventstore.Backwards, from, limit)
		if err != nil {
			return head{}, err
		}
		if from == eventstore.End && len(events) > 0 {
			found.end = events[0].Position
		}
		for _, event := range events {
			if !previous.end.Before(event.Position) {
				return found, nil
			}
			if eventstore.Begins(event.Stream, s.follower.options.Prefixes) {
				found.own = event.Position
				return found, nil
			}
			from = event.Position
		}
		if len(events) < limit {
			return found, nil
		}
		limit = headPage
	}
}
