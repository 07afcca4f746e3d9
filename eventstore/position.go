package eventstore

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
)

// Position is a place in the global log, ordered by commit, then prepare. A position
// with prepare 0 may be that of a checkpoint, which is before the event at its commit.
// Clients of the service see the public position, one number: see Uint64.
type Position struct{ Commit, Prepare uint64 }

// Start is before every event, End after every event.
var (
	Start = Position{}
	End   = Position{math.MaxUint64, math.MaxUint64}
)

// Compare returns a negative number when p is before q, a positive one when it is
// after, and 0 when they are equal.
func (p Position) Compare(q Position) int {
	return cmp.Or(cmp.Compare(p.Commit, q.Commit), cmp.Compare(p.Prepare, q.Prepare))
}

// Before reports whether p is before q.
func (p Position) Before(q Position) bool { return p.Compare(q) < 0 }

// Uint64 returns the public position, one number. A checkpoint before the event at
// its commit becomes the number before it, so that the event is not counted as seen.
func (p Position) Uint64() uint64 {
	if p.Commit > 0 && p.Prepare < p.Commit {
		return p.Commit - 1
	}
	return p.Commit
}

// ParsePosition parses a public position: decimal digits only, below 2⁶³.
func ParsePosition(s string) (uint64, error) {
	n, err := strconv.ParseUint(s, 10, 63)
	if err != nil || s[0] == '+' {
		return 0, fmt.Errorf("%q is not a position", s)
	}
	return n, nil
}

// String returns commit/prepare, as EventStoreDB's own tools print positions.
func (p Position) String() string { return fmt.Sprintf("%d/%d", p.Commit, p.Prepare) }
