package esdbserver

import (
	"context"
	"errors"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nonassociations/eventstore"
)

// tombstoner is implemented by stores whose streams can be deleted. The port excludes
// it on purpose; only the store for tests has it.
type tombstoner interface {
	Delete(stream string)
	Tombstone(stream string)
}

// Delete soft-deletes a stream: reads do not find it, and the next append continues
// after its last revision.
func (s *Server) Delete(ctx context.Context, request *streams.DeleteReq) (*streams.DeleteResp, error) {
	name := string(request.GetOptions().GetStreamIdentifier().GetStreamName())
	last, err := s.delete(ctx, "Delete", name, wantedRevision(request.GetOptions()), tombstoner.Delete)
	if err != nil {
		return nil, answer(ctx, name, err)
	}
	return &streams.DeleteResp{PositionOption: &streams.DeleteResp_Position_{Position: &streams.DeleteResp_Position{
		CommitPosition: last.Commit, PreparePosition: last.Prepare,
	}}}, nil
}

// Tombstone deletes a stream for ever. Every later append or read of it fails.
func (s *Server) Tombstone(ctx context.Context, request *streams.TombstoneReq) (*streams.TombstoneResp, error) {
	name := string(request.GetOptions().GetStreamIdentifier().GetStreamName())
	last, err := s.delete(ctx, "Tombstone", name, wantedRevision(request.GetOptions()), tombstoner.Tombstone)
	if err != nil {
		return nil, answer(ctx, name, err)
	}
	return &streams.TombstoneResp{PositionOption: &streams.TombstoneResp_Position_{Position: &streams.TombstoneResp_Position{
		CommitPosition: last.Commit, PreparePosition: last.Prepare,
	}}}, nil
}

// check reports whether the last revision of a stream, -1 for none, is the expected
// one of a deletion.
type check func(last int64) bool

// deletion has the getters that the generated options of Delete and Tombstone share.
type deletion interface {
	GetRevision() uint64
	GetNoStream() *shared.Empty
	GetAny() *shared.Empty
	GetStreamExists() *shared.Empty
}

// wantedRevision makes the check of the expected revision of a deletion.
func wantedRevision(options deletion) check {
	switch {
	case options.GetAny() != nil:
		return func(int64) bool { return true }
	case options.GetStreamExists() != nil:
		return func(last int64) bool { return last >= 0 }
	case options.GetNoStream() != nil:
		return func(last int64) bool { return last < 0 }
	}
	return func(last int64) bool { return last >= 0 && uint64(last) == options.GetRevision() }
}

// delete checks rights and revision, deletes the stream, and returns the position of
// its last event: the client panics on an answer without a position. Revision check and
// deletion are not atomic, which is enough for tests. A store that does not implement
// tombstoner is answered Unimplemented.
func (s *Server) delete(ctx context.Context, method, name string, fits check, act func(tombstoner, string)) (eventstore.Position, error) {
	if err := s.before(ctx, method); err != nil {
		return eventstore.Position{}, err
	}
	if err := s.allow(ctx, deletes, name); err != nil {
		return eventstore.Position{}, err
	}
	store, can := s.store.(tombstoner)
	if !can {
		return eventstore.Position{}, status.Error(codes.Unimplemented, "this store deletes nothing")
	}
	found, err := s.store.ReadStream(ctx, name, eventstore.Backwards, eventstore.FromEnd, 1)
	if err != nil && !errors.Is(err, eventstore.ErrStreamNotFound) {
		return eventstore.Position{}, err
	}
	last, revision := eventstore.Position{}, int64(-1)
	if len(found) > 0 {
		last, revision = found[0].Position, int64(found[0].Revision) //nolint:gosec // revisions stay far below 2⁶³
	}
	if !fits(revision) {
		setTrailers(ctx, "exception", "wrong-expected-version", "stream-name", name)
		return eventstore.Position{}, status.Errorf(codes.FailedPrecondition, "Deletion failed due to WrongExpectedVersion: the stream is at %d", revision)
	}
	act(store, name)
	return last, nil
}
