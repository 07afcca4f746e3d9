package consumer

import (
	"context"
	"time"

	"nonassociations/eventstore"
)

// head is the end of the log and when it was there.
type head struct {
	eventstore.Head

	readAt time.Time // before the search began
}

const (
	headEvery = time.Second
	headTime  = 10 * time.Second
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

// readHead searches on from where the previous search began. A search that
// failed leaves nothing behind.
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
