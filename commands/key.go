package commands

import (
	"context"
	"crypto/sha256"
	"errors"
	"time"

	"github.com/google/uuid"

	"nonassociations/domain"
)

// Key is what a caller calls a request by, so that a repeat of it is known.
type Key struct {
	Client  string            // who chose it: two clients' keys never meet
	Name    string            // as the caller wrote it
	Request [sha256.Size]byte // hash of everything that was asked
}

// Claim is what a key stands for.
type Claim struct {
	CommandID uuid.UUID
	Since     time.Time // when it was claimed
	New       bool      // nobody had it before
	Answer    *Answer   // nil: not answered yet, as far as anybody knows
}

// Answer is where the answer to a command was read from.
type Answer struct {
	Pair     domain.Pair
	Revision uint64 // of the pair's stream
	Position uint64 // as told to the caller
	At       time.Time
}

// ErrOtherRequest says that the key stands for another request.
var ErrOtherRequest = errors.New("the key was used for another request")

// Keys remembers keys, durably.
type Keys interface {
	// Claim makes the key stand for the command, unless it stands for one
	// already: then that one is told. Errors: ErrOtherRequest, and faults.
	Claim(ctx context.Context, key Key, command uuid.UUID, now time.Time) (Claim, error)
	// Keep remembers where the command was answered from; the first answer stays.
	Keep(ctx context.Context, key Key, claim Claim, answer Answer) error
	// Free forgets a key whose command was refused, unless it was answered.
	Free(ctx context.Context, key Key, command uuid.UUID) error
}
