package esdb

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nonassociations/eventstore"
)

const (
	// The server sends a checkpoint at least once per searchWindow times
	// checkpointInterval events: often enough that a consumer's checkpoint is recent,
	// and not so often that checkpoints cost more than events.
	searchWindow       = 256
	checkpointInterval = 4
	// ahead is how many messages are buffered for deliver. Further ones wait in the
	// connection, then in the server.
	ahead = 256
)

// Subscribe implements eventstore.Store. A broken subscription is not renewed here:
// only the caller knows the last position that it has applied.
func (s *Store) Subscribe(ctx context.Context, from eventstore.Position, prefixes []string, deliver func(eventstore.Message) error) error {
	err := s.subscribe(ctx, from, prefixes, deliver)
	var refused *refusal
	if errors.As(err, &refused) {
		return refused.error
	}
	if ended := ctx.Err(); ended != nil {
		err = ended // the connection ends with it, and may be noticed first
	}
	return fmt.Errorf("subscribe to %q: %w", prefixes, err)
}

// refusal wraps an error of deliver, which Subscribe returns unchanged.
type refusal struct{ error }

// subscribe starts a subscription and runs it in the goroutine of the caller. A second
// goroutine reads from the client, because Recv cannot be left.
func (s *Store) subscribe(parent context.Context, from eventstore.Position, prefixes []string, deliver func(eventstore.Message) error) error {
	if !s.beginSubscription() {
		return errClosed
	}
	defer s.subscriptions.Done()
	// The stream ends with the caller's context but has no deadline: the server would
	// end the stream first, which looks like a broken subscription.
	ctx, cancel := context.WithCancel(context.WithoutCancel(parent))
	defer cancel()
	defer context.AfterFunc(parent, cancel)()
	opened, from, err := s.openInTime(parent, ctx, from, prefixes)
	if err != nil {
		return err
	}

	messages := make(chan *esdb.SubscriptionEvent, ahead)
	go listen(ctx, opened, messages)
	defer func() { // wait for the end of listen
		cancel()
		for range messages {
		}
	}()
	w := &liveSubscription{store: s, prefixes: prefixes, deliver: deliver, last: from, event: from}
	return w.run(parent, messages)
}

// openInTime starts the subscription, which lives as long as the context stream, and
// returns the position at which it begins. It has the time limit of a call: after a
// failover the server may never confirm.
func (s *Store) openInTime(ctx, stream context.Context, from eventstore.Position, prefixes []string) (*esdb.Subscription, eventstore.Position, error) {
	limited, cancel := context.WithTimeout(ctx, s.options.Timeout)
	defer cancel()
	opened, from, err := s.openSubscription(limited, stream, from, prefixes)
	if err != nil && ctx.Err() == nil && limited.Err() != nil {
		err = s.diagnosis.explain(fmt.Errorf("%w: not confirmed within %v", eventstore.ErrUnavailable, s.options.Timeout))
	}
	return opened, from, err
}

// openSubscription starts the subscription without a time limit of its own.
func (s *Store) openSubscription(ctx, stream context.Context, from eventstore.Position, prefixes []string) (*esdb.Subscription, eventstore.Position, error) {
	from, err := s.startPosition(ctx, from)
	if err != nil {
		return nil, from, err
	}
	options := esdb.SubscribeToAllOptions{
		From:               positionOf(from),
		MaxSearchWindow:    searchWindow,
		CheckpointInterval: checkpointInterval,
		Filter:             filter(prefixes),
	}
	// The header that asks for the leader is not sent: a follower would confirm and
	// then abort, and the client ignores the leader's address in a subscription.
	opened, err := call(ctx, s, rightToReadAll, func(_ context.Context, client *esdb.Client) (*esdb.Subscription, error) {
		return client.SubscribeToAll(stream, options)
	})
	return opened, from, err
}

// startPosition reads from the leader first, so that the client is connected to it when
// the subscription starts; a broken subscription does not make it search (G). It
// returns the position to start from, which for End is that of the last event.
func (s *Store) startPosition(ctx context.Context, from eventstore.Position) (eventstore.Position, error) {
	if from == eventstore.End {
		last, err := s.ReadAll(ctx, eventstore.Backwards, eventstore.End, 1)
		if err != nil || len(last) == 0 {
			return eventstore.Start, err
		}
		return last[0].Position, nil
	}
	_, err := s.ReadStream(ctx, rediscoverStream, eventstore.Backwards, eventstore.FromEnd, 1)
	if errors.Is(err, eventstore.ErrUnavailable) || ctx.Err() != nil {
		return from, err
	}
	return from, nil // not found, or not allowed: the leader has answered
}

// filter makes the server-side filter of a subscription.
func filter(prefixes []string) *esdb.SubscriptionFilter {
	if len(prefixes) == 0 || slices.Contains(prefixes, "") { // everything but the server's own streams
		return &esdb.SubscriptionFilter{Type: esdb.StreamFilterType, Regex: `^[^\$].*`}
	}
	return &esdb.SubscriptionFilter{Type: esdb.StreamFilterType, Prefixes: prefixes}
}

// listen reads messages from the connection until it breaks, and closes the channel
// then. Recv has no context of its own, but ends with that of the stream.
func listen(ctx context.Context, opened *esdb.Subscription, messages chan<- *esdb.SubscriptionEvent) {
	defer close(messages)
	defer func() { _ = opened.Close() }()
	for {
		message := received(opened)
		select {
		case messages <- message:
		case <-ctx.Done():
			return
		}
		if message.SubscriptionDropped != nil {
			return
		}
	}
}

// received is Recv. It turns a panic, which a message without a stream name causes,
// into a dropped subscription.
func received(opened *esdb.Subscription) (message *esdb.SubscriptionEvent) {
	defer func() {
		if r := recover(); r != nil {
			message = &esdb.SubscriptionEvent{SubscriptionDropped: &esdb.SubscriptionDropped{
				Error: fmt.Errorf("the client panicked: %v", r),
			}}
		}
	}()
	return opened.Recv()
}

// dropped maps the error of a broken subscription. The client returns the bare gRPC
// error here (G). Each of them is ErrUnavailable, so the caller subscribes again; only
// a lost right is ErrDenied.
func (s *Store) dropped(err error) error {
	if code := status.Code(err); code == codes.PermissionDenied || code == codes.Unauthenticated {
		return s.failure(err, rightToReadAll)
	}
	return fmt.Errorf("%w: the subscription broke: %v", eventstore.ErrUnavailable, err)
}
