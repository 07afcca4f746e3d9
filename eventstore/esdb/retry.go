package esdb

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"

	"nonassociations/eventstore"
)

// The pauses between two tries of the same append. A real server knows the
// answer some milliseconds after it has said Aborted.
const (
	retryFirst = 10 * time.Millisecond
	retryMost  = 500 * time.Millisecond
)

// untilKnown tries an append until its outcome is known or the caller's time is
// over. A server answers Aborted, a time-out or nothing at all to what it has
// written as well as to what it has not. The same append again is recognised by
// its ids and its revision, so a try too many does no harm.
func (s *Store) untilKnown(ctx context.Context, try func(context.Context) (eventstore.Appended, error)) (eventstore.Appended, error) {
	bounded, cancel := s.bounded(ctx)
	defer cancel()
	pauses := backoff.NewExponentialBackOff()
	pauses.InitialInterval, pauses.MaxInterval, pauses.Multiplier = retryFirst, retryMost, 2
	var last error
	for {
		appended, err := try(bounded)
		var open temporary
		if !errors.As(err, &open) {
			return appended, s.afterUnknown(ctx, err, last)
		}
		last = err
		if err := pause(bounded, s.closing, pauses.NextBackOff(), nil); err != nil {
			return eventstore.Appended{}, s.afterUnknown(ctx, err, last)
		}
	}
}

// afterUnknown is late, with what the server said before the time was over.
func (s *Store) afterUnknown(ctx context.Context, err, last error) error {
	if last == nil || !endOfContext(err) {
		return s.deadlineError(ctx, err)
	}
	return fmt.Errorf("%w; the last answer: %v", s.deadlineError(ctx, err), last)
}

// placed looks for the position of an append to which the server gave none: in
// the stream, then in the log from its end backwards. An append that lies too far
// back for that is answered with the head: a reader that has got there has got
// to the append. The position is never Start, which is before everything.
//
// The client says success also where it does not understand the answer, so what
// is not in the stream is an unknown outcome.
func (s *Store) placed(ctx context.Context, appended eventstore.Appended, wanted eventstore.Append) (eventstore.Appended, error) {
	stored, err := s.ReadStream(ctx, wanted.Stream, eventstore.Forwards, appended.Revision, 1)
	if err != nil {
		return eventstore.Appended{}, unplaced(err)
	}
	if len(stored) == 0 || stored[0].ID != wanted.Events[len(wanted.Events)-1].ID {
		return eventstore.Appended{}, unplaced(errors.New("it is not at the revision that the server told"))
	}
	appended.Position = stored[0].Position
	if appended.Position == eventstore.Start {
		appended.Position, err = s.inLog(ctx, stored[0])
	}
	if err != nil {
		return eventstore.Appended{}, unplaced(err)
	}
	return appended, nil
}

// nearReads is how far back the log is looked at first for what was just written.
const nearReads = 4

// inLog is the position that the whole log has for an event of a stream, or the
// head of the log when the event is not among the last ones.
func (s *Store) inLog(ctx context.Context, stored eventstore.RecordedEvent) (eventstore.Position, error) {
	var head eventstore.Position
	page := all{direction: eventstore.Backwards, from: eventstore.End}
	for seen := 0; seen < lookBack && !page.ended; {
		events, err := s.next(ctx, &page, max(nearReads, seen))
		if err != nil {
			return eventstore.Start, err
		}
		for _, event := range events {
			if head == eventstore.Start {
				head = event.Position
			}
			if event.Stream == stored.Stream && event.Revision == stored.Revision {
				return event.Position, nil
			}
		}
		seen += len(events)
	}
	if head == eventstore.Start {
		return head, errors.New("the log is empty")
	}
	return head, nil
}

// unplaced is the error of an append that was probably written: whatever the
// look-up met must not say that it was not.
func unplaced(err error) error {
	unknown := fmt.Errorf("%w: the server told no position of the append: %v", eventstore.ErrUnavailable, err)
	if errors.Is(err, eventstore.ErrDenied) {
		return unknown
	}
	return temporary{unknown}
}
