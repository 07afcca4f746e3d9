// Package store keeps in Postgres what proves how the service was used, in the schema
// evidence: the acts of operators, and the tree over the log with its heads. A rebuild
// leaves it alone.
package store

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"nonassociations/internal/pg"
	"nonassociations/internal/pg/migrate"
)

//go:embed migrations/*.sql
var migrations embed.FS

// schema is the schema of all tables here.
const schema = "evidence"

// Schema is the schema evidence with its migrations.
var Schema = migrate.Schema{Name: schema, LockID: migrate.EvidenceLock, Files: migrations}

// Migrate brings the schema evidence of a database up to this build. Several processes
// may do so at once.
func Migrate(ctx context.Context, dsn string) error {
	return Schema.Migrate(ctx, dsn)
}

// Outcome is how an act ended. The values are stored: never change one.
type Outcome string

// The outcomes.
const (
	Done    Outcome = "DONE"
	Refused Outcome = "REFUSED" // a rule refused it, and nothing was changed
	Failed  Outcome = "FAILED"  // a fault ended it: it is done, done in part, or not done
)

// Action is one act of an operator.
type Action struct {
	ID        uuid.UUID
	At        time.Time
	User      string // user name; never empty
	Action    string // such as "publish parked skip"
	Object    string // what it was done to, such as the id of an event; "" for nothing in particular
	Reason    string // "" where none was given
	Outcome   Outcome
	RequestID string // of the page or the call; "" on the command line
	Done      string // what was done, in one sentence for the user; "" where nothing says it
}

// Store reads and adds acts. It is safe for concurrent use. Open makes one.
type Store struct{ pool *pgxpool.Pool }

const (
	connectTime = 5 * time.Second
	// maxConns bounds the acts that are done at the same time: each holds a connection.
	maxConns = 8
)

// Open returns a Store of the database at dsn. It does not wait for Postgres. The caller
// must call Close. Errors: an address that cannot be read.
func Open(ctx context.Context, dsn string) (*Store, error) {
	config, err := pg.ParsePool(dsn, maxConns, connectTime)
	if err != nil {
		return nil, fmt.Errorf("read the address of the evidence: %w", err)
	}
	pg.Resize(config, maxConns)
	pg.Set(config.ConnConfig, "application_name", schema)
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open the evidence: %w", err)
	}
	return &Store{pool}, nil
}

// Close closes all connections.
func (s *Store) Close() { s.pool.Close() }

// ErrNoTable means that the schema evidence was not migrated yet.
var ErrNoTable = errors.New("the table evidence.action is missing: nonassociations schema up makes it")

// Check returns why no act can be recorded now: ErrNoTable, or a fault of Postgres.
func (s *Store) Check(ctx context.Context) error {
	var there bool
	if err := s.pool.QueryRow(ctx, `SELECT to_regclass('evidence.action') IS NOT NULL`).Scan(&there); err != nil {
		return fmt.Errorf("look for the acts of operators: %w", err)
	}
	if !there {
		return ErrNoTable
	}
	return nil
}

// columns are those of an act, in the order of its fields.
const columns = `id, at, user_name, action, object, reason, outcome, request_id, done`

const insertSQL = `INSERT INTO evidence.action (` + columns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING`

// values are those of the columns.
func (a Action) values() []any {
	return []any{a.ID, a.At, a.User, a.Action, a.Object, a.Reason, string(a.Outcome), a.RequestID, a.Done}
}

// Record adds an act. The same id again, as after a lost answer, adds nothing.
func (s *Store) Record(ctx context.Context, a Action) error {
	if _, err := s.pool.Exec(ctx, insertSQL, a.values()...); err != nil {
		return fmt.Errorf("record the act of an operator: %w", err)
	}
	return nil
}

// Filter chooses acts. The zero Filter chooses all.
type Filter struct {
	User     string    // exactly; "": anybody
	From, To time.Time // From is included, To is not; zero: no limit
	Before   *Action   // the last one of the page before; nil: the first page
	Size     int       // at most MaxSize; 0 means MaxSize
}

// MaxSize is how many acts one page has at most.
const MaxSize = 500

// errSize refuses a page that would be too large.
var errSize = errors.New("a page of acts has between 1 and 500")

// Actions reads acts, newest first. more reports whether older ones match as well.
func (s *Store) Actions(ctx context.Context, f Filter) (all []Action, more bool, err error) {
	if f.Size == 0 {
		f.Size = MaxSize
	}
	if f.Size < 0 || f.Size > MaxSize {
		return nil, false, errSize
	}
	var before time.Time
	var id uuid.UUID
	if f.Before != nil {
		before, id = f.Before.At, f.Before.ID
	}
	rows, err := s.pool.Query(ctx, `SELECT `+columns+` FROM evidence.action
		WHERE ($1 = '' OR user_name = $1) AND ($2::timestamptz IS NULL OR at >= $2) AND ($3::timestamptz IS NULL OR at < $3)
		AND ($4::timestamptz IS NULL OR (at, id) < ($4, $5))
		ORDER BY at DESC, id DESC LIMIT $6`, f.User, orNull(f.From), orNull(f.To), orNull(before), id, f.Size+1)
	if err != nil {
		return nil, false, fmt.Errorf("read the acts of operators: %w", err)
	}
	if all, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Action]); err != nil {
		return nil, false, fmt.Errorf("read the acts of operators: %w", err)
	}
	if len(all) > f.Size {
		return all[:f.Size], true, nil
	}
	return all, false, nil
}

// orNull returns nil for the zero time.
func orNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
