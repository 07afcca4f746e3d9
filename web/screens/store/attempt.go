package store

import (
	"context"
	"fmt"
	"time"
)

// Attempt is a sign-in that has begun at the issuer.
type Attempt struct {
	ID       ID // of the parameter state
	Browser  ID // of the cookie of the browser that began it
	BeganAt  time.Time
	ReturnTo string // the page to show afterwards
	Secrets  AttemptSecrets
}

// AttemptSecrets are what the issuer's answer is checked with.
type AttemptSecrets struct {
	Nonce    string `json:"nonce"`
	Verifier string `json:"verifier"` // of PKCE
}

// BeginAttempt stores a sign-in that begins.
func (s *Store) BeginAttempt(ctx context.Context, a Attempt) error {
	sealed, err := s.key.seal(rowOf("attempt", a.ID), a.Secrets)
	if err == nil {
		const sql = `INSERT INTO screens.sign_in_attempt (id, browser, began_at, secrets, return_to) VALUES ($1, $2, $3, $4, $5)`
		_, err = s.pool.Exec(ctx, sql, a.ID[:], a.Browser[:], a.BeganAt, sealed, clean(a.ReturnTo))
	}
	if err != nil {
		return fmt.Errorf("store a sign-in: %w", err)
	}
	return nil
}

// TakeAttempt returns a sign-in that began in the browser and removes it, so that an
// answer of the issuer counts once. Errors: ErrNone, and faults.
func (s *Store) TakeAttempt(ctx context.Context, id, browser ID) (Attempt, error) {
	const sql = `DELETE FROM screens.sign_in_attempt WHERE id = $1 AND browser = $2 RETURNING began_at, secrets, return_to`
	a := Attempt{ID: id, Browser: browser}
	var sealed []byte
	if err := s.pool.QueryRow(ctx, sql, id[:], browser[:]).Scan(&a.BeganAt, &sealed, &a.ReturnTo); err != nil {
		return Attempt{}, fmt.Errorf("take a sign-in: %w", orNone(err))
	}
	if s.key.open(rowOf("attempt", id), sealed, &a.Secrets) != nil {
		return Attempt{}, fmt.Errorf("take a sign-in: %w", ErrNone)
	}
	return a, nil
}
