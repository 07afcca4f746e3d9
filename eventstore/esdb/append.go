package esdb

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"golang.org/x/sync/errgroup"

	"nonassociations/eventstore"
)

// Append is eventstore.Store's. After an unknown outcome it asks the same append
// again by itself, while the caller's time lasts.
func (s *Store) Append(ctx context.Context, wanted eventstore.Append) (eventstore.Appended, error) {
	appended, err := s.append(ctx, wanted)
	if err != nil {
		return eventstore.Appended{}, fmt.Errorf("append %s: %w", wanted.Stream, err)
	}
	return appended, nil
}

func (s *Store) append(ctx context.Context, wanted eventstore.Append) (eventstore.Appended, error) {
	// A server that refuses by size loses its reason on the way here (D).
	if err := wanted.Check(); err != nil {
		return eventstore.Appended{}, err
	}
	same := request[eventstore.Appended](func(ctx context.Context, client *esdb.Client) (eventstore.Appended, error) {
		options := esdb.AppendToStreamOptions{ExpectedRevision: expected(wanted.Expected)}
		written, err := client.AppendToStream(ctx, wanted.Stream, options, proposed(wanted.Events)...)
		if err != nil {
			return eventstore.Appended{}, err
		}
		return eventstore.Appended{
			Revision: written.NextExpectedVersion,
			Position: position(written.CommitPosition, written.PreparePosition),
		}, nil
	})
	return s.untilKnown(ctx, func(ctx context.Context) (eventstore.Appended, error) {
		appended, err := call(ctx, s, rightToAppend, same)
		if errors.Is(err, errBrokenOff) {
			err = s.whyBrokenOff(ctx, wanted.Stream, err)
		}
		if err != nil || appended.Position != eventstore.Start {
			return appended, err
		}
		return s.placed(ctx, appended, wanted)
	})
}

// whyBrokenOff finds the reason that a broken-off append has lost (D): a read
// sends so little that a server which refuses us says why. Whatever else it
// says, the append is as unknown as before.
func (s *Store) whyBrokenOff(ctx context.Context, stream string, err error) error {
	_, asked := s.ReadStream(ctx, stream, eventstore.Backwards, eventstore.FromEnd, 1)
	if errors.Is(asked, eventstore.ErrDenied) {
		return asked
	}
	return err
}

func expected(revision eventstore.Expected) esdb.ExpectedRevision {
	if revision == eventstore.NoStream {
		return esdb.NoStream{}
	}
	return esdb.Revision(uint64(revision)) //nolint:gosec // the port knows none and exact only
}

func proposed(events []eventstore.Event) []esdb.EventData {
	data := make([]esdb.EventData, len(events))
	for i, event := range events {
		data[i] = esdb.EventData{
			EventID:     event.ID,
			EventType:   event.Type,
			ContentType: esdb.ContentTypeJson,
			Data:        event.Data,
			Metadata:    event.Metadata,
		}
	}
	return data
}

// position is the port's. 2⁶⁴−1 is the wire's word for none.
func position(commit, prepare uint64) eventstore.Position {
	if commit == math.MaxUint64 || prepare == math.MaxUint64 {
		return eventstore.Position{}
	}
	return eventstore.Position{Commit: commit, Prepare: prepare}
}

// AppendMany is eventstore.Store's. The protocol has one stream an append, so
// several go at once; appends to one stream keep their order.
func (s *Store) AppendMany(ctx context.Context, appends []eventstore.Append) []eventstore.Outcome {
	outcomes := make([]eventstore.Outcome, len(appends))
	lanes := map[string][]int{}
	for i, wanted := range appends {
		lanes[wanted.Stream] = append(lanes[wanted.Stream], i)
	}
	var group errgroup.Group
	group.SetLimit(s.options.Parallel)
	for _, lane := range lanes {
		group.Go(func() error {
			for _, i := range lane {
				outcomes[i].Appended, outcomes[i].Err = s.Append(ctx, appends[i])
			}
			return nil
		})
	}
	_ = group.Wait() // each outcome carries its own error
	return outcomes
}
