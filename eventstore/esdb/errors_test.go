package esdb

import (
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nonassociations/eventstore"
)

// What a server says without knowing more leaves the outcome open.
func TestError_hasAWordOfThePort(t *testing.T) {
	for _, row := range []struct {
		code codes.Code
		text string
		want error
	}{
		{codes.InvalidArgument, "Maximum Append Size of 1048576 Exceeded.", eventstore.ErrTooLarge},
		{codes.InvalidArgument, "anything else", eventstore.ErrUnavailable},
		{codes.PermissionDenied, "Access Denied", eventstore.ErrDenied},
		{codes.Unauthenticated, "", eventstore.ErrDenied},
		{codes.Aborted, "Operation timed out: Request canceled by server", eventstore.ErrUnavailable},
		{codes.Unavailable, "Server Is Not Ready", eventstore.ErrUnavailable},
		{codes.DeadlineExceeded, "", eventstore.ErrUnavailable},
		{codes.Canceled, "", eventstore.ErrUnavailable},
		{codes.Unknown, "No leader info available in response", eventstore.ErrUnavailable},
		{codes.NotFound, "Leader info available", eventstore.ErrUnavailable},
		{codes.Unimplemented, "", eventstore.ErrUnavailable},
		{codes.Internal, "", eventstore.ErrUnavailable},
	} {
		t.Run(row.code.String()+" "+row.text, func(t *testing.T) {
			store := &Store{username: "service"}
			// The client wraps some of its errors once more.
			err := fmt.Errorf("could not send append request. Reason: %w", errorOf(t, status.Error(row.code, row.text)))
			require.ErrorIs(t, store.failure(err, rightToAppend), row.want)
		})
	}
	require.ErrorIs(t, (&Store{}).failure(errorOf(t, io.EOF), rightToAppend), eventstore.ErrUnavailable)
	require.NoError(t, (&Store{}).failure(nil, rightToAppend))
}
