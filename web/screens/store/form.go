package store

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// maxKept is how many forms of one user are kept; the oldest go first.
const maxKept = 20

// Form is what a user typed into a form that was sent after the end of the session.
type Form struct {
	ID     uuid.UUID
	User   string
	Page   string // the address of the form
	KeptAt time.Time
	Fields url.Values
}

// KeepForm stores a form, in place of an older one of the same user and page.
func (s *Store) KeepForm(ctx context.Context, f Form) error {
	sealed, err := s.key.seal(rowOfForm(f.ID, f.User, f.Page), f.Fields)
	if err == nil {
		err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error { return storeForm(ctx, tx, f, sealed) })
	}
	if err != nil {
		return fmt.Errorf("keep a form: %w", err)
	}
	return nil
}

func storeForm(ctx context.Context, tx pgx.Tx, f Form, sealed []byte) error {
	const (
		older = `DELETE FROM screens.kept_form WHERE user_name = $1 AND (page = $2 OR id IN (
			SELECT id FROM screens.kept_form WHERE user_name = $1 ORDER BY kept_at DESC OFFSET $3))`
		sql = `INSERT INTO screens.kept_form (id, user_name, page, kept_at, fields) VALUES ($1, $2, $3, $4, $5)`
	)
	if _, err := tx.Exec(ctx, older, f.User, f.Page, maxKept-1); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, sql, f.ID, f.User, f.Page, f.KeptAt, sealed)
	return err
}

// KeptPage returns the page of the newest form of a user that was kept after a time.
// Errors: ErrNone, and faults.
func (s *Store) KeptPage(ctx context.Context, user string, after time.Time) (page string, err error) {
	const sql = `SELECT page FROM screens.kept_form WHERE user_name = $1 AND kept_at > $2 ORDER BY kept_at DESC LIMIT 1`
	if err := s.pool.QueryRow(ctx, sql, user, after).Scan(&page); err != nil {
		return "", fmt.Errorf("find a kept form: %w", orNone(err))
	}
	return page, nil
}

// Form returns the form of a user and page that was kept after a time. Errors: ErrNone, and
// faults.
func (s *Store) Form(ctx context.Context, user, page string, after time.Time) (Form, error) {
	const sql = `SELECT id, kept_at, fields FROM screens.kept_form WHERE user_name = $1 AND page = $2 AND kept_at > $3`
	return s.readForm(ctx, sql, user, page, after)
}

// TakeForm returns the form of a user and page that was kept after a time, and removes it.
// Errors: ErrNone, and faults.
func (s *Store) TakeForm(ctx context.Context, user, page string, after time.Time) (Form, error) {
	const sql = `DELETE FROM screens.kept_form WHERE user_name = $1 AND page = $2 AND kept_at > $3 RETURNING id, kept_at, fields`
	return s.readForm(ctx, sql, user, page, after)
}

// readForm reads the form that a statement returns.
func (s *Store) readForm(ctx context.Context, sql, user, page string, after time.Time) (Form, error) {
	f := Form{User: user, Page: page}
	var sealed []byte
	err := orNone(s.pool.QueryRow(ctx, sql, user, page, after).Scan(&f.ID, &f.KeptAt, &sealed))
	if err == nil && errors.Is(s.key.open(rowOfForm(f.ID, user, page), sealed, &f.Fields), errSealed) {
		err = ErrNone // of another key
	}
	if err != nil {
		return Form{}, fmt.Errorf("read a kept form: %w", err)
	}
	return f, nil
}

func rowOfForm(id uuid.UUID, user, page string) string {
	return "form " + id.String() + " " + user + " " + page
}
