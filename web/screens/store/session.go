package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"nonassociations/domain"
)

// Session is a row of a user who signed in.
type Session struct {
	ID      ID
	User    string
	BeganAt time.Time
	SeenAt  time.Time // the last request
	EndedAt time.Time // zero while it lasts
	Tokens  Tokens    // zero when it has ended

	// Successor is the cookie that replaced this one; "" when none did.
	Successor string
	// Chosen is the active caseload that the user chose; "" when none was chosen.
	Chosen    domain.PrisonID
	Caseloads Caseloads
}

// Tokens are those of a session, with what the access token says.
type Tokens struct {
	Access  string `json:"access"`
	Refresh string `json:"refresh"` // "" when the issuer gives none
	ID      string `json:"id"`      // the last one; "" when the issuer gives none
	Subject string `json:"subject"` // of the access token

	Roles []string `json:"roles"` // without the prefix ROLE_
	// Caseloads is nil when the token has no claim caseloads.
	Caseloads []domain.PrisonID `json:"caseloads,omitzero"`

	RenewedAt time.Time `json:"renewedAt"` // when the issuer was asked for the access token
	ExpiresAt time.Time `json:"expiresAt"` // of the access token, by the issuer's clock
}

// Caseload is a prison that a user works for.
type Caseload struct {
	ID   domain.PrisonID `json:"id"`
	Name string          `json:"name"` // "" when it is not known
}

// Caseloads is an answer of the service of user roles.
type Caseloads struct {
	At     time.Time       // zero when it has never answered
	Active domain.PrisonID // "" for none
	All    []Caseload
}

const sessionColumns = `id, user_name, began_at, seen_at, ended_at, tokens, successor, coalesce(caseload, ''),
	coalesce(active_caseload, ''), caseloads, caseloads_at`

// CreateSession stores a new session.
func (s *Store) CreateSession(ctx context.Context, session Session) error {
	if err := s.insertSession(ctx, s.pool, session); err != nil {
		return fmt.Errorf("store a session: %w", err)
	}
	return nil
}

// Session returns a session, also one that has ended. Errors: ErrNone, and faults. A
// session whose tokens this key cannot read has ended at the time of its last request.
func (s *Store) Session(ctx context.Context, id ID) (Session, error) {
	session, err := s.findSession(ctx, s.pool, id, "")
	if err != nil {
		return Session{}, fmt.Errorf("read a session: %w", err)
	}
	return session, nil
}

// Touch records a request of a session that lasts.
func (s *Store) Touch(ctx context.Context, id ID, at time.Time) error {
	const sql = `UPDATE screens.session SET seen_at = greatest(seen_at, $2) WHERE id = $1 AND ended_at IS NULL`
	if _, err := s.pool.Exec(ctx, sql, id[:], at); err != nil {
		return fmt.Errorf("record a request: %w", err)
	}
	return nil
}

// EndSession ends a session, and those that replaced it. Its row stays, without tokens. A
// session that has ended, or is not there, stays as it is.
func (s *Store) EndSession(ctx context.Context, id ID, at time.Time) error {
	// More than two follow each other only when somebody's roles change every minute.
	for {
		const sql = `UPDATE screens.session SET ended_at = coalesce(ended_at, $2), tokens = NULL WHERE id = $1 RETURNING successor`
		var sealed []byte
		err := s.pool.QueryRow(ctx, sql, id[:], at).Scan(&sealed)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("end a session: %w", err)
		}
		next := s.openSuccessor(id, sealed)
		if next == "" {
			return nil
		}
		id = IDOf(next)
	}
}

// ChooseCaseload stores the active caseload of a session that lasts. The error is ErrNone
// when it has ended.
func (s *Store) ChooseCaseload(ctx context.Context, id ID, caseload domain.PrisonID) error {
	err := s.oneRow(ctx, `UPDATE screens.session SET caseload = $2 WHERE id = $1 AND ended_at IS NULL`, id[:], string(caseload))
	if err != nil {
		return fmt.Errorf("choose a caseload: %w", err)
	}
	return nil
}

