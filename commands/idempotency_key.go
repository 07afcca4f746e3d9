package commands

import (
	"context"
	"crypto/sha256"
	"errors"
	"time"

	"github.com/google/uuid"

	"nonassociations/domain"
)

// IdempotencyKey identifies a request, so that a repeat of it is recognised and answered
// as the first one was. See ADR 0010.
type IdempotencyKey struct {
	Client  string            // the client that chose the key; each has its own keys
	Name    string            // as the caller wrote it
	Request [sha256.Size]byte // hash of the whole request
}

// Reservation is the command that a key belongs to. Every repeat runs under the same
// command id, so the event ids are the same and the store recognises a repeated append.
type Reservation struct {
	CommandID uuid.UUID
	Since     time.Time     // when the key was reserved
	New       bool          // reserved by this call
	Stored    *StoredAnswer // nil while no answer is stored
}

// StoredAnswer says which state the answer to a command was read from. The answer itself
// is not stored: it is folded again from the facts up to Revision.
type StoredAnswer struct {
	Pair     domain.Pair
	Revision uint64 // of the pair's stream
	Position uint64 // the public position that the caller got
	At       time.Time
}

// ErrOtherRequest means that the key is reserved for a request with other content.
var ErrOtherRequest = errors.New("the key was used for another request")

// IdempotencyStore stores idempotency keys durably. It must be safe for concurrent use.
type IdempotencyStore interface {
	// Reserve binds a free key to the command. When the key is bound already, it returns
	// the existing reservation. Errors: ErrOtherRequest, and faults of the store.
	Reserve(ctx context.Context, key IdempotencyKey, command uuid.UUID, now time.Time) (Reservation, error)
	// Complete stores where the command was answered from. Only the first answer is kept.
	Complete(ctx context.Context, key IdempotencyKey, reservation Reservation, answer StoredAnswer) error
	// Release frees the key of a refused command. It does nothing when an answer is
	// stored or the key belongs to another command.
	Release(ctx context.Context, key IdempotencyKey, command uuid.UUID) error
}
