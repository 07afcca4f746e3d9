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

// State is why a fact is parked.
type State string

// The states.
const (
	Refused State = "refused" // SNS calls its message invalid: it waits for retry or skip
	Failing State = "failing" // it fails by itself, and is tried again by itself
	Blocked State = "blocked" // it stands behind a parked one of its pair
	Skipped State = "skipped" // an operator decided that it is not told; kept as a record
)

// Parked is a fact of a topic that the checkpoint may pass though it is not told.
type Parked struct {
	Topic    string
	EventID  uuid.UUID
	Pairs    []domain.Pair // its own first; two for a renumbering
	Revision uint64
	Position eventstore.Position
	State    State
	Reason   string // code and place of SNS, or the words of the operator who skipped it; "" of one that was always blocked
	Attempts int    // how often it was sent in vain
	ParkedAt time.Time
	Since    time.Time // of the state, or of the last try
	Request  Request   // that the publisher has not heard yet
}

// Request is what an operator wants of a parked fact.
type Request string

// The requests.
const (
	Retry Request = "retry" // of a refused or failing one: send it once more, now
	Skip  Request = "skip"
)

// Changes is what a publisher has done since it last wrote.
type Changes struct {
	Park         []Parked    // to insert; one that is there already stays as it is
	Attempted    []Parked    // there already and sent in vain; ends the request that each names
	Delivered    []uuid.UUID // told at last
	Acknowledged []uuid.UUID // skipped by an operator, which the publisher knows now
}

// IsEmpty tells whether there is nothing to write.
func (w Changes) IsEmpty() bool {
	return len(w.Park) == 0 && len(w.Attempted) == 0 && len(w.Delivered) == 0 && len(w.Acknowledged) == 0
}

// Commit moves the checkpoint and writes the work, both or neither. Errors:
// ErrFenced, then nothing was written.
func Commit(ctx context.Context, conn *Conn, was, now Checkpoint, work Changes, at time.Time) error {
	if work.IsEmpty() {
		return moveAlone(ctx, conn, was, now)
	}
	err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		batch := &pgx.Batch{}
		// A row here is all that is left of a fact once the checkpoint has passed it.
		batch.Queue(`SET LOCAL synchronous_commit = on`)
		for _, p := range work.Park {
			batch.Queue(`INSERT INTO publisher.parked (topic, event_id, pairs, revision, "commit", prepare, state, reason, attempts, parked_at, changed_at)
				VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10) ON CONFLICT DO NOTHING`,
				was.Topic, p.EventID, texts(p.Pairs), p.Revision, p.Position.Commit, p.Position.Prepare, string(p.State), p.Reason, p.Attempts, at)
		}
		for _, p := range work.Attempted {
			batch.Queue(`UPDATE publisher.parked SET state = $3, reason = $4, attempts = $5, changed_at = $6, request = NULLIF(request, $7)
				WHERE topic = $1 AND event_id = $2 AND state <> 'skipped'`, was.Topic, p.EventID, string(p.State), p.Reason, p.Attempts, at, string(p.Request))
		}
		batch.Queue(`DELETE FROM publisher.parked WHERE topic = $1 AND event_id = ANY($2)`, was.Topic, work.Delivered)
		batch.Queue(`UPDATE publisher.parked SET request = NULL WHERE topic = $1 AND event_id = ANY($2)`, was.Topic, work.Acknowledged)
		if err := tx.SendBatch(ctx, batch).Close(); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, moveSQL, moveArgs(was, now)...)
		return moved(err, tag.RowsAffected())
	})
	if err != nil {
		return fmt.Errorf("write the desk of the %s topic: %w", was.Topic, err)
	}
	return nil
}

func moveAlone(ctx context.Context, conn *Conn, was, now Checkpoint) error {
	tag, err := conn.Exec(ctx, moveSQL, moveArgs(was, now)...)
	if err := moved(err, tag.RowsAffected()); err != nil {
		return fmt.Errorf("move the checkpoint of the %s topic: %w", was.Topic, err)
	}
	return nil
}

func moved(err error, rows int64) error {
	if err == nil && rows == 0 {
		return ErrFenced
	}
	return err
}

func texts(pairs []domain.Pair) []string {
	all := make([]string, len(pairs))
	for i, pair := range pairs {
		all[i] = pair.String()
	}
	return all
}

const columns = `topic, event_id, pairs, revision, "commit", prepare, state, reason, attempts, parked_at, changed_at, coalesce(request, '')`

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

// All is what is parked of a topic and what was skipped, in the order of the log.
func All(ctx context.Context, conn *Conn, topic string) ([]Parked, error) {
	return query(ctx, conn, `SELECT `+columns+` FROM publisher.parked WHERE topic = $1 ORDER BY "commit", prepare`, topic)
}

// Requests are what operators want of what is parked of a topic.
func Requests(ctx context.Context, conn *Conn, topic string) ([]Parked, error) {
	return query(ctx, conn, `SELECT `+columns+` FROM publisher.parked WHERE topic = $1 AND request IS NOT NULL`, topic)
}

func query(ctx context.Context, conn *Conn, sql string, args ...any) ([]Parked, error) {
	rows, err := conn.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("read the desk: %w", err)
	}
	parked, err := pgx.CollectRows(rows, scan)
	if err != nil {
		return nil, fmt.Errorf("read the desk: %w", err)
	}
	return parked, nil
}
