package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"nonassociations/eventstore"
	"nonassociations/internal/pg"
)

// Conn is the Postgres session that holds the lease of a topic.
type Conn = pgx.Conn

// ErrFenced means that the checkpoint is not where this session left it: another
// publisher works on the topic.
var ErrFenced = errors.New("another publisher has moved the checkpoint")

// Checkpoint is how far a topic's publisher is, and in which log. A Store of
// uuid.Nil means that nothing has been published to the topic.
type Checkpoint struct {
	Topic string
	Store uuid.UUID
	At    eventstore.Position
	Last  Event // the last fact at or before At
	// Facts counts the facts up to At, if Counted.
	Facts   uint64
	Counted bool
}

// Event identifies a fact; the zero Event is none.
type Event struct {
	ID       uuid.UUID
	Stream   string
	Revision uint64
}

// Load reads the checkpoint of a topic. Where there is none, Store is uuid.Nil.
func Load(ctx context.Context, conn *Conn, topic string) (Checkpoint, error) {
	b := Checkpoint{Topic: topic}
	var (
		id       *uuid.UUID
		stream   *string
		revision *int64
		facts    *uint64
	)
	err := conn.QueryRow(ctx, `SELECT store_id, "commit", prepare, event_id, event_stream, event_revision, facts
		FROM publisher.checkpoint WHERE topic = $1`, topic).Scan(&b.Store, &b.At.Commit, &b.At.Prepare, &id, &stream, &revision, &facts)
	if errors.Is(err, pgx.ErrNoRows) {
		return Checkpoint{Topic: topic}, nil
	}
	if err != nil {
		return Checkpoint{}, fmt.Errorf("read the checkpoint of the %s topic: %w", topic, err)
	}
	if id != nil && stream != nil && revision != nil {
		b.Last = Event{*id, *stream, uint64(*revision)} //nolint:gosec // written from one
	}
	if facts != nil {
		b.Facts, b.Counted = *facts, true
	}
	return b, nil
}

// LoadOrCreate prepares the session for commits and reads the checkpoint of a topic.
// Where there is none it creates one before the first fact of the log store.
func LoadOrCreate(ctx context.Context, conn *Conn, topic string, store uuid.UUID) (Checkpoint, error) {
	// A checkpoint that a crash of Postgres takes back causes duplicates and no
	// gaps, so its commits need not wait for the disk.
	_, err := conn.Exec(ctx, `SET synchronous_commit = off`)
	if err == nil {
		_, err = conn.Exec(ctx, `INSERT INTO publisher.checkpoint (topic, store_id, "commit", prepare, facts)
			VALUES ($1, $2, 0, 0, 0) ON CONFLICT DO NOTHING`, topic, store)
	}
	if err != nil {
		return Checkpoint{}, fmt.Errorf("create the checkpoint of the %s topic: %w", topic, err)
	}
	return Load(ctx, conn, topic)
}

const moveSQL = `UPDATE publisher.checkpoint
	SET "commit" = $3, prepare = $4, event_id = $5, event_stream = $6, event_revision = $7, facts = $10
	WHERE topic = $1 AND store_id = $2 AND "commit" = $8 AND prepare = $9`

// moveArgs returns the arguments of moveSQL.
func moveArgs(was, now Checkpoint) []any {
	var (
		id       *uuid.UUID
		stream   *string
		revision *int64
		facts    *uint64
	)
	if now.Counted {
		facts = &now.Facts
	}
	if now.Last != (Event{}) {
		number := int64(now.Last.Revision) //nolint:gosec // revisions stay far below 2⁶³
		id, stream, revision = &now.Last.ID, &now.Last.Stream, &number
	}
	return []any{was.Topic, was.Store, now.At.Commit, now.At.Prepare, id, stream, revision, was.At.Commit, was.At.Prepare, facts}
}

// Verify returns ErrFenced unless the stored checkpoint is still the given one.
func Verify(ctx context.Context, conn *Conn, checkpoint Checkpoint) error {
	now, err := Load(ctx, conn, checkpoint.Topic)
	if err != nil {
		return err
	}
	if now.Store != checkpoint.Store || now.At != checkpoint.At {
		return fmt.Errorf("%w: it is at %s of log %s", ErrFenced, now.At, now.Store)
	}
	return nil
}

// Reset deletes all checkpoints and parked messages: every topic is then published from
// the beginning of the log. Only an operator can know that this is right.
func Reset(ctx context.Context, dsn string) error {
	return withSession(ctx, dsn, "delete the checkpoints", func(conn *Conn) error {
		return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, `DELETE FROM publisher.parked`); err != nil {
				return err
			}
			_, err := tx.Exec(ctx, `DELETE FROM publisher.checkpoint`)
			return err
		})
	})
}

// withSession runs work in a session of its own and wraps its error with the act.
func withSession(ctx context.Context, dsn, act string, work func(*Conn) error) error {
	if err := pg.WithSession(ctx, dsn, work); err != nil {
		return fmt.Errorf("%s: %w", act, err)
	}
	return nil
}
