package idempotency

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"nonassociations/commands"
	"nonassociations/domain"
)

// reserveSQL takes a key that is free or expired. It returns no row when the key is
// bound to a command already. One statement does both, so that two requests with the
// same key cannot both reserve it.
const reserveSQL = `
INSERT INTO commands.idempotency_keys AS k (client, key, request, command_id, reserved_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (client, key) DO UPDATE SET
    request = excluded.request, command_id = excluded.command_id, reserved_at = excluded.reserved_at,
    pair = NULL, revision = NULL, position = NULL, answered_at = NULL
WHERE k.reserved_at <= $6
RETURNING true`

// reservedSQL reads the command that a key is bound to, and its answer if there is one.
const reservedSQL = `
SELECT request, command_id, reserved_at, pair, revision, position, answered_at
FROM commands.idempotency_keys WHERE client = $1 AND key = $2`

// Reserve implements [commands.IdempotencyStore]. now is the time of the reservation, by
// which the key expires after [TTL].
func (s *Store) Reserve(ctx context.Context, key commands.IdempotencyKey, command uuid.UUID, now time.Time) (commands.Reservation, error) {
	for {
		var taken bool
		err := s.pool.QueryRow(ctx, reserveSQL, key.Client, key.Name, key.Request[:], command, now, now.Add(-TTL)).Scan(&taken)
		if err == nil {
			return commands.Reservation{CommandID: command, Since: now, New: true}, nil
		}
		if !none(err) {
			return commands.Reservation{}, fmt.Errorf("reserve an idempotency key: %w", err)
		}
		reservation, err := s.reserved(ctx, key)
		if !none(err) { // without a row, the key was freed between the two statements
			return reservation, err
		}
	}
}

// reserved returns the existing reservation of a key. A null pair means that no answer is
// stored yet. Errors: [commands.ErrOtherRequest], pgx.ErrNoRows for a free key, and faults.
func (s *Store) reserved(ctx context.Context, key commands.IdempotencyKey) (commands.Reservation, error) {
	var (
		reservation        commands.Reservation
		request            []byte
		pair               *string
		revision, position *int64
		at                 *time.Time
	)
	err := s.pool.QueryRow(ctx, reservedSQL, key.Client, key.Name).
		Scan(&request, &reservation.CommandID, &reservation.Since, &pair, &revision, &position, &at)
	switch {
	case err != nil:
		return commands.Reservation{}, fmt.Errorf("read an idempotency key: %w", err)
	case !bytes.Equal(request, key.Request[:]):
		return commands.Reservation{}, commands.ErrOtherRequest
	case pair == nil:
		return reservation, nil
	}
	answer := commands.StoredAnswer{Revision: uint64(*revision), Position: uint64(*position), At: *at} //nolint:gosec // Keep wrote them
	if answer.Pair, err = domain.ParsePair(*pair); err != nil {
		return commands.Reservation{}, fmt.Errorf("read an idempotency key: %w", err)
	}
	reservation.Stored = &answer
	return reservation, nil
}

// completeSQL inserts the key again when a concurrent attempt was refused and has freed
// it. An answer that one caller got must also be the answer of every repeat.
const completeSQL = `
INSERT INTO commands.idempotency_keys AS k (client, key, request, command_id, reserved_at, pair, revision, position, answered_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (client, key) DO UPDATE SET
    pair = excluded.pair, revision = excluded.revision, position = excluded.position, answered_at = excluded.answered_at
WHERE k.command_id = excluded.command_id AND k.revision IS NULL`

// Complete implements [commands.IdempotencyStore].
func (s *Store) Complete(ctx context.Context, key commands.IdempotencyKey, reservation commands.Reservation, answer commands.StoredAnswer) error {
	_, err := s.pool.Exec(ctx, completeSQL, key.Client, key.Name, key.Request[:], reservation.CommandID, reservation.Since,
		answer.Pair.String(), int64(answer.Revision), int64(answer.Position), answer.At) //nolint:gosec // both stay far below 2⁶³
	if err != nil {
		return fmt.Errorf("keep an answer with its idempotency key: %w", err)
	}
	return nil
}

// Release implements [commands.IdempotencyStore].
func (s *Store) Release(ctx context.Context, key commands.IdempotencyKey, command uuid.UUID) error {
	_, err := s.pool.Exec(ctx,
		`DELETE FROM commands.idempotency_keys WHERE client = $1 AND key = $2 AND command_id = $3 AND revision IS NULL`,
		key.Client, key.Name, command)
	if err != nil {
		return fmt.Errorf("free an idempotency key: %w", err)
	}
	return nil
}
