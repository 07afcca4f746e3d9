package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// ErrNoBrake means that the brake is not on.
var ErrNoBrake = errors.New("the brake is not on")

// Brake is a stop of all turns, in all processes.
type Brake struct {
	Since   time.Time
	Why     string
	Release Release // zero while the brake is on
}

// IsOn reports whether the brake is on. The zero Brake is not.
func (b Brake) IsOn() bool { return !b.Since.IsZero() && b.Release.At.IsZero() }

// Side is which of the two systems is right after a release.
type Side string

// The sides. They are stored: never change one.
const (
	FromDPS   Side = "DPS"   // what is here is written to NOMIS
	FromNOMIS Side = "NOMIS" // what NOMIS holds is taken over
)

// Release is a person's decision to go on.
type Release struct {
	At     time.Time
	From   Side
	Reason string
	By     string // user name
}

// isThe reports whether it is the same brake, set and released at the same times.
func (b Brake) isThe(other Brake) bool {
	return b.Since.Equal(other.Since) && b.Release.At.Equal(other.Release.At)
}

// lockBrake waits until no other transaction counts what is given back, or releases the
// brake, and keeps them waiting.
func lockBrake(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, `LOCK TABLE nomis.brake IN SHARE ROW EXCLUSIVE MODE`)
	return err
}

// SetBrake stops all turns. A brake that is on stays as it is.
func (s *Store) SetBrake(ctx context.Context, now time.Time, why string) error {
	return setBrake(ctx, s.pool, now, why)
}

// session is a connection of a pool, or a transaction.
type session interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

func setBrake(ctx context.Context, s session, now time.Time, why string) error {
	_, err := s.Exec(ctx, `INSERT INTO nomis.brake (since, why) VALUES ($1, $2)
		ON CONFLICT ((true)) WHERE released_at IS NULL DO NOTHING`, now, why)
	if err != nil {
		return fmt.Errorf("set the brake of NOMIS: %w", err)
	}
	return nil
}

// GetBrake returns the brake that was set last, on or released; the zero Brake when
// none was ever set.
func (s *Store) GetBrake(ctx context.Context) (Brake, error) { return readBrake(ctx, s.pool) }

func readBrake(ctx context.Context, s session) (Brake, error) {
	var (
		b                Brake
		at               *time.Time
		from, reason, by *string
	)
	err := s.QueryRow(ctx, `SELECT since, why, released_at, released_from, reason, released_by FROM nomis.brake
		ORDER BY id DESC LIMIT 1`).Scan(&b.Since, &b.Why, &at, &from, &reason, &by)
	if errors.Is(err, pgx.ErrNoRows) {
		return Brake{}, nil
	}
	if err != nil {
		return Brake{}, fmt.Errorf("read the brake of NOMIS: %w", err)
	}
	if at != nil {
		b.Release = Release{*at, Side(*from), *reason, *by}
	}
	return b, nil
}
