package esdbserver

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nonassociations/eventstore"
)

// errStopping ends the subscriptions of a stopping server.
var errStopping = fmt.Errorf("%w: the server stops", eventstore.ErrUnavailable)

// subscribe sends the confirmation, then what the store delivers. The store waits for
// each message to be sent, so a slow reader is slowed down by the connection and needs
// no buffer. It returns when the client leaves, the server stops or the store ends the
// subscription.
func (s *Server) subscribe(ctx context.Context, options *streams.ReadReq_Options, out streams.Streams_ReadServer) error {
	if err := s.before(ctx, "Subscribe"); err != nil {
		return err
	}
	stream := allStream
	if one := options.GetStream(); one != nil {
		stream = string(one.GetStreamIdentifier().GetStreamName())
	}
	if err := s.allow(ctx, reads, stream); err != nil {
		return err
	}
	wanted, err := s.wanted(ctx, options)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		select {
		case <-s.stopping:
			cancel(errStopping)
		case <-ctx.Done():
		}
	}()

	if err := out.Send(confirmation(uuid.NewString())); err != nil {
		return err
	}
	err = s.store.Subscribe(ctx, wanted.from, wanted.prefixes, func(message eventstore.Message) error {
		return wanted.forward(message, out)
	})
	if errors.Is(context.Cause(ctx), errStopping) {
		return errStopping
	}
	return err
}

// subscription is what a client has requested. It belongs to one call and has no lock.
type subscription struct {
	from eventstore.Position
	// prefixes are the part of the filter that the store applies, matches the rest.
	prefixes []string
	matches  func(eventstore.RecordedEvent) bool
	// filtered is whether there is a filter. Only then there are checkpoints: one after
	// every so many events that were left out. passed counts those since the last one.
	filtered bool
	every    uint64
	passed   uint64
}

// wanted converts the options of a subscription.
func (s *Server) wanted(ctx context.Context, options *streams.ReadReq_Options) (*subscription, error) {
	wanted := &subscription{matches: func(eventstore.RecordedEvent) bool { return true }}
	if one := options.GetStream(); one != nil {
		return wanted, s.ofOneStream(ctx, wanted, one)
	}
	var err error
	if wanted.from, err = s.behind(ctx, firstPosition(options.GetAll())); err != nil {
		return nil, err
	}
	if filter := options.GetFilter(); filter != nil {
		err = wanted.filterBy(filter)
	}
	return wanted, err
}

// behind replaces the position End by that of the last event, which a subscription
// excludes. On an empty log it is Start. Any other position is returned unchanged.
func (s *Server) behind(ctx context.Context, from eventstore.Position) (eventstore.Position, error) {
	if from != eventstore.End {
		return from, nil
	}
	last, err := s.store.ReadAll(ctx, eventstore.Backwards, eventstore.End, 1)
	if err != nil || len(last) == 0 {
		return eventstore.Start, err
	}
	return last[0].Position, nil
}

// ofOneStream selects one stream by name, from a revision (exclusive) or from its end.
// The store gets the name as a prefix, and matches excludes longer names.
func (s *Server) ofOneStream(ctx context.Context, wanted *subscription, options *streams.ReadReq_Options_StreamOptions) error {
	name := string(options.GetStreamIdentifier().GetStreamName())
	wanted.prefixes = []string{name}
	wanted.matches = func(event eventstore.RecordedEvent) bool { return event.Stream == name }
	switch from := options.GetRevisionOption().(type) {
	case *streams.ReadReq_Options_StreamOptions_Revision:
		wanted.matches = func(event eventstore.RecordedEvent) bool {
			return event.Stream == name && event.Revision > from.Revision
		}
	case *streams.ReadReq_Options_StreamOptions_End:
		var err error
		wanted.from, err = s.behind(ctx, eventstore.End)
		return err
	}
	return nil
}

// filterBy sets the filter: by prefixes, which the store can use itself, or by a
// regular expression, on the stream name or the event type. every is the window times
// the multiplier, as a real server counts. Errors: InvalidArgument for a bad regular
// expression.
func (w *subscription) filterBy(filter *streams.ReadReq_Options_FilterOptions) error {
	w.filtered = true
	w.every = max(1, uint64(filter.GetMax())) * max(1, uint64(filter.GetCheckpointIntervalMultiplier()))
	by, value := filter.GetStreamIdentifier(), func(event eventstore.RecordedEvent) string { return event.Stream }
	if by == nil {
		by, value = filter.GetEventType(), func(event eventstore.RecordedEvent) string { return event.Type }
	} else if by.GetRegex() == "" && len(by.GetPrefix()) > 0 {
		w.prefixes = by.GetPrefix()
		return nil
	}
	if by.GetRegex() != "" {
		pattern, err := regexp.Compile(by.GetRegex())
		if err != nil {
			return status.Error(codes.InvalidArgument, "the filter is no regular expression")
		}
		w.matches = func(event eventstore.RecordedEvent) bool { return pattern.MatchString(value(event)) }
		return nil
	}
	w.matches = func(event eventstore.RecordedEvent) bool {
		for _, prefix := range by.GetPrefix() {
			if strings.HasPrefix(value(event), prefix) {
				return true
			}
		}
		return false
	}
	return nil
}

// forward sends one message. An event that the filter leaves out counts towards the
// next checkpoint. Checkpoints of the store are sent as well, so a client may get more
// than it asked for.
func (w *subscription) forward(message eventstore.Message, out streams.Streams_ReadServer) error {
	switch message.Kind {
	case eventstore.CaughtUp:
		return out.Send(caughtUp())
	case eventstore.Checkpoint:
		return w.send(message.Position, out)
	case eventstore.EventAppeared:
		if w.matches(message.Event) {
			return out.Send(toProto(message.Event))
		}
		if w.passed++; w.passed < w.every {
			return nil
		}
		return w.send(message.Position, out)
	}
	return nil
}

// send sends a checkpoint. Only filtered subscriptions have them.
func (w *subscription) send(place eventstore.Position, out streams.Streams_ReadServer) error {
	if !w.filtered {
		return nil
	}
	w.passed = 0
	return out.Send(checkpoint(place))
}
