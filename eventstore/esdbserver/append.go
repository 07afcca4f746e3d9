package esdbserver

import (
	"context"
	"errors"
	"io"
	"math"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nonassociations/eventstore"
)

// Append implements the protocol's append: the client streams the options and then the
// events. They are written when the client closes its side. An append is atomic: a
// client that breaks off before that has written nothing.
func (s *Server) Append(stream streams.Streams_AppendServer) error {
	ctx := stream.Context()
	if err := s.before(ctx, "Append"); err != nil {
		return answer(ctx, "", err)
	}
	wanted, err := s.receiveAppend(stream)
	if err != nil {
		return answer(ctx, wanted.Stream, err)
	}
	response, err := s.append(ctx, wanted)
	if err != nil {
		return answer(ctx, wanted.Stream, err)
	}
	return stream.SendAndClose(response)
}

// append writes a received append to the store and makes the answer. With HoldSame, an
// append that repeats one in flight is answered Aborted and not written. The hook
// Written runs after the commit, so that its error is a lost answer.
func (s *Server) append(ctx context.Context, wanted eventstore.Append) (*streams.AppendResp, error) {
	if len(wanted.Events) == 0 { // a real server reports success and writes nothing
		return success(eventstore.Appended{}), nil
	}
	if s.options.HoldSame > 0 {
		first, leave := s.inFlight.enter(wanted)
		defer leave()
		if !first {
			return nil, waitForLock(ctx, s.options.HoldSame)
		}
	}
	appended, err := s.storeOf(wanted.Stream).Append(ctx, wanted)
	if errors.Is(err, eventstore.ErrConflict) {
		return s.wrongVersion(ctx, wanted)
	}
	if err != nil {
		return nil, err
	}
	if s.options.Written != nil {
		if err := s.options.Written(ctx); err != nil {
			return nil, err
		}
	}
	return success(appended), nil
}

// receiveAppend reads the options and all events, and checks the right to append before
// it reads the events.
func (s *Server) receiveAppend(stream streams.Streams_AppendServer) (eventstore.Append, error) {
	first, err := stream.Recv()
	if err != nil {
		return eventstore.Append{}, err
	}
	wanted, err := appendOptions(first.GetOptions())
	if err != nil {
		return eventstore.Append{}, err
	}
	if err := s.allow(stream.Context(), writes, wanted.Stream); err != nil {
		return eventstore.Append{}, err
	}
	for size := 0; ; {
		message, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return wanted, nil
		}
		if err != nil {
			return eventstore.Append{}, err
		}
		event, err := proposed(message.GetProposedMessage())
		if err != nil {
			return eventstore.Append{}, err
		}
		// Refused at once and not at the end, as a real server does: the client,
		// which is still sending, loses the reason.
		if size += len(event.Data) + len(event.Metadata) + len(event.Type); size > maxAppend {
			return eventstore.Append{}, errTooLarge
		}
		wanted.Events = append(wanted.Events, event)
	}
}

// appendOptions converts the options of an append. "Any" and "stream exists" are
// refused: the service never sends them.
func appendOptions(options *streams.AppendReq_Options) (eventstore.Append, error) {
	wanted := eventstore.Append{Stream: string(options.GetStreamIdentifier().GetStreamName())}
	switch expected := options.GetExpectedStreamRevision().(type) {
	case *streams.AppendReq_Options_Revision:
		// No stream gets near 2⁶³; such a number is a conflict.
		wanted.Expected = eventstore.Exactly(min(expected.Revision, math.MaxInt64))
	case *streams.AppendReq_Options_NoStream:
		wanted.Expected = eventstore.NoStream
	default:
		return wanted, errExpected
	}
	return wanted, checkName(wanted.Stream)
}

// errExpected is the answer to an expectation that the service never has.
var errExpected = status.Error(codes.InvalidArgument, "only an exact expected revision or none is served here")

// checkName refuses an append without the name of a stream.
func checkName(stream string) error {
	if stream == "" {
		return status.Error(codes.InvalidArgument, "stream name is missing")
	}
	return nil
}

// proposal has the getters that the generated events of both kinds of append share.
type proposal interface {
	GetId() *shared.UUID
	GetMetadata() map[string]string
	GetCustomMetadata() []byte
	GetData() []byte
}

// proposed converts an event of an append. Its type is in the metadata map.
func proposed(message proposal) (eventstore.Event, error) {
	id, err := eventID(message.GetId())
	if err != nil {
		return eventstore.Event{}, status.Error(codes.InvalidArgument, "an event with an id is expected")
	}
	return eventstore.Event{
		ID:       id,
		Type:     message.GetMetadata()["type"],
		Data:     message.GetData(),
		Metadata: message.GetCustomMetadata(),
	}, nil
}

// eventID converts an id, which the protocol has in two forms.
func eventID(id *shared.UUID) (uuid.UUID, error) {
	if structured := id.GetStructured(); structured != nil {
		return esdb.ParseUUIDFromInt64(structured.GetMostSignificantBits(), structured.GetLeastSignificantBits())
	}
	return uuid.Parse(id.GetString_())
}

// success is the answer to an append that was written or recognised as a repeat.
// Without a position of the store it has the protocol's value for none.
func success(appended eventstore.Appended) *streams.AppendResp {
	written := &streams.AppendResp_Success{
		CurrentRevisionOption: &streams.AppendResp_Success_CurrentRevision{CurrentRevision: appended.Revision},
		PositionOption:        &streams.AppendResp_Success_NoPosition{NoPosition: &shared.Empty{}},
	}
	if appended.Position != eventstore.Start {
		written.PositionOption = &streams.AppendResp_Success_Position{Position: &streams.AppendResp_Position{
			CommitPosition:  appended.Position.Commit,
			PreparePosition: appended.Position.Prepare,
		}}
	}
	return &streams.AppendResp{Result: &streams.AppendResp_Success_{Success: written}}
}

// wrongVersion makes the answer to a conflict. In the protocol it is a normal response
// with the current revision, and no error. The revision is read after the conflict and
// may be a later one, as on a real server.
func (s *Server) wrongVersion(ctx context.Context, wanted eventstore.Append) (*streams.AppendResp, error) {
	wrong := &streams.AppendResp_WrongExpectedVersion{}
	if wanted.Expected == eventstore.NoStream {
		wrong.ExpectedRevisionOption = &streams.AppendResp_WrongExpectedVersion_ExpectedNoStream{ExpectedNoStream: &shared.Empty{}}
	} else {
		wrong.ExpectedRevisionOption = &streams.AppendResp_WrongExpectedVersion_ExpectedRevision{ExpectedRevision: uint64(wanted.Expected)} //nolint:gosec // not NoStream, so not negative
	}
	last, err := s.storeOf(wanted.Stream).ReadStream(ctx, wanted.Stream, eventstore.Backwards, eventstore.FromEnd, 1)
	if err != nil && !errors.Is(err, eventstore.ErrStreamNotFound) {
		return nil, err
	}
	if len(last) == 0 {
		wrong.CurrentRevisionOption = &streams.AppendResp_WrongExpectedVersion_CurrentNoStream{CurrentNoStream: &shared.Empty{}}
	} else {
		wrong.CurrentRevisionOption = &streams.AppendResp_WrongExpectedVersion_CurrentRevision{CurrentRevision: last[0].Revision}
	}
	return &streams.AppendResp{Result: &streams.AppendResp_WrongExpectedVersion_{WrongExpectedVersion: wrong}}, nil
}
