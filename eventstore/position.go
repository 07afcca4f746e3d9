package eventstore

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
)

// Position is a place in the global log. Order is by commit, then prepare.
// A checkpoint c/0 is a place before the event at c, not an event.
type Position struct{ Commit, Prepare uint64 }

// Start is before everything, End behind everything.
var (
	Start = Position{}
	End   = Position{math.MaxUint64, math.MaxUint64}
)

// Compare orders positions: negative when p lies before q.
func (p Position) Compare(q Position) int {
	return cmp.Or(cmp.Compare(p.Commit, q.Commit), cmp.Compare(p.Prepare, q.Prepare))
}

// Before tells whether p lies before q.
func (p Position) Before(q Position) bool { return p.Compare(q) < 0 }

// Uint64 is the position as the world sees it: one whole number. A checkpoint
// that lies before the event at its commit is written as the number before it.
func (p Position) Uint64() uint64 {
	if p.Commit > 0 && p.Prepare < p.Commit {
		return p.Commit - 1
	}
	return p.Commit
}

// ParsePosition reads a position that was written outside: decimal digits only.
func ParsePosition(s string) (uint64, error) {
	n, err := strconv.ParseUint(s, 10, 63)
	if err != nil || s[0] == '+' {
		return 0, fmt.Errorf("%q is not a position", s)
	}
	return n, nil
}

// String is commit and prepare, as EventStoreDB's own tools print them.
func (p Position) String() string { return fmt.Sprintf("%d/%d", p.Commit, p.Prepare) }
