package eventstore

import (
	"crypto/sha256"

	"github.com/google/uuid"
)

// Trail is a hash chain over the events that a consumer has applied: their number,
// and a running SHA-256 of the sum so far and the next event id. Two consumers of the
// same events have equal trails. A missing, additional, exchanged or moved event
// makes all later trails differ. The zero Trail is that of no events.
type Trail struct {
	Events uint64
	Sum    [sha256.Size]byte
}

// Add returns the trail after one more event.
func (t Trail) Add(id uuid.UUID) Trail {
	var text [sha256.Size + len(id)]byte
	copy(text[copy(text[:], t.Sum[:]):], id[:])
	return Trail{t.Events + 1, sha256.Sum256(text[:])}
}
