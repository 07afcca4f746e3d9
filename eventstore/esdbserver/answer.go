package esdbserver

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"nonassociations/eventstore"
)

// maxAppend is the default limit of a real server, over all events of an append. The
// service's own limit is lower, so only tests of the client meet it.
const maxAppend = 1 << 20

// errTooLarge is a real server's answer to an append over its limit.
var errTooLarge = status.Errorf(codes.InvalidArgument, "Maximum Append Size of %d Exceeded.", maxAppend)

// NotLeader is the error of a node that is not the leader. It names the leader, to
// which the client reconnects. Options.Before may return it.
type NotLeader struct {
	Host string
	Port int
}

// Error returns the address of the leader.
func (e NotLeader) Error() string { return fmt.Sprintf("the leader is %s:%d", e.Host, e.Port) }

// answer maps an error to the gRPC status and trailers of a real server, which carry
// its typed errors. nil stays nil, and a gRPC status of the hook is passed on. stream
// names the stream in errors about one.
func answer(ctx context.Context, stream string, err error) error {
	var notLeader NotLeader
	switch {
	case err == nil:
		return nil
	case errors.As(err, &notLeader):
		setTrailers(ctx, "exception", "not-leader",
			"leader-endpoint-host", notLeader.Host, "leader-endpoint-port", strconv.Itoa(notLeader.Port))
		return status.Error(codes.NotFound, "Leader info available")
	case errors.Is(err, eventstore.ErrStreamDeleted):
		setTrailers(ctx, "exception", "stream-deleted", "stream-name", stream)
		return status.Errorf(codes.FailedPrecondition, "Event stream '%s' is deleted.", stream)
	case errors.Is(err, eventstore.ErrTooLarge):
		return errTooLarge
	case errors.Is(err, eventstore.ErrDenied):
		setTrailers(ctx, "exception", "access-denied")
		return status.Error(codes.PermissionDenied, "Access Denied")
	case errors.Is(err, eventstore.ErrUnavailable):
		return status.Error(codes.Unavailable, "Server Is Not Ready")
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return status.FromContextError(err).Err()
	}
	if _, isStatus := status.FromError(err); isStatus {
		return err
	}
	return status.Error(codes.Unknown, "Unexpected "+err.Error())
}

// setTrailers sets trailers from pairs of name and value. It fails only outside of a
// call, so the error is ignored.
func setTrailers(ctx context.Context, pairs ...string) {
	_ = grpc.SetTrailer(ctx, metadata.Pairs(pairs...))
}
