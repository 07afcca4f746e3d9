package esdbserver

import (
	"context"
	"errors"
	"math"
	"strings"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/emptypb"

	"nonassociations/eventstore"
)

// batchOptions converts the options of an append. "Any" and "stream exists" are refused:
// the service never sends them.
func batchOptions(options *streams.BatchAppendReq_Options) (eventstore.Append, error) {
	wanted := eventstore.Append{Stream: string(options.GetStreamIdentifier().GetStreamName())}
	switch expected := options.GetExpectedStreamPosition().(type) {
	case *streams.BatchAppendReq_Options_StreamPosition:
		wanted.Expected = eventstore.Exactly(min(expected.StreamPosition, math.MaxInt64))
	case *streams.BatchAppendReq_Options_NoStream:
		wanted.Expected = eventstore.NoStream
	default:
		return wanted, errExpected
	}
	return wanted, checkName(wanted.Stream)
}

// dueOf returns the deadline of an append, which is cut to the server's own limit.
func dueOf(options *streams.BatchAppendReq_Options) time.Time {
	now := time.Now()
	due := now.Add(writeTime)
	var wanted time.Time
	switch option := options.GetDeadlineOption().(type) {
	case *streams.BatchAppendReq_Options_Deadline:
		wanted = now.Add(option.Deadline.AsDuration())
	case *streams.BatchAppendReq_Options_Deadline_21_10_0:
		wanted = option.Deadline_21_10_0.AsTime()
	default:
		return due
	}
	if wanted.Before(due) {
		return wanted
	}
	return due
}

// endsCall reports whether an error is the answer to the whole call and not to one
// append of it.
func endsCall(err error) bool {
	return errors.As(err, new(NotLeader)) || status.Code(err) == codes.Unauthenticated || status.Code(err) == codes.Unimplemented
}

// batchResponse makes an answer without a result. It repeats what the append asked for.
func batchResponse(one *batchAppend) *streams.BatchAppendResp {
	response := &streams.BatchAppendResp{
		CorrelationId:    one.request.GetCorrelationId(),
		StreamIdentifier: one.request.GetOptions().GetStreamIdentifier(),
	}
	if one.Expected == eventstore.NoStream {
		response.ExpectedStreamPosition = &streams.BatchAppendResp_NoStream{NoStream: &emptypb.Empty{}}
	} else {
		response.ExpectedStreamPosition = &streams.BatchAppendResp_StreamPosition{StreamPosition: uint64(one.Expected)} //nolint:gosec // not NoStream, so not negative
	}
	return response
}

// batchSuccess is the result of an append that was written or recognised as a repeat.
func batchSuccess(appended eventstore.Appended) *streams.BatchAppendResp_Success_ {
	written := &streams.BatchAppendResp_Success{
		CurrentRevisionOption: &streams.BatchAppendResp_Success_CurrentRevision{CurrentRevision: appended.Revision},
		PositionOption:        &streams.BatchAppendResp_Success_NoPosition{NoPosition: &emptypb.Empty{}},
	}
	if appended.Position != eventstore.Start {
		written.PositionOption = &streams.BatchAppendResp_Success_Position{Position: &shared.AllStreamPosition{
			CommitPosition: appended.Position.Commit, PreparePosition: appended.Position.Prepare,
		}}
	}
	return &streams.BatchAppendResp_Success_{Success: written}
}

// conflict makes the detail of a conflict; nil when err is none. The revision is read
// after the conflict and may be a later one, as on a real server.
func (c *batchCall) conflict(one *batchAppend, err error) *shared.WrongExpectedVersion {
	if !errors.Is(err, eventstore.ErrConflict) {
		return nil
	}
	wrong := &shared.WrongExpectedVersion{
		CurrentStreamRevisionOption:  &shared.WrongExpectedVersion_CurrentNoStream{CurrentNoStream: &emptypb.Empty{}},
		ExpectedStreamPositionOption: &shared.WrongExpectedVersion_ExpectedNoStream{ExpectedNoStream: &emptypb.Empty{}},
	}
	if one.Expected != eventstore.NoStream {
		wrong.ExpectedStreamPositionOption = &shared.WrongExpectedVersion_ExpectedStreamPosition{ExpectedStreamPosition: uint64(one.Expected)} //nolint:gosec // not NoStream, so not negative
	}
	last, _ := c.server.storeOf(one.Stream).ReadStream(c.ctx, one.Stream, eventstore.Backwards, eventstore.FromEnd, 1)
	if len(last) > 0 {
		wrong.CurrentStreamRevisionOption = &shared.WrongExpectedVersion_CurrentStreamRevision{CurrentStreamRevision: last[0].Revision}
	}
	return wrong
}

// batchError is the result of an append that failed. Its detail tells what happened; a
// server that cannot serve says so in the text alone, with the code of a success.
func batchError(err error, conflict *shared.WrongExpectedVersion) *streams.BatchAppendResp_Error {
	switch said := status.Convert(err); {
	case conflict != nil:
		return detailed(codes.AlreadyExists, "WrongExpectedVersion", conflict)
	case errors.Is(err, eventstore.ErrStreamDeleted):
		return detailed(codes.NotFound, "StreamDeleted", &shared.StreamDeleted{})
	case errors.Is(err, eventstore.ErrTooLarge):
		return detailed(codes.InvalidArgument, "MaximumAppendSizeExceeded", &shared.MaximumAppendSizeExceeded{MaxAppendSize: maxAppend})
	case errors.Is(err, eventstore.ErrDenied), said.Code() == codes.PermissionDenied:
		return detailed(codes.PermissionDenied, "AccessDenied", &shared.AccessDenied{})
	case errors.Is(err, eventstore.ErrUnavailable):
		return detailed(codes.OK, "Server Is Not Ready", &emptypb.Empty{})
	case said.Code() == codes.Unavailable, strings.Contains(said.Message(), "No leader info available"):
		return detailed(codes.OK, said.Message(), &emptypb.Empty{})
	case said.Code() == codes.Aborted, said.Code() == codes.DeadlineExceeded, errors.Is(err, context.DeadlineExceeded):
		return detailed(codes.DeadlineExceeded, said.Message(), &shared.Timeout{})
	case said.Code() == codes.InvalidArgument:
		return detailed(codes.InvalidArgument, "BadRequest", &shared.BadRequest{Message: said.Message()})
	default:
		return detailed(codes.Unknown, "Unexpected "+said.Message(), &shared.Unknown{})
	}
}

// detailed makes a result with one detail.
func detailed(code codes.Code, text string, detail protoadapt.MessageV1) *streams.BatchAppendResp_Error {
	failed, _ := status.New(codes.Unknown, text).WithDetails(detail) // such messages are always encoded
	said := failed.Proto()
	said.Code = int32(code) //nolint:gosec // there are 17 codes
	return &streams.BatchAppendResp_Error{Error: said}
}
