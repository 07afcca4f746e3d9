package eventstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"nonassociations/domain"
)

// ErrNotWhole says that facts are missing from a stream: its beginning was
// deleted or cut off. What is left of it would tell another story, so nobody
// answers or decides from it.
var ErrNotWhole = errors.New("facts of the stream are missing")

// Folding makes the state of a pair of its recorded facts. Nothing else in the
// service does: it demands revision 0, 1, 2 and so on. It belongs to one
// goroutine.
type Folding struct {
	pair  domain.Pair
	facts *domain.Folding
	next  uint64    // revision
	last  time.Time // when the last fact was decided
}

// NewFolding begins with the first fact of a pair.
func NewFolding(pair domain.Pair) *Folding { return Resume(domain.State{Pair: pair}, 0) }

// Resume goes on from a state, which stays as it was, with the fact of a
// revision.
func Resume(from domain.State, next uint64) *Folding {
	return &Folding{pair: from.Pair, facts: domain.NewFolding(from), next: next}
}

// Add folds the next fact of the pair. Errors: ErrNotWhole, and then the state
// is as it was.
func (f *Folding) Add(fact Fact) error {
	if fact.Pair != f.pair {
		return fmt.Errorf("a fact of stream %s is none of %s", fact.Stream, f.pair)
	}
	if fact.Revision != f.next {
		return fmt.Errorf("%w: %s goes on with revision %d where %d must be", ErrNotWhole, fact.Stream, fact.Revision, f.next)
	}
	f.facts.Add(fact.Fact)
	f.next, f.last = f.next+1, fact.Meta.DecidedAt
	return nil
}

// State is the state behind the facts that were added. Facts that are added
// later do not change it.
func (f *Folding) State() domain.State { return f.facts.State() }

// Find is a non-association as the facts so far leave it, deleted or not; false
// when the pair does not have it.
func (f *Folding) Find(id uuid.UUID) (domain.NonAssociation, bool) { return f.facts.Find(id) }

// Len is the number of non-associations that the pair has.
func (f *Folding) Len() int { return f.facts.Len() }

// Index is where a non-association is among them, or -1.
func (f *Folding) Index(id uuid.UUID) int { return f.facts.Index(id) }

// Next is the revision of the fact that is to come: the number of facts so far.
func (f *Folding) Next() uint64 { return f.next }

// Expected is what an append expects that goes on behind the facts so far.
func (f *Folding) Expected() Expected {
	if f.next == 0 {
		return NoStream
	}
	return Exactly(f.next - 1)
}

// Now is the moment at which a decision behind the facts so far is made, in the
// clock's own location: a clock that stepped back behind the last fact decides
// nothing anew.
func (f *Folding) Now(clock time.Time) time.Time {
	if f.last.After(clock) {
		return f.last.In(clock.Location())
	}
	return clock
}

// CheckNew looks whether a stream that has no events never had any. A server
// that deleted one softly keeps that in the stream's metadata, and would let it
// begin again at a later revision. Errors: ErrNotWhole, and those of ReadStream.
func CheckNew(ctx context.Context, store Store, stream string) error {
	events, err := store.ReadStream(ctx, "$$"+stream, Backwards, FromEnd, 1)
	if errors.Is(err, ErrStreamNotFound) || err == nil && len(events) == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	var cut struct {
		Before  int64 `json:"$tb"` // revision; the greatest number after a soft delete
		Seconds int64 `json:"$maxAge"`
	}
	if err := unmarshal(events[0].Data, &cut); err != nil {
		return fmt.Errorf("read the metadata of %s: %w", stream, err)
	}
	if cut.Before > 0 || cut.Seconds > 0 {
		return fmt.Errorf("%w: all of %s were deleted or cut off", ErrNotWhole, stream)
	}
	return nil
}

// Landed looks whether an accepted append lies where it was expected to: a
// stream that was deleted softly begins again behind what it had. Errors:
// ErrNotWhole; the events are in the log all the same.
func (a Append) Landed(at Appended) error {
	if expected := int64(a.Expected) + int64(len(a.Events)); int64(at.Revision) != expected { //nolint:gosec // revisions stay far below 2⁶³
		return fmt.Errorf("%w: %s went on with revision %d where %d was expected", ErrNotWhole, a.Stream, at.Revision, expected)
	}
	return nil
}
