package commands

import (
	"context"
	"crypto/sha256"
	"errors"
	"time"

	"github.com/google/uuid"

	"nonassociations/domain"
)

// IdempotencyKey is what a caller calls a request by, so that a repeat of it is known.
type IdempotencyKey struct {
	Client  string            // who chose it: two clients' keys never meet
	Name    string            // as the caller wrote it
	Request [sha256.Size]byte // hash of everything that was asked
}

// Reservation is what a key stands for.
type Reservation struct {
	CommandID uuid.UUID
	Since     time.Time     // when it was claimed
	New       bool          // nobody had it before
	Stored    *StoredAnswer // nil: not answered yet, as far as anybody knows
}

// StoredAnswer is where the answer to a command was read from.
type StoredAnswer struct {
	Pair     domain.Pair
	Revision uint64 // of the pair's stream
	Position uint64 // as told to the caller
	At       time.Time
}

// ErrOtherRequest says that the key stands for another request.
var ErrOtherRequest = errors.New("the key was used for another request")

// IdempotencyStore remembers keys, durably.
type IdempotencyStore interface {
	// Reserve makes the key stand for the command, unless it stands for one
	// already: then that one is told. Errors: ErrOtherRequest, and faults.
	Reserve(ctx context.Context, key IdempotencyKey, command uuid.UUID, now time.Time) (Reservation, error)
	// Complete remembers where the command was answered from; the first answer stays.
	Complete(ctx context.Context, key IdempotencyKey, claim Reservation, answer StoredAnswer) error
	// Release forgets a key whose command was refused, unless it was answered.
	Release(ctx context.Context, key IdempotencyKey, command uuid.UUID) error
}
