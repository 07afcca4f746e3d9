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
	// The server looks at so many events before it says how far it came: few
	// enough that a checkpoint is never far behind, enough not to chatter.
	searchWindow       = 256
	checkpointInterval = 4
	// ahead is how many messages are taken from the connection before deliver
	// has worked on them. What is behind waits in the connection, then in the
	// server.
	ahead = 256
)

// Subscribe is eventstore.Store's. A subscription that breaks is not mended
// here: only the caller knows the last position that it worked on.
func (s *Store) Subscribe(ctx context.Context, from eventstore.Position, prefixes []string, deliver func(eventstore.Message) error) error {
	err := s.subscribe(ctx, from, prefixes, deliver)
	var refused *refusal
	if errors.As(err, &refused) {
		return refused.error
	}
	if ended := ctx.Err(); ended != nil {
		err = ended // the connection may have ended with it, and been noticed first
	}
	return fmt.Errorf("subscribe to %q: %w", prefixes, err)
}

// refusal is an error of deliver, which goes back as it came.
type refusal struct{ error }

func (s *Store) subscribe(parent context.Context, from eventstore.Position, prefixes []string, deliver func(eventstore.Message) error) error {
	if !s.begin() {
		return errClosed
	}
	defer s.watching.Done()
	// The stream ends with the caller, but knows no deadline: the server would
	// end it first, and that looks like a break.
	ctx, cancel := context.WithCancel(context.WithoutCancel(parent))
	defer cancel()
	defer context.AfterFunc(parent, cancel)()
	opened, from, err := s.prepared(parent, ctx, from, prefixes)
	if err != nil {
		return err
	}

	messages := make(chan *esdb.SubscriptionEvent, ahead)
	go listen(ctx, opened, messages)
	defer func() { // leave no goroutine behind
		cancel()
		for range messages {
		}
	}()
	w := &liveSubscription{store: s, prefixes: prefixes, deliver: deliver, last: from, event: from}
	return w.run(parent, messages)
}

// prepared makes the subscription, which then lives as long as stream does, and
// says where it begins. It takes no longer than any other call: after a
// fail-over the server may never confirm.
func (s *Store) prepared(ctx, stream context.Context, from eventstore.Position, prefixes []string) (*esdb.Subscription, eventstore.Position, error) {
	limited, cancel := context.WithTimeout(ctx, s.options.Timeout)
	defer cancel()
	opened, from, err := s.opened(limited, stream, from, prefixes)
	if err != nil && ctx.Err() == nil && limited.Err() != nil {
		err = s.diagnosis.explain(fmt.Errorf("%w: not confirmed within %v", eventstore.ErrUnavailable, s.options.Timeout))
	}
	return opened, from, err
}

func (s *Store) opened(ctx, stream context.Context, from eventstore.Position, prefixes []string) (*esdb.Subscription, eventstore.Position, error) {
	from, err := s.beginning(ctx, from)
	if err != nil {
		return nil, from, err
	}
	options := esdb.SubscribeToAllOptions{
		From:               positionOf(from),
		MaxSearchWindow:    searchWindow,
		CheckpointInterval: checkpointInterval,
		Filter:             filter(prefixes),
	}
	// Without asking for the leader: a follower would confirm, then break off,
	// and the client hears of no leader in a subscription.
	opened, err := call(ctx, s, rightToReadAll, func(_ context.Context, client *esdb.Client) (*esdb.Subscription, error) {
		return client.SubscribeToAll(stream, options)
	})
	return opened, from, err
}

// beginning reads from the leader first, so that the client is connected to it
// when the subscription is made; a subscription that broke tells the client
// nothing (G). From the end, it says where that is.
func (s *Store) beginning(ctx context.Context, from eventstore.Position) (eventstore.Position, error) {
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
	return from, nil // not found, or not allowed: the leader has spoken
}

func filter(prefixes []string) *esdb.SubscriptionFilter {
	if len(prefixes) == 0 || slices.Contains(prefixes, "") { // everything but the server's own streams
		return &esdb.SubscriptionFilter{Type: esdb.StreamFilterType, Regex: `^[^\$].*`}
	}
	return &esdb.SubscriptionFilter{Type: esdb.StreamFilterType, Prefixes: prefixes}
}

// listen takes messages from the connection until it breaks, and closes the
// channel at the end. Recv knows no context, but ends with the stream's.
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

// received is Recv with its panics, on messages without a stream name, as drops.
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

// dropped says why a subscription broke. The client gives the bare gRPC error
// here (G). All of them mean: subscribe again; only a lost right does not.
func (s *Store) dropped(err error) error {
	if code := status.Code(err); code == codes.PermissionDenied || code == codes.Unauthenticated {
		return s.failure(err, rightToReadAll)
	}
	return fmt.Errorf("%w: the subscription broke: %v", eventstore.ErrUnavailable, err)
}
