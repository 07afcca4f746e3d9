package esdb

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"

	"nonassociations/eventstore"
)

// correlation returns the two halves of the correlation id of an answer, which the
// protocol has in two forms. It reports false when there is none.
func correlation(response *streams.BatchAppendResp) (family, id int64, is bool) {
	switch value := response.GetCorrelationId().GetValue().(type) {
	case *shared.UUID_Structured_:
		return value.Structured.GetMostSignificantBits(), value.Structured.GetLeastSignificantBits(), value.Structured != nil
	case *shared.UUID_String_:
		parsed, err := uuid.Parse(value.String_)
		if err != nil {
			return 0, 0, false
		}
		family, id = esdb.UUIDAsInt64(parsed)
		return family, id, true
	}
	return 0, 0, false
}

// batchAnswer reads the answer to one append. Errors: ErrConflict and ErrStreamDeleted,
// and for everything else the gRPC status with which the server answers a single
// append. What is not understood is Unknown: the outcome is open then.
func batchAnswer(response *streams.BatchAppendResp) (eventstore.Appended, error) {
	if failed := response.GetError(); failed != nil {
		return eventstore.Appended{}, batchFailure(status.FromProto(failed))
	}
	success := response.GetSuccess()
	revision, is := success.GetCurrentRevisionOption().(*streams.BatchAppendResp_Success_CurrentRevision)
	if !is {
		return eventstore.Appended{}, status.Error(codes.Unknown, "an answer without a result or a revision")
	}
	appended := eventstore.Appended{Revision: revision.CurrentRevision}
	if at := success.GetPosition(); at != nil {
		appended.Position = position(at.GetCommitPosition(), at.GetPreparePosition())
	}
	return appended, nil
}

// batchFailure returns the error for an answer that is no success. Its detail tells
// what happened, and the code does not.
func batchFailure(said *status.Status) error {
	var detail any
	if all := said.Details(); len(all) > 0 {
		detail = all[0]
	}
	switch detail := detail.(type) {
	case *shared.WrongExpectedVersion:
		return fmt.Errorf("%w: the stream is at %s", eventstore.ErrConflict, currentRevision(detail))
	case *shared.StreamDeleted:
		return eventstore.ErrStreamDeleted
	case *shared.AccessDenied:
		return status.Error(codes.PermissionDenied, said.Message())
	case *shared.MaximumAppendSizeExceeded:
		return status.Errorf(codes.InvalidArgument, "Maximum Append Size of %d Exceeded.", detail.GetMaxAppendSize())
	case *shared.BadRequest:
		return status.Error(codes.InvalidArgument, detail.GetMessage())
	case *shared.Timeout:
		return status.Error(codes.Aborted, "timed out: "+said.Message())
	case *emptypb.Empty:
		if strings.Contains(said.Message(), "Server Is") { // Not Ready, or Busy
			return status.Error(codes.Unavailable, said.Message())
		}
	}
	return status.Error(codes.Unknown, said.Message())
}

// currentRevision returns where a stream is, as text.
func currentRevision(wrong *shared.WrongExpectedVersion) string {
	if at, is := wrong.GetCurrentStreamRevisionOption().(*shared.WrongExpectedVersion_CurrentStreamRevision); is {
		return strconv.FormatUint(at.CurrentStreamRevision, 10)
	}
	return "no_stream"
}
