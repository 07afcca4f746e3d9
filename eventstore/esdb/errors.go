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

// errBrokenOff means that the server aborted a request while it was being sent. The
// client loses the reason (D).
var errBrokenOff = errors.New("the server broke off while the request was being sent")

// The rights that a call needs, as an administrator grants them.
const (
	rightToAppend  = "the right to write to this stream ($w)"
	rightToRead    = "the right to read this stream ($r)"
	rightToReadAll = `the right to read $all (an admin sets $all's metadata {"$acl":{"$r":["$admins","<user>"]}})`
)

// failure maps an error of the client to one of the port. An error that is not known
// becomes ErrUnavailable: the outcome is unknown then, and a repeat with the same ids
// is safe. right is the right that the call needed.
//
// The code is found with errors.As and not with the client's FromError, which does not
// see wrapped errors, although the client wraps its own.
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
			// The server named the stream. A gRPC NotFound is something else: a
			// proxy, or a node without a leader.
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
	return withLeaderCause(err, temporary{fmt.Errorf("%w: %v", eventstore.ErrUnavailable, err)})
}

// withLeaderCause adds the cause "no leader" to a failure when a node has reported that.
func withLeaderCause(err, failure error) error {
	var typed *esdb.Error
	if leaderless(err) || errors.As(err, &typed) && typed.Code() == esdb.ErrorCodeNotLeader {
		return &eventstore.Unreached{Cause: eventstore.CauseNoLeader, Err: failure}
	}
	return failure
}

// temporary marks an ErrUnavailable after which the same request may succeed: the
// server is busy, is electing a leader, is down, or delays a concurrent repeat.
type temporary struct{ error }

// Unwrap returns the marked error.
func (p temporary) Unwrap() error { return p.error }

// denied names the missing right, and adds when the client has sent no user.
func (s *Store) denied(right string) error {
	if s.username == "" {
		return fmt.Errorf("%w: %s; no user was sent", eventstore.ErrDenied, right)
	}
	return fmt.Errorf("%w: %s", eventstore.ErrDenied, right)
}

// asKnown reports whether an error is one of the port already.
func asKnown(err error) bool {
	return errors.Is(err, eventstore.ErrUnavailable) || errors.Is(err, eventstore.ErrConflict) || errors.Is(err, eventstore.ErrStreamDeleted)
}

// isRetryable reports whether a request certainly had no effect and may be repeated at
// once: the node named a leader, to which the client connects now, or it aborted the
// request while it was being sent (D).
func isRetryable(err error) bool {
	var typed *esdb.Error
	if !errors.As(err, &typed) {
		return false
	}
	return typed.Code() == esdb.ErrorCodeNotLeader || errors.Is(typed.Err(), io.EOF)
}
