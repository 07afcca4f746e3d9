package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"nonassociations/domain"
)

// View is one page or export with a person in it that a user asked for.
type View struct {
	ID       uuid.UUID // the zero value gets a random one
	At       time.Time
	UserName string
	Page     Page
	Route    string // with parameters in braces
	Query    string
	// Subjects is whose page it was; the first of a list or a record is the key prisoner.
	Subjects []domain.PrisonerNumber
	Shown    []domain.PrisonerNumber // every other prisoner number on it
	// Position is that of the log which the page shows; 0 when it shows nothing of it.
	Position        uint64
	Build           string
	RequestID       uuid.UUID
	OutsideCaseload bool
	Refused         bool
}

const viewColumns = `id, at, user_name, page, route, query, subjects, shown, position, build, request_id, outside_caseload, refused`

// InsertView records a view, and that it has to be sent. It returns when the row is on the
// disk. Characters that Postgres cannot store are replaced by U+FFFD.
func (s *Store) InsertView(ctx context.Context, v View) error {
	const sql = `WITH stored AS (
		INSERT INTO screens.view (` + viewColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, nullif($9::bigint, 0), $10, $11, $12, $13)
		RETURNING id)
		INSERT INTO screens.unsent_view (view_id, claimed_until) SELECT id, '-infinity' FROM stored`
	if v.ID == uuid.Nil {
		v.ID = uuid.New()
	}
	_, err := s.pool.Exec(ctx, sql, v.ID, v.At, clean(v.UserName), string(v.Page), clean(v.Route), clean(v.Query), texts(v.Subjects),
		texts(v.Shown), v.Position, clean(v.Build), v.RequestID, v.OutsideCaseload, v.Refused)
	if err != nil {
		return fmt.Errorf("record a view: %w", err)
	}
	return nil
}

// clean replaces what no text of Postgres can hold: a stranger's text must not be able to
// keep a view from being recorded.
func clean(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
}

// texts returns prisoner numbers as texts, never nil.
func texts(numbers []domain.PrisonerNumber) []string {
	all := make([]string, 0, len(numbers))
	for _, number := range numbers {
		all = append(all, clean(string(number)))
	}
	return all
}

// numbersOf is the inverse of texts.
func numbersOf(texts []string) []domain.PrisonerNumber {
	all := make([]domain.PrisonerNumber, 0, len(texts))
	for _, text := range texts {
		all = append(all, domain.PrisonerNumber(text))
	}
	return all
}

// ViewFilter selects views. A zero value of a field selects all.
type ViewFilter struct {
	Prisoner domain.PrisonerNumber // whose page it was, or who was shown on it
	UserName string
	From, To time.Time // from From on, and before To
}

// Cursor is a place in the list of views: behind this one. The zero value is the beginning.
type Cursor struct {
	At time.Time
	ID uuid.UUID
}

// Views returns at most limit views of a filter behind a cursor, newest first.
func (s *Store) Views(ctx context.Context, f ViewFilter, after Cursor, limit int) ([]View, error) {
	where, args := []string{"true"}, []any{}
	add := func(condition string, values ...any) {
		for _, value := range values {
			args = append(args, value)
			condition = strings.Replace(condition, "?", fmt.Sprintf("$%d", len(args)), 1)
		}
		where = append(where, condition)
	}
	if f.Prisoner != "" {
		add("subjects || shown @> ARRAY[?::text]", string(f.Prisoner))
	}
	if f.UserName != "" {
		add("user_name = ?", clean(f.UserName))
	}
	if !f.From.IsZero() {
		add("at >= ?", f.From)
	}
	if !f.To.IsZero() {
		add("at < ?", f.To)
	}
	if after != (Cursor{}) {
		add("(at, id) < (?, ?)", after.At, after.ID)
	}
	args = append(args, limit)
	sql := fmt.Sprintf("SELECT %s FROM screens.view WHERE %s ORDER BY at DESC, id DESC LIMIT $%d",
		viewColumns, strings.Join(where, " AND "), len(args))
	return s.queryViews(ctx, "read the views", sql, args...)
}

// ViewOfRequest returns the view of a request. It returns ErrNone when there is none.
func (s *Store) ViewOfRequest(ctx context.Context, id uuid.UUID) (View, error) {
	views, err := s.queryViews(ctx, "read the view of a request", `SELECT `+viewColumns+` FROM screens.view WHERE request_id = $1 ORDER BY at LIMIT 1`, id)
	if err == nil && len(views) == 0 {
		err = ErrNone
	}
	if err != nil {
		return View{}, err
	}
	return views[0], nil
}

// queryViews collects views; act names what is done in the error.
func (s *Store) queryViews(ctx context.Context, act, sql string, args ...any) ([]View, error) {
	rows, err := s.pool.Query(ctx, sql, args...)
	var views []View
	if err == nil {
		views, err = pgx.CollectRows(rows, scanView)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", act, err)
	}
	return views, nil
}

// scanView reads the viewColumns of a row.
func scanView(row pgx.CollectableRow) (v View, err error) {
	var (
		page            string
		subjects, shown []string
		position        *uint64
	)
	err = row.Scan(&v.ID, &v.At, &v.UserName, &page, &v.Route, &v.Query, &subjects, &shown, &position, &v.Build,
		&v.RequestID, &v.OutsideCaseload, &v.Refused)
	v.Page, v.Subjects, v.Shown = Page(page), numbersOf(subjects), numbersOf(shown)
	if position != nil {
		v.Position = *position
	}
	return v, err
}

// RecentPrisoners returns the key prisoners of the lists and records that a user viewed,
// the last one first, at most limit different ones among the user's last 500 such views.
func (s *Store) RecentPrisoners(ctx context.Context, user string, limit int) ([]domain.PrisonerNumber, error) {
	const sql = `SELECT prisoner FROM (
		SELECT subjects[1] AS prisoner, at FROM screens.view
		WHERE user_name = $1 AND page IN ('LIST', 'RECORD') AND NOT refused AND cardinality(subjects) > 0
		ORDER BY at DESC, id DESC LIMIT 500) last
		GROUP BY prisoner ORDER BY max(at) DESC, prisoner LIMIT $2`
	rows, err := s.pool.Query(ctx, sql, clean(user), limit)
	var prisoners []string
	if err == nil {
		prisoners, err = pgx.CollectRows(rows, pgx.RowTo[string])
	}
	if err != nil {
		return nil, fmt.Errorf("read who was viewed last: %w", err)
	}
	return numbersOf(prisoners), nil
}
