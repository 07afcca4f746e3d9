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

// Append implements eventstore.Store. After an unknown outcome it repeats the same
// append until the caller's context ends, see untilKnown.
func (s *Store) Append(ctx context.Context, wanted eventstore.Append) (eventstore.Appended, error) {
	appended, err := s.append(ctx, wanted)
	if err != nil {
		return eventstore.Appended{}, fmt.Errorf("append %s: %w", wanted.Stream, err)
	}
	return appended, nil
}

// append checks the size, sends the append until its outcome is known, and looks its
// position up when the server has returned none.
func (s *Store) append(ctx context.Context, wanted eventstore.Append) (eventstore.Appended, error) {
	// When the server refuses by size, the client loses the reason (D).
	if err := wanted.Check(); err != nil {
		return eventstore.Appended{}, err
	}
	same := operation[eventstore.Appended](func(ctx context.Context, client *esdb.Client) (eventstore.Appended, error) {
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
		appended, err := s.batched(ctx, wanted)
		if errors.Is(err, errNoBatch) {
			appended, err = call(ctx, s, rightToAppend, same)
		}
		if errors.Is(err, errBrokenOff) {
			err = s.whyBrokenOff(ctx, wanted.Stream, err)
		}
		if err != nil || appended.Position != eventstore.Start {
			return appended, err
		}
		return s.placed(ctx, appended, wanted)
	})
}

// batched sends one append by BatchAppend, once, and returns at the latest when the
// context ends. The context has a deadline. It passes the circuit breaker and finds
// causes as call does, but needs no slot, because nothing in it ignores its context.
// Errors: the port's, and errNoBatch.
func (s *Store) batched(ctx context.Context, wanted eventstore.Append) (eventstore.Appended, error) {
	if err := ctx.Err(); err != nil {
		return eventstore.Appended{}, err
	}
	if s.isClosing() {
		return eventstore.Appended{}, errClosed
	}
	trying, err := s.breaker.enter(ctx, s.closing)
	if err != nil {
		return eventstore.Appended{}, s.diagnosis.explain(s.deadlineError(ctx, err))
	}
	s.callers.Add(1)
	defer s.callers.Add(-1)
	appended, err := s.batch.append(ctx, wanted)
	if errors.Is(err, errNoBatch) || errors.Is(err, errClosed) {
		s.breaker.leave(trying, unknown)
		return eventstore.Appended{}, err
	}
	seen := classify(ctx, err)
	s.breaker.leave(trying, seen)
	if seen == answered {
		s.diagnosis.forget()
	}
	if err == nil {
		return appended, nil
	}
	if !endOfContext(err) {
		err = s.failure(err, rightToAppend)
	}
	return eventstore.Appended{}, s.explained(ctx, ctx, err)
}

// whyBrokenOff finds the lost reason of an append that the server aborted while it
// was being sent (D). A read sends so little that a refusing server can return the
// reason. Any answer but ErrDenied leaves the outcome of the append unknown.
func (s *Store) whyBrokenOff(ctx context.Context, stream string, err error) error {
	_, asked := s.ReadStream(ctx, stream, eventstore.Backwards, eventstore.FromEnd, 1)
	if errors.Is(asked, eventstore.ErrDenied) {
		return asked
	}
	return err
}

// expected converts an expected revision for the client.
func expected(revision eventstore.Expected) esdb.ExpectedRevision {
	if revision == eventstore.NoStream {
		return esdb.NoStream{}
	}
	return esdb.Revision(uint64(revision)) //nolint:gosec // the port knows none and exact only
}

// proposed converts events for the client.
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

// position converts a position of the client. The protocol writes "none" as 2⁶⁴−1,
// which becomes the zero Position.
func position(commit, prepare uint64) eventstore.Position {
	if commit == math.MaxUint64 || prepare == math.MaxUint64 {
		return eventstore.Position{}
	}
	return eventstore.Position{Commit: commit, Prepare: prepare}
}

// AppendMany implements eventstore.Store. The protocol has one stream per append, so
// streams are appended to concurrently, and appends to one stream in order.
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
