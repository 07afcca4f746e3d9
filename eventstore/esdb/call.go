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

// errClosed is the error of every call after Close.
var errClosed = fmt.Errorf("%w: closed", eventstore.ErrUnavailable)

// operation is one use of the client. Its errors are the client's.
type operation[T any] func(context.Context, *esdb.Client) (T, error)

// result is what a request has returned.
type result[T any] struct {
	value T
	err   error
}

// call runs one request of the client and returns at the latest when the context
// ends. The client ignores contexts while it searches for a server (B, C), and it
// panics on messages that it does not know (J). When the context ends first, the
// request goes on in its goroutine and keeps its slot, which limits how many can
// accumulate. The error is the port's; right is named when the call is denied.
func call[T any](ctx context.Context, s *Store, right string, request operation[T]) (T, error) {
	var none T
	bounded, cancel := s.bounded(ctx)
	defer cancel()
	trying, err := s.enter(bounded)
	if err != nil {
		return none, s.diagnosis.explain(s.deadlineError(ctx, err))
	}
	s.callers.Add(1)
	defer s.callers.Add(-1)

	// The channel has room for the result, so the goroutine ends even when the caller has
	// left.
	done := make(chan result[T], 1)
	go func() {
		defer func() { <-s.slots }()
		value, err := withRetry(s.requestContext(bounded), s.client, request)
		seen := classify(bounded, err)
		s.breaker.leave(trying, seen)
		if seen == answered {
			s.diagnosis.forget()
		}
		done <- result[T]{value, s.failure(err, right)}
	}()
	r := await(bounded, s, done)
	if r.err != nil {
		return none, s.explained(ctx, bounded, r.err)
	}
	return r.value, nil
}

// explained returns the error of a call: that of the caller's context when it has ended,
// and with the cause when no server was reached.
func (s *Store) explained(ctx, bounded context.Context, err error) error {
	if endOfContext(err) || errors.Is(err, eventstore.ErrUnavailable) && isExpired(bounded) {
		err = s.deadlineError(ctx, bounded.Err())
	}
	return s.diagnosis.explain(err)
}

// await waits for the result of a call until the context ends. If that takes long, a
// probe looks for the reason.
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

// bounded adds the default time limit to a context without a deadline.
func (s *Store) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, has := ctx.Deadline(); has {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, s.options.Timeout)
}

// enter passes the circuit breaker and takes a slot.
func (s *Store) enter(ctx context.Context) (trying bool, err error) {
	if trying, err = s.breaker.enter(ctx, s.closing); err != nil {
		return false, err
	}
	select {
	case s.slots <- struct{}{}:
		// Checked only with the slot: Close takes all slots before it closes the client.
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

// isClosing reports whether Close was called.
func (s *Store) isClosing() bool {
	select {
	case <-s.closing:
		return true
	default:
		return false
	}
}

// deadlineError replaces the error of an ended context. If the caller's context has
// ended, it returns that error; if only the limit of bounded has, ErrUnavailable. The
// cause of an Unreached is kept, and every other error is returned as it is.
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

// endOfContext reports whether an error comes from an ended context.
func endOfContext(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// isExpired reports whether a context has ended, or ends within 20 ms: the server
// knows the deadline too, and its error may arrive first.
func isExpired(ctx context.Context) bool {
	const moment = 20 * time.Millisecond
	if deadline, has := ctx.Deadline(); has && time.Until(deadline) < moment {
		<-ctx.Done()
	}
	return ctx.Err() != nil
}

// withRetry repeats a request that certainly had no effect, at most twice and without
// a pause: a node that is not the leader may abort the first request and name the
// leader only in answer to the second.
func withRetry[T any](ctx context.Context, client *esdb.Client, request operation[T]) (T, error) {
	value, err := recoverPanics(ctx, client, request)
	for more := 2; more > 0 && isRetryable(err); more-- {
		value, err = recoverPanics(ctx, client, request)
	}
	return value, err
}

// recoverPanics turns a panic of the client into an error.
func recoverPanics[T any](ctx context.Context, client *esdb.Client, request operation[T]) (value T, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: the client panicked: %v", eventstore.ErrUnavailable, r)
		}
	}()
	return request(ctx, client)
}

// classify derives from the result of a call whether the server is up.
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
