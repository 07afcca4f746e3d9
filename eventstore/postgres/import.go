package postgres

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/jackc/pgx/v5"

	"nonassociations/eventstore"
	"nonassociations/internal/pg"
)

// ErrNotEmpty means that a log holds events, so that nothing is restored into it.
var ErrNotEmpty = errors.New("the log is not empty")

// appendLock is the lock under which append adds events.
const appendLock = 7305810324571

// Import fills an empty log with events as they were recorded: with their positions,
// revisions and times. It is for the restore of an archive alone, passes by every rule of
// Append, and needs the rights of the owner. The database need not have the table yet. All
// events are in the log, or none. Errors: ErrNotEmpty, those of events and of Postgres.
func Import(ctx context.Context, dsn string, events iter.Seq2[eventstore.RecordedEvent, error]) (imported int64, err error) {
	if err := checkEmpty(ctx, dsn); err != nil {
		return 0, err
	}
	if err := Migrate(ctx, dsn); err != nil {
		return 0, err
	}
	conn, err := pg.Connect(ctx, dsn)
	if err != nil {
		return 0, fmt.Errorf("import a log: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, int64(appendLock)); err != nil {
			return err
		}
		if err := isEmpty(ctx, tx); err != nil {
			return err
		}
		source := &importSource{}
		source.next, source.stop = iter.Pull2(events)
		defer source.stop()
		imported, err = tx.CopyFrom(ctx, pgx.Identifier{"eventstore", "events"},
			[]string{"position", "stream", "revision", "id", "type", "data", "metadata", "recorded_at"}, source)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("import a log: %w", err)
	}
	return imported, nil
}

// checkEmpty refuses a log with events, before anything is changed.
func checkEmpty(ctx context.Context, dsn string) error {
	conn, err := pg.Connect(ctx, dsn)
	if err != nil {
		return fmt.Errorf("import a log: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	var is bool
	if err := conn.QueryRow(ctx, `SELECT to_regclass('eventstore.events') IS NOT NULL`).Scan(&is); err != nil {
		return fmt.Errorf("import a log: %w", err)
	}
	if !is {
		return nil
	}
	return isEmpty(ctx, conn)
}

func isEmpty(ctx context.Context, db interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
},
) error {
	var is bool
	if err := db.QueryRow(ctx, `SELECT EXISTS (SELECT FROM eventstore.events)`).Scan(&is); err != nil {
		return fmt.Errorf("look whether the log is empty: %w", err)
	}
	if is {
		return ErrNotEmpty
	}
	return nil
}

// importSource gives events to COPY.
type importSource struct {
	next  func() (eventstore.RecordedEvent, error, bool)
	stop  func()
	event eventstore.RecordedEvent
	err   error
}

func (s *importSource) Next() bool {
	var more bool
	s.event, s.err, more = s.next()
	return more && s.err == nil
}

func (s *importSource) Values() ([]any, error) {
	e := s.event
	return []any{
		int64(e.Position.Commit), e.Stream, int64(e.Revision), [16]byte(e.ID), e.Type, e.Data, e.Metadata, e.RecordedAt, //nolint:gosec // below 2⁶³
	}, nil
}

func (s *importSource) Err() error { return s.err }
