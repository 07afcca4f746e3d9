package esdb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nonassociations/eventstore"
)

// ReadStream implements eventstore.Store.
func (s *Store) ReadStream(ctx context.Context, stream string, direction eventstore.Direction, from uint64, limit int) ([]eventstore.RecordedEvent, error) {
	if limit <= 0 {
		return nil, nil
	}
	options := esdb.ReadStreamOptions{Direction: readDirection(direction), From: revision(direction, from)}
	events, err := s.readStream(ctx, stream, options, uint64(limit))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", stream, err)
	}
	return events, nil
}

// ReadMany implements eventstore.Store. The protocol has one stream per read, so
// streams are read concurrently.
func (s *Store) ReadMany(ctx context.Context, streams []string) []eventstore.Stream {
	read := make([]eventstore.Stream, len(streams))
	var group errgroup.Group
	group.SetLimit(s.options.Parallel)
	for i, stream := range streams {
		group.Go(func() error {
			read[i].Events, read[i].Err = s.ReadStream(ctx, stream, eventstore.Forwards, 0, math.MaxInt)
			if errors.Is(read[i].Err, eventstore.ErrStreamNotFound) {
				read[i].Err = nil
			}
			return nil
		})
	}
	_ = group.Wait() // each stream carries its own error
	return read
}

// readStream reads inside of one call, because Recv ignores its context as well when
// the server disappears.
func (s *Store) readStream(ctx context.Context, stream string, options esdb.ReadStreamOptions, limit uint64) ([]eventstore.RecordedEvent, error) {
	return call(ctx, s, rightToRead, func(ctx context.Context, client *esdb.Client) ([]eventstore.RecordedEvent, error) {
		opened, err := client.ReadStream(ctx, stream, options, limit)
		if err != nil {
			rediscover(ctx, client, err)
			return nil, err
		}
		return receive(opened)
	})
}

// receive reads all events of a read. Only io.EOF is the end, and only as the first
// error: a failed stream returns io.EOF from then on. A missing stream is reported
// here, and not when the read is opened.
func receive(opened *esdb.ReadStream) ([]eventstore.RecordedEvent, error) {
	defer opened.Close()
	var events []eventstore.RecordedEvent
	for {
		resolved, err := opened.Recv()
		if errors.Is(err, io.EOF) {
			return events, nil
		}
		if err != nil {
			return nil, err
		}
		events = append(events, recorded(resolved))
	}
}

// rediscover makes the client search for the server again. A read that cannot be
// opened does not (H), and would go to the dead node for ever after a change of
// leader. Opening a subscription does; it is closed at once.
func rediscover(ctx context.Context, client *esdb.Client, err error) {
	if status.Code(err) != codes.Unavailable {
		return
	}
	opened, err := client.SubscribeToStream(ctx, rediscoverStream, esdb.SubscribeToStreamOptions{From: esdb.End{}})
	if err == nil {
		_ = opened.Close()
	}
}

// rediscoverStream is the name of a stream that is never written to.
const rediscoverStream = "app-wake"

// recorded converts an event of the client.
func recorded(resolved *esdb.ResolvedEvent) eventstore.RecordedEvent {
	event := resolved.OriginalEvent()
	return eventstore.RecordedEvent{
		Event: eventstore.Event{
			ID:       event.EventID,
			Type:     event.EventType,
			Data:     event.Data,
			Metadata: event.UserMetadata,
		},
		Stream:     event.StreamID,
		Revision:   event.EventNumber,
		Position:   position(event.Position.Commit, event.Position.Prepare),
		RecordedAt: event.CreatedDate,
	}
}

// readDirection converts the direction of a read for the client.
func readDirection(direction eventstore.Direction) esdb.Direction {
	if direction == eventstore.Backwards {
		return esdb.Backwards
	}
	return esdb.Forwards
}

// revision converts a revision for the client.
func revision(direction eventstore.Direction, from uint64) esdb.StreamPosition {
	if direction == eventstore.Backwards && from == eventstore.FromEnd {
		return esdb.End{}
	}
	// The server has signed revisions; no stream gets that far.
	return esdb.Revision(min(from, math.MaxInt64))
}
