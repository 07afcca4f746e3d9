package eventstore

import (
	"crypto/sha256"

	"github.com/google/uuid"
)

// Trail is what a consumer remembers of all events that it has worked on, in
// their order: how many, and a running SHA-256 over their ids, each time of the
// sum before and the next id. Two consumers of the same events have equal trails;
// an event that is missing, added, exchanged or moved makes them differ for ever.
// The zero Trail is of no events.
type Trail struct {
	Events uint64
	Sum    [sha256.Size]byte
}

// Add is the trail behind one more event.
func (t Trail) Add(id uuid.UUID) Trail {
	var text [sha256.Size + len(id)]byte
	copy(text[copy(text[:], t.Sum[:]):], id[:])
	return Trail{t.Events + 1, sha256.Sum256(text[:])}
}
