package esdbserver

import (
	"context"
	"errors"
	"math"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nonassociations/eventstore"
)

// page is how many events are read from the store at once: enough to keep the
// connection busy, few enough to hold in memory per reader.
const page = 500

// Read serves reads and subscriptions, which are one method of the protocol. The count
// option distinguishes them.
func (s *Server) Read(request *streams.ReadReq, out streams.Streams_ReadServer) error {
	options, ctx := request.GetOptions(), out.Context()
	name := string(options.GetStream().GetStreamIdentifier().GetStreamName())
	_, subscription := options.GetCountOption().(*streams.ReadReq_Options_Subscription)
	var err error
	switch {
	case subscription:
		err = s.subscribe(ctx, options, out)
	case options.GetStream() != nil:
		err = s.readStream(ctx, options, name, out)
	case options.GetAll() != nil:
		err = s.readAll(ctx, options, out)
	default:
		err = status.Error(codes.InvalidArgument, "a stream or $all is expected")
	}
	return answer(ctx, name, err)
}

// direction converts the direction of a read.
func direction(options *streams.ReadReq_Options) eventstore.Direction {
	if options.GetReadDirection() == streams.ReadReq_Options_Backwards {
		return eventstore.Backwards
	}
	return eventstore.Forwards
}

// readStream sends a stream in pages. A missing stream is a message and no error. Pages
// are separate reads: events that are appended meanwhile may be included.
func (s *Server) readStream(ctx context.Context, options *streams.ReadReq_Options, name string, out streams.Streams_ReadServer) error {
	if err := s.before(ctx, "Read"); err != nil {
		return err
	}
	if err := s.allow(ctx, reads, name); err != nil {
		return err
	}
	way, from, left := direction(options), firstRevision(options.GetStream()), options.GetCount()
	for left > 0 {
		size := int(min(left, page))
		events, err := s.storeOf(name).ReadStream(ctx, name, way, from, size)
		// Only the first page can find no stream: there is no page after a short one.
		if errors.Is(err, eventstore.ErrStreamNotFound) {
			return out.Send(notFound(name))
		}
		if err != nil {
			return err
		}
		if err := send(out, events); err != nil {
			return err
		}
		if len(events) < size {
			return nil
		}
		last := events[len(events)-1].Revision
		if way == eventstore.Backwards && last == 0 {
			return nil
		}
		if from = last + 1; way == eventstore.Backwards {
			from = last - 1
		}
		left -= uint64(size)
	}
	return nil
}

// firstRevision returns the revision at which a read begins. The end is FromEnd in
// both directions: a forwards read from there finds nothing.
func firstRevision(options *streams.ReadReq_Options_StreamOptions) uint64 {
	switch from := options.GetRevisionOption().(type) {
	case *streams.ReadReq_Options_StreamOptions_Revision:
		return from.Revision
	case *streams.ReadReq_Options_StreamOptions_End:
		return eventstore.FromEnd
	}
	return 0
}

// readAll sends the whole log in pages. Positions go to the store unchanged, so
// inclusive and exclusive ends are the store's.
func (s *Server) readAll(ctx context.Context, options *streams.ReadReq_Options, out streams.Streams_ReadServer) error {
	if err := s.before(ctx, "Read"); err != nil {
		return err
	}
	if err := s.allow(ctx, reads, allStream); err != nil {
		return err
	}
	way, from, left := direction(options), firstPosition(options.GetAll()), options.GetCount()
	var seen []eventstore.RecordedEvent // the last event of the page before
	for left > 0 {
		// Forwards a position includes its own event: the next page repeats it.
		repeated := 0
		if way == eventstore.Forwards {
			repeated = len(seen)
		}
		size := int(min(left, page)) + repeated
		events, err := s.store.ReadAll(ctx, way, from, size)
		if err != nil {
			return err
		}
		last := len(events) < size
		events = events[min(repeated, len(events)):]
		if err := send(out, events); err != nil {
			return err
		}
		if last {
			return nil
		}
		seen = events[len(events)-1:]
		from = seen[0].Position
		left -= uint64(len(events))
	}
	return nil
}

// firstPosition returns the position at which a read or a subscription begins.
func firstPosition(options *streams.ReadReq_Options_AllOptions) eventstore.Position {
	switch from := options.GetAllOption().(type) {
	case *streams.ReadReq_Options_AllOptions_Position:
		return eventstore.Position{Commit: from.Position.GetCommitPosition(), Prepare: from.Position.GetPreparePosition()}
	case *streams.ReadReq_Options_AllOptions_End:
		return eventstore.End
	}
	return eventstore.Start
}

// send sends events one by one. It blocks while the client does not read. gRPC's flow
// control is the backpressure.
func send(out streams.Streams_ReadServer, events []eventstore.RecordedEvent) error {
	for _, event := range events {
		if err := out.Send(toProto(event)); err != nil {
			return err
		}
	}
	return nil
}

// notFound is the message about a missing stream.
func notFound(name string) *streams.ReadResp {
	return &streams.ReadResp{Content: &streams.ReadResp_StreamNotFound_{StreamNotFound: &streams.ReadResp_StreamNotFound{
		StreamIdentifier: &shared.StreamIdentifier{StreamName: []byte(name)},
	}}}
}

// none is the value of the protocol for a missing position.
const none = math.MaxUint64
