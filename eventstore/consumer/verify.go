package consumer

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"nonassociations/eventstore"
)

// ErrNoIdentity makes a follower wait: a serving process gives a new log its id.
var ErrNoIdentity = errors.New("the log has no store id yet, waiting for a serving process to give it one")

// Checkpoint is where what a follower keeps came from.
type Checkpoint struct {
	What  string    // "the read model read_1", for people
	Store uuid.UUID // the log; zero: of none yet
	At    eventstore.Position
	// The last event that was worked on; a zero id is none.
	EventID  uuid.UUID
	Stream   string
	Revision uint64
	// Facts is how many events up to there were worked on; nil where nobody has
	// counted. Prefixes are of the streams that were followed.
	Facts    *uint64
	Prefixes []string
}

// VerifyLog compares what a follower keeps with the log, so that what came of one
// log is never continued from another, nor from one that was put back to an
// earlier day. It returns the log's id. Errors: ErrNoIdentity, faults of the
// store, and those that wrap ErrRefused, in words for an operator.
func VerifyLog(ctx context.Context, store eventstore.Store, o Checkpoint) (uuid.UUID, error) {
	id, err := eventstore.ReadIdentity(ctx, store)
	if errors.Is(err, eventstore.ErrStreamNotFound) {
		if o.Store == uuid.Nil {
			return uuid.Nil, ErrNoIdentity
		}
		return uuid.Nil, fmt.Errorf("%w: %s is of log %s, but this log has no store id: is it the right one?",
			ErrRefused, o.What, o.Store)
	}
	if err != nil {
		return uuid.Nil, fmt.Errorf("read the log's store id: %w", err)
	}
	if o.Store == uuid.Nil {
		return id, nil
	}
	if o.Store != id {
		return uuid.Nil, fmt.Errorf("%w: %s is of log %s, this is log %s; to take it over: nonassociations rebuild --adopt-log %s --yes",
			ErrRefused, o.What, o.Store, id, id)
	}
	if err := o.lastEventIsThere(ctx, store); err != nil {
		return id, err
	}
	return id, o.noneIsMissing(ctx, store)
}

func (o Checkpoint) lastEventIsThere(ctx context.Context, store eventstore.Store) error {
	if o.EventID == uuid.Nil {
		return nil
	}
	found, err := store.ReadStream(ctx, o.Stream, eventstore.Forwards, o.Revision, 1)
	if err != nil && !errors.Is(err, eventstore.ErrStreamNotFound) && !errors.Is(err, eventstore.ErrStreamDeleted) {
		return fmt.Errorf("look for the last event of %s in the log: %w", o.What, err)
	}
	if len(found) == 1 && found[0].Revision == o.Revision && found[0].ID == o.EventID {
		return nil
	}
	return fmt.Errorf("%w: the last event of %s of log %s, %s at position %s, is not in this log %s; to start again from it: nonassociations rebuild --adopt-log %s --yes",
		ErrRefused, o.What, o.Store, o.EventID, o.At, o.Store, o.Store)
}

// noneIsMissing counts, where the log can count without reading: facts that were
// taken from its middle leave the last one where it was.
func (o Checkpoint) noneIsMissing(ctx context.Context, store eventstore.Store) error {
	counter, is := store.(eventstore.Counter)
	if !is || o.Facts == nil {
		return nil
	}
	count, known, err := counter.Count(ctx, o.At, o.Prefixes)
	if err != nil {
		return fmt.Errorf("count the events behind %s: %w", o.What, err)
	}
	if !known || count == *o.Facts {
		return nil
	}
	return fmt.Errorf("%w: %s of log %s was built from %d events up to position %s, and this log %s has %d there; to start again from it: nonassociations rebuild --adopt-log %s --yes",
		ErrRefused, o.What, o.Store, *o.Facts, o.At, o.Store, count, o.Store)
}
