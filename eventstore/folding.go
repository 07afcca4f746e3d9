package eventstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"nonassociations/domain"
)

// ErrNotWhole means that facts are missing from a stream: its beginning was deleted
// or truncated. A stream with a gap would fold to a wrong state, so no answer and no
// decision is made from it.
var ErrNotWhole = errors.New("facts of the stream are missing")

// Folding computes the state of a pair from its recorded facts. It is the only place
// that does, and it demands the revisions 0, 1, 2 and so on. It is not safe for
// concurrent use.
type Folding struct {
	pair  domain.Pair
	facts *domain.Folding
	next  uint64    // revision
	last  time.Time // when the last fact was decided
}

// NewFolding starts before the first fact of a pair.
func NewFolding(pair domain.Pair) *Folding { return Resume(domain.State{Pair: pair}, 0) }

// Resume continues from a state; the fact of revision next comes first. The given
// state is not changed.
func Resume(from domain.State, next uint64) *Folding {
	return &Folding{pair: from.Pair, facts: domain.NewFolding(from), next: next}
}

// Add folds the next fact of the pair. It returns ErrNotWhole when the revision is
// not the next one, and another error for a fact of another pair; the state is
// unchanged then.
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

// State returns the state after the facts added so far. Later facts do not change a
// returned state.
func (f *Folding) State() domain.State { return f.facts.State() }

// Find returns a non-association as of the facts so far, deleted or not. It reports
// false when the pair does not have it.
func (f *Folding) Find(id uuid.UUID) (domain.NonAssociation, bool) { return f.facts.Find(id) }

// At returns the non-association at an index.
func (f *Folding) At(index int) domain.NonAssociation { return f.facts.At(index) }

// Len returns the number of non-associations of the pair, deleted ones included.
func (f *Folding) Len() int { return f.facts.Len() }

// Index returns the index of a non-association of the pair, or -1.
func (f *Folding) Index(id uuid.UUID) int { return f.facts.Index(id) }

// Next returns the revision of the next fact, which is the number of facts so far.
func (f *Folding) Next() uint64 { return f.next }

// Expected returns the expected revision of an append after the facts so far.
func (f *Folding) Expected() Expected {
	if f.next == 0 {
		return NoStream
	}
	return Exactly(f.next - 1)
}

// Now returns the time of a decision that follows the facts so far: the clock's, or
// the time of the last fact when the clock has stepped back before it. So a decision
// never seems older than a fact that it was based on. The location is the clock's.
func (f *Folding) Now(clock time.Time) time.Time {
	if f.last.After(clock) {
		return f.last.In(clock.Location())
	}
	return clock
}

// CheckNew checks that a stream without events never had any. A server keeps a soft
// delete in the stream's metadata and lets the stream begin again at a later
// revision. Errors: ErrNotWhole, and those of ReadStream.
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

// Landed checks that an accepted append has the revisions that it expected. A stream
// that was soft-deleted begins again after its former events. It returns ErrNotWhole
// then; the events are in the log all the same.
func (a Append) Landed(at Appended) error {
	if expected := int64(a.Expected) + int64(len(a.Events)); int64(at.Revision) != expected { //nolint:gosec // revisions stay far below 2⁶³
		return fmt.Errorf("%w: %s went on with revision %d where %d was expected", ErrNotWhole, a.Stream, at.Revision, expected)
	}
	return nil
}
