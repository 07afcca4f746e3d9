package esdb

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"

	"nonassociations/eventstore"
)

// Bounds of the backoff between two tries of the same append. A real server knows the
// outcome some milliseconds after it has answered Aborted.
const (
	retryFirst = 10 * time.Millisecond
	retryMost  = 500 * time.Millisecond
)

// untilKnown repeats an append until its outcome is known or the context ends. A
// server answers Aborted, a timeout or nothing both to appends that it has written and
// to ones that it has not. It recognises a repeat by ids and revision, so one try too
// many does no harm.
//
// The loop is not backoff.Retry's: it also ends when the store closes, and its error
// names the last answer of the server.
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

// afterUnknown returns the error with which an append ends. last is the server's answer to
// the attempt before, whose outcome is unknown; nil for the first attempt. A server looks at
// rights and tombstones before it recognises a repeat, so such a refusal leaves open
// whether the earlier attempt was written.
func (s *Store) afterUnknown(ctx context.Context, err, last error) error {
	switch {
	case last == nil:
		return s.deadlineError(ctx, err)
	case errors.Is(err, eventstore.ErrDenied), errors.Is(err, eventstore.ErrStreamDeleted):
		return fmt.Errorf("%w: refused after an attempt without an outcome: %v; the answer before: %v", eventstore.ErrUnavailable, err, last)
	case !endOfContext(err):
		return s.deadlineError(ctx, err)
	}
	return fmt.Errorf("%w; the last answer: %v", s.deadlineError(ctx, err), last)
}

// placed finds the position of an append for which the server returned none: in the
// stream, then in the log from its end backwards. If the append is too far back for
// that, the position is the head: a reader at the head has read the append. The
// position is never Start, which is before every event.
//
// The client also returns success for an answer that it does not understand. An
// append that is not in the stream therefore has an unknown outcome.
func (s *Store) placed(ctx context.Context, appended eventstore.Appended, wanted eventstore.Append) (eventstore.Appended, error) {
	stored, err := s.ReadStream(ctx, wanted.Stream, eventstore.Forwards, appended.Revision, 1)
	if err != nil {
		return eventstore.Appended{}, unplaced(err)
	}
	if len(stored) == 0 || stored[0].ID != wanted.Events[len(wanted.Events)-1].ID {
		return eventstore.Appended{}, unplaced(errors.New("it is not at the revision that the server returned"))
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

// nearReads is the first page of the search for a recent append.
const nearReads = 4

// inLog returns the position of an event of a stream in the whole log, or the head of
// the log when the event is not among the last ones.
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

// unplaced is the error of an append that was probably written. The error of the
// search must not claim that it was not.
func unplaced(err error) error {
	unknown := fmt.Errorf("%w: the server returned no position of the append: %v", eventstore.ErrUnavailable, err)
	if errors.Is(err, eventstore.ErrDenied) {
		return unknown
	}
	return temporary{unknown}
}
