package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Renewal is what becomes of a session. The zero value leaves it as it is.
type Renewal struct {
	Tokens *Tokens // new ones
	// Cookie is the secret that replaces that of the session; "" leaves it. The old row
	// ends, and leads to the new one.
	Cookie string
	// End ends the session.
	End bool
	At  time.Time
}

// Renew decides about a session under a lock on its row: of several callers, in all
// processes, one decides, and the others then see what it made of the session. It returns
// the session as it is afterwards; of one whose id changed, the new one. decide should
// bound its time, for it holds a connection. Errors: ErrNone, that of decide, and faults;
// after any of them nothing has changed.
func (s *Store) Renew(ctx context.Context, id ID, decide func(Session) (Renewal, error)) (after Session, err error) {
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		before, err := s.findSession(ctx, tx, id, "FOR UPDATE")
		if err != nil {
			return err
		}
		renewal, err := decide(before)
		if err != nil {
			return err
		}
		after, err = s.apply(ctx, tx, before, renewal)
		return err
	})
	if err != nil {
		return Session{}, fmt.Errorf("renew a session: %w", err)
	}
	return after, nil
}

// apply makes the changes of a renewal.
func (s *Store) apply(ctx context.Context, tx pgx.Tx, n Session, r Renewal) (Session, error) {
	switch {
	case r.End:
		n.EndedAt, n.Tokens = r.At, Tokens{}
		_, err := tx.Exec(ctx, `UPDATE screens.session SET ended_at = $2, tokens = NULL WHERE id = $1`, n.ID[:], r.At)
		return n, err
	case r.Tokens == nil:
		return n, nil
	case r.Cookie != "":
		return s.replace(ctx, tx, n, r)
	}
	n.Tokens = *r.Tokens
	sealed, err := s.key.seal(rowOf("session", n.ID), n.Tokens)
	if err != nil {
		return Session{}, err
	}
	_, err = tx.Exec(ctx, `UPDATE screens.session SET tokens = $2 WHERE id = $1`, n.ID[:], sealed)
	return n, err
}

// replace stores the session under the id of a new cookie.
func (s *Store) replace(ctx context.Context, tx pgx.Tx, n Session, r Renewal) (Session, error) {
	old := n.ID
	n.ID, n.Tokens = IDOf(r.Cookie), *r.Tokens
	if err := s.insertSession(ctx, tx, n); err != nil {
		return Session{}, err
	}
	sealed, err := s.key.seal(rowOf("successor", old), r.Cookie)
	if err != nil {
		return Session{}, err
	}
	const sql = `UPDATE screens.session SET ended_at = $2, tokens = NULL, successor = $3 WHERE id = $1`
	_, err = tx.Exec(ctx, sql, old[:], r.At, sealed)
	n.Successor = ""
	return n, err
}
