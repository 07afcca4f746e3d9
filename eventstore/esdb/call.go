package esdb

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nonassociations/eventstore"
)

var errClosed = fmt.Errorf("%w: closed", eventstore.ErrUnavailable)

// request is one use of the client, its errors as they come.
type request[T any] func(context.Context, *esdb.Client) (T, error)

type result[T any] struct {
	value T
	err   error
}

// call runs one request of the client and comes back when the context ends,
// whatever the client does: it ignores contexts while it looks for a server
// (B, C) and panics on messages that it does not know (J). The request goes on
// by itself then, holding its slot, so that few of them can pile up. The error
// is the port's; right is what to ask for when the call is denied.
func call[T any](ctx context.Context, s *Store, right string, request request[T]) (T, error) {
	var none T
	bounded, cancel := s.bounded(ctx)
	defer cancel()
	trying, err := s.enter(bounded)
	if err != nil {
		return none, s.diagnosis.explain(s.deadlineError(ctx, err))
	}
	s.callers.Add(1)
	defer s.callers.Add(-1)

	done := make(chan result[T], 1)
	go func() {
		defer func() { <-s.slots }()
		value, err := withRetry(s.asking(bounded), s.client, request)
		seen := classify(bounded, err)
		s.breaker.leave(trying, seen)
		if seen == answered {
			s.diagnosis.forget()
		}
		done <- result[T]{value, s.failure(err, right)}
	}()
	r := await(bounded, s, done)
	if endOfContext(r.err) || errors.Is(r.err, eventstore.ErrUnavailable) && isExpired(bounded) {
		return none, s.diagnosis.explain(s.deadlineError(ctx, bounded.Err()))
	}
	return r.value, s.diagnosis.explain(r.err)
}

// await waits for a call until its time is over. While it waits, it is found out
// why.
func await[T any](ctx context.Context, s *Store, done <-chan result[T]) result[T] {
	long := time.NewTimer(s.options.lookAfter)
	defer long.Stop()
	for {
		select {
		case r := <-done:
			return r
		case <-ctx.Done():
			return result[T]{err: ctx.Err()}
		case <-long.C:
			s.diagnosis.look()
			long.Reset(s.options.lookAfter)
		}
	}
}

func (s *Store) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, has := ctx.Deadline(); has {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, s.options.Timeout)
}

// enter passes the gate and takes a slot.
func (s *Store) enter(ctx context.Context) (trying bool, err error) {
	if trying, err = s.breaker.enter(ctx, s.closing); err != nil {
		return false, err
	}
	select {
	case s.slots <- struct{}{}:
		// Looked at only now: Close takes all slots before it closes the client.
		if !s.isClosing() {
			return trying, nil
		}
		<-s.slots
		err = errClosed
	case <-ctx.Done():
		err = ctx.Err()
	}
	s.breaker.leave(trying, unknown)
	return false, err
}

func (s *Store) isClosing() bool {
	select {
	case <-s.closing:
		return true
	default:
		return false
	}
}

// deadlineError tells the caller's own end from a time-out of ours, where err is the end of
// a context. Every other err stays what it is, and why no server was reached is
// kept.
func (s *Store) deadlineError(ctx context.Context, err error) error {
	if !endOfContext(err) {
		return err
	}
	var unreached *eventstore.Unreached
	if errors.As(err, &unreached) {
		return &eventstore.Unreached{Cause: unreached.Cause, Detail: unreached.Detail, Err: s.deadlineError(ctx, unreached.Err)}
	}
	if cause := ctx.Err(); cause != nil {
		return cause
	}
	if err == context.DeadlineExceeded { //nolint:errorlint // exactly that of our own context
		return fmt.Errorf("%w: no answer within %v", eventstore.ErrUnavailable, s.options.Timeout)
	}
	return err
}

func endOfContext(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// isExpired tells whether a context has ended, or does in this very moment: the
// server knows the deadline too, and its word may come first.
func isExpired(ctx context.Context) bool {
	const moment = 20 * time.Millisecond
	if deadline, has := ctx.Deadline(); has && time.Until(deadline) < moment {
		<-ctx.Done()
	}
	return ctx.Err() != nil
}

// withRetry asks again when that certainly had no effect. It does so twice at
// most: a node that is not the leader may break off first, and say why the next
// time only.
func withRetry[T any](ctx context.Context, client *esdb.Client, request request[T]) (T, error) {
	value, err := recoverPanics(ctx, client, request)
	for more := 2; more > 0 && isRetryable(err); more-- {
		value, err = recoverPanics(ctx, client, request)
	}
	return value, err
}

// recoverPanics turns a panic of the client into an error.
func recoverPanics[T any](ctx context.Context, client *esdb.Client, request request[T]) (value T, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: the client panicked: %v", eventstore.ErrUnavailable, r)
		}
	}()
	return request(ctx, client)
}

// classify reads from an answer whether the server is there.
func classify(ctx context.Context, err error) callOutcome {
	if err == nil {
		return answered
	}
	if ctx.Err() != nil {
		return unknown
	}
	if status.Code(err) == codes.Unavailable {
		return unavailable
	}
	return answered
}
