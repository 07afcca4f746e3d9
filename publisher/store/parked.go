package store

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"nonassociations/domain"
	"nonassociations/eventstore"
)

// State is why a message is parked.
type State string

// The states. They are stored: never change one.
const (
	Refused State = "refused" // SNS calls the message invalid: it waits for retry or skip
	Failing State = "failing" // it fails by itself, and is retried with growing pauses
	Blocked State = "blocked" // it comes after a parked one of its pair
	Skipped State = "skipped" // an operator decided that it is never sent; kept as a record
)

// Parked is a message that the checkpoint may pass although SNS has not taken it.
type Parked struct {
	Topic    string
	EventID  uuid.UUID
	Pairs    []domain.Pair // its own first; two for a transfer
	Revision uint64
	Position eventstore.Position
	State    State
	// Reason is the code and the part that SNS named, or for a skipped message the
	// operator's words; "" for one that was only ever blocked.
	Reason   string
	Attempts int // failed sendings
	ParkedAt time.Time
	Since    time.Time // when the state began, or of the last attempt
	Request  Request   // not acknowledged by the publisher yet; "" is none
}

// Request is an operator's request for a parked message.
type Request string

// The requests. They are stored: never change one.
const (
	Retry Request = "retry" // send a refused or failing message once more, now
	Skip  Request = "skip"  // never send it
)

// Changes are the changes of parked messages since the last commit.
type Changes struct {
	Park         []Parked    // to insert; a row that exists stays as it is
	Attempted    []Parked    // to update after a failed attempt; ends the Request that each names
	Delivered    []uuid.UUID // to delete
	Acknowledged []uuid.UUID // skip requests that the publisher has applied
}

// IsEmpty reports whether there is nothing to store.
func (c Changes) IsEmpty() bool {
	return len(c.Park) == 0 && len(c.Attempted) == 0 && len(c.Delivered) == 0 && len(c.Acknowledged) == 0
}

// Commit moves the checkpoint from was to now and stores the changes, in one
// transaction. With changes it waits for the disk. Errors: ErrFenced when the stored
// checkpoint is not was; nothing is then stored.
func Commit(ctx context.Context, conn *Conn, was, now Checkpoint, changes Changes, at time.Time) error {
	if changes.IsEmpty() {
		return moveCheckpoint(ctx, conn, was, now)
	}
	err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		batch := &pgx.Batch{}
		// Once the checkpoint has passed a parked message, its row is all that is left.
		batch.Queue(`SET LOCAL synchronous_commit = on`)
		for _, p := range changes.Park {
			batch.Queue(`INSERT INTO publisher.parked (topic, event_id, pairs, revision, "commit", prepare, state, reason, attempts, parked_at, changed_at)
				VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10) ON CONFLICT DO NOTHING`,
				was.Topic, p.EventID, texts(p.Pairs), p.Revision, p.Position.Commit, p.Position.Prepare, string(p.State), p.Reason, p.Attempts, at)
		}
		for _, p := range changes.Attempted {
			batch.Queue(`UPDATE publisher.parked SET state = $3, reason = $4, attempts = $5, changed_at = $6, request = NULLIF(request, $7)
				WHERE topic = $1 AND event_id = $2 AND state <> 'skipped'`, was.Topic, p.EventID, string(p.State), p.Reason, p.Attempts, at, string(p.Request))
		}
		batch.Queue(`DELETE FROM publisher.parked WHERE topic = $1 AND event_id = ANY($2)`, was.Topic, changes.Delivered)
		batch.Queue(`UPDATE publisher.parked SET request = NULL WHERE topic = $1 AND event_id = ANY($2)`, was.Topic, changes.Acknowledged)
		if err := tx.SendBatch(ctx, batch).Close(); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, moveSQL, moveArgs(was, now)...)
		return moved(err, tag.RowsAffected())
	})
	if err != nil {
		return fmt.Errorf("store the parked messages of the %s topic: %w", was.Topic, err)
	}
	return nil
}

// moveCheckpoint moves the checkpoint when no parked message changes: the common case,
// in one round trip and without a wait for the disk.
func moveCheckpoint(ctx context.Context, conn *Conn, was, now Checkpoint) error {
	tag, err := conn.Exec(ctx, moveSQL, moveArgs(was, now)...)
	if err := moved(err, tag.RowsAffected()); err != nil {
		return fmt.Errorf("move the checkpoint of the %s topic: %w", was.Topic, err)
	}
	return nil
}

// moved returns ErrFenced when the conditional update matched no row.
func moved(err error, rows int64) error {
	if err == nil && rows == 0 {
		return ErrFenced
	}
	return err
}

// texts returns pairs as they are stored.
func texts(pairs []domain.Pair) []string {
	all := make([]string, len(pairs))
	for i, pair := range pairs {
		all[i] = pair.String()
	}
	return all
}

const columns = `topic, event_id, pairs, revision, "commit", prepare, state, reason, attempts, parked_at, changed_at, coalesce(request, '')`

// scan reads one row with the columns above. A pair that cannot be parsed is an
// error, not a row left out: its later messages would overtake it.
func scan(row pgx.CollectableRow) (Parked, error) {
	var (
		p     Parked
		pairs []string
	)
	err := row.Scan(&p.Topic, &p.EventID, &pairs, &p.Revision, &p.Position.Commit, &p.Position.Prepare,
		&p.State, &p.Reason, &p.Attempts, &p.ParkedAt, &p.Since, &p.Request)
	for _, text := range pairs {
		pair, bad := domain.ParsePair(text)
		if bad != nil {
			return p, bad
		}
		p.Pairs = append(p.Pairs, pair)
	}
	return p, err
}

// All reads the parked and skipped messages of a topic in the order of the log.
func All(ctx context.Context, conn *Conn, topic string) ([]Parked, error) {
	return query(ctx, conn, `SELECT `+columns+` FROM publisher.parked WHERE topic = $1 ORDER BY "commit", prepare`, topic)
}

// Requests reads the parked messages of a topic with an unacknowledged request.
func Requests(ctx context.Context, conn *Conn, topic string) ([]Parked, error) {
	return query(ctx, conn, `SELECT `+columns+` FROM publisher.parked WHERE topic = $1 AND request IS NOT NULL`, topic)
}

// query reads rows and wraps the error once.
func query(ctx context.Context, conn *Conn, sql string, args ...any) ([]Parked, error) {
	rows, err := conn.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("read the parked messages: %w", err)
	}
	parked, err := pgx.CollectRows(rows, scan)
	if err != nil {
		return nil, fmt.Errorf("read the parked messages: %w", err)
	}
	return parked, nil
}
