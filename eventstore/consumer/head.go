package consumer

import (
	"context"
	"time"

	"nonassociations/eventstore"
)

// head is the end of the log, with the time of its reading.
type head struct {
	eventstore.Head

	readAt time.Time // before the search began
}

// headTime bounds one search for the head.
const headTime = 10 * time.Second

// watchHead reads the head at an interval, and at once when kicked. The head is
// needed for the lag, for the caught-up rule, for a checkpoint that moves when only
// events of others are appended, and to find a stalled subscription.
func (s *session[T]) watchHead(ctx context.Context) {
	ticker := time.NewTicker(s.consumer.options.Intervals.Head)
	defer ticker.Stop()
	var last head
	for {
		found, err := s.readHead(ctx, last)
		if err == nil {
			last = found
			s.consumer.status.headRead(found)
			s.resubscribeWhenStalled(found)
			select {
			case s.heads <- found:
			case <-ctx.Done():
				return
			}
		} else if ctx.Err() == nil {
			s.consumer.options.Logger.WarnContext(ctx, "head not read", "error", err)
		}
		select {
		case <-ticker.C:
		case <-s.kick:
		case <-ctx.Done():
			return
		}
	}
}

// readHead searches backwards from the end of the log to where the previous search
// began. A search that failed changes nothing.
func (s *session[T]) readHead(ctx context.Context, previous head) (head, error) {
	ctx, cancel := context.WithTimeout(ctx, headTime)
	defer cancel()
	options, readAt := s.consumer.options, s.consumer.options.Clock()
	found, err := eventstore.FindHead(ctx, options.Store, options.Prefixes, previous.Head)
	if err != nil {
		return head{}, err
	}
	return head{found, readAt}, nil
}