// SaveCaseloads stores an answer of the service of user roles, unless there is a later one.
func (s *Store) SaveCaseloads(ctx context.Context, id ID, c Caseloads) error {
	const sql = `UPDATE screens.session SET active_caseload = $2, caseloads = $3, caseloads_at = $4
		WHERE id = $1 AND (caseloads_at IS NULL OR caseloads_at < $4)`
	if _, err := s.pool.Exec(ctx, sql, id[:], string(c.Active), c.list(), c.At); err != nil {
		return fmt.Errorf("store the caseloads of a session: %w", err)
	}
	return nil
}

// list returns the caseloads, never nil.
func (c Caseloads) list() []Caseload {
	if c.All == nil {
		return []Caseload{}
	}
	return c.All
}

// querier is the pool or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, arguments ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, arguments ...any) pgx.Row
}

// insertSession stores a new session that lasts.
func (s *Store) insertSession(ctx context.Context, q querier, n Session) error {
	sealed, err := s.key.seal(rowOf("session", n.ID), n.Tokens)
	if err != nil {
		return err
	}
	const sql = `INSERT INTO screens.session (id, user_name, began_at, seen_at, tokens, caseload, active_caseload, caseloads, caseloads_at)
		VALUES ($1, $2, $3, $4, $5, nullif($6, ''), nullif($7, ''), $8, $9) RETURNING true`
	var at *time.Time
	if !n.Caseloads.At.IsZero() {
		at = &n.Caseloads.At
	}
	var stored bool
	return q.QueryRow(ctx, sql, n.ID[:], n.User, n.BeganAt, n.SeenAt, sealed, string(n.Chosen), string(n.Caseloads.Active),
		n.Caseloads.list(), at).Scan(&stored)
}

// findSession reads a session; lock is "" or the clause that locks its row.
func (s *Store) findSession(ctx context.Context, q querier, id ID, lock string) (Session, error) {
	rows, err := q.Query(ctx, `SELECT `+sessionColumns+` FROM screens.session WHERE id = $1 `+lock, id[:])
	if err != nil {
		return Session{}, err
	}
	session, err := pgx.CollectExactlyOneRow(rows, s.scanSession)
	return session, orNone(err)
}

// scanSession reads the sessionColumns of a row.
func (s *Store) scanSession(row pgx.CollectableRow) (Session, error) {
	var (
		n                     Session
		id, tokens, successor []byte
		ended, caseloadsAt    *time.Time
		chosen, active        string
	)
	err := row.Scan(&id, &n.User, &n.BeganAt, &n.SeenAt, &ended, &tokens, &successor, &chosen, &active, &n.Caseloads.All, &caseloadsAt)
	if err != nil {
		return Session{}, err
	}
	n.ID = ID(slices.Clone(id))
	n.Chosen, n.Caseloads.Active = domain.PrisonID(chosen), domain.PrisonID(active)
	if caseloadsAt != nil {
		n.Caseloads.At = *caseloadsAt
	}
	if ended != nil {
		n.EndedAt = *ended
		n.Successor = s.openSuccessor(n.ID, successor)
		return n, nil
	}
	if s.key.open(rowOf("session", n.ID), tokens, &n.Tokens) != nil {
		n.Tokens, n.EndedAt = Tokens{}, n.SeenAt
	}
	return n, nil
}

// openSuccessor returns the cookie that replaced that of a row; "" for none.
func (s *Store) openSuccessor(id ID, sealed []byte) (cookie string) {
	if sealed == nil || s.key.open(rowOf("successor", id), sealed, &cookie) != nil {
		return ""
	}
	return cookie
}

// rowOf names a row for encryption.
func rowOf(what string, id ID) string { return what + " " + string(id[:]) }
