package esdb

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nonassociations/eventstore"
)

// errBrokenOff says that the server ended a request while it was being sent;
// its reason is lost on the way (D).
var errBrokenOff = errors.New("the server broke off while the request was being sent")

// The rights that a call needs, in the words of who must grant them.
const (
	rightToAppend  = "the right to write to this stream ($w)"
	rightToRead    = "the right to read this stream ($r)"
	rightToReadAll = `the right to read $all (an admin sets $all's metadata {"$acl":{"$r":["$admins","<user>"]}})`
)

// failure is an error of the client in the words of the port. Whatever is not
// known for certain is ErrUnavailable: the outcome is open, and asking again
// with the same ids is safe.
//
// The code is looked for with errors.As, never with the client's FromError: that
// sees no wrapped error, and the client wraps its own.
func (s *Store) failure(err error, right string) error {
	if err == nil || asKnown(err) {
		return err
	}
	var typed *esdb.Error
	if errors.As(err, &typed) {
		if errors.Is(typed.Err(), io.EOF) {
			return temporary{fmt.Errorf("%w: %w", eventstore.ErrUnavailable, errBrokenOff)}
		}
		switch typed.Code() {
		case esdb.ErrorCodeWrongExpectedVersion:
			return fmt.Errorf("%w: %v", eventstore.ErrConflict, typed.Err())
		case esdb.ErrorCodeStreamDeleted:
			return eventstore.ErrStreamDeleted
		case esdb.ErrorCodeResourceNotFound:
			// Said in so many words by the server. A gRPC NotFound is
			// something else: a proxy, or a node without a leader.
			if status.Code(err) != codes.NotFound {
				return eventstore.ErrStreamNotFound
			}
		}
	}
	switch status.Code(err) {
	case codes.PermissionDenied:
		return s.denied(right)
	case codes.Unauthenticated:
		return fmt.Errorf("%w: user or password is wrong", eventstore.ErrDenied)
	case codes.InvalidArgument:
		if strings.Contains(err.Error(), "Maximum Append") {
			return fmt.Errorf("%w: %s", eventstore.ErrTooLarge, status.Convert(err).Message())
		}
		return fmt.Errorf("%w: %v", eventstore.ErrUnavailable, err)
	case codes.Unimplemented, codes.OutOfRange:
		return fmt.Errorf("%w: %v", eventstore.ErrUnavailable, err)
	}
	return leading(err, temporary{fmt.Errorf("%w: %v", eventstore.ErrUnavailable, err)})
}

// leading adds to a failure that it is for want of a leader, where a node says so.
func leading(err, failure error) error {
	var typed *esdb.Error
	if leaderless(err) || errors.As(err, &typed) && typed.Code() == esdb.ErrorCodeNotLeader {
		return &eventstore.Unreached{Cause: eventstore.CauseNoLeader, Err: failure}
	}
	return failure
}

// temporary is an ErrUnavailable that the same request, asked again, may not meet:
// a server that is busy, electing, away, or held up by a race.
type temporary struct{ error }

func (p temporary) Unwrap() error { return p.error }

func (s *Store) denied(right string) error {
	if s.username == "" {
		return fmt.Errorf("%w: %s; no user was sent", eventstore.ErrDenied, right)
	}
	return fmt.Errorf("%w: %s", eventstore.ErrDenied, right)
}

// asKnown tells whether the error is the port's already.
func asKnown(err error) bool {
	return errors.Is(err, eventstore.ErrUnavailable)
}

// isRetryable tells whether a request certainly had no effect and is worth a second
// try at once: the node knows a leader, to which the client is connecting, or
// it broke off while the request was still being sent (D: the reason is lost).
func isRetryable(err error) bool {
	var typed *esdb.Error
	if !errors.As(err, &typed) {
		return false
	}
	return typed.Code() == esdb.ErrorCodeNotLeader || errors.Is(typed.Err(), io.EOF)
}
