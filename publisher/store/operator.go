package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// ErrNothing means that no such message is parked in a state that allows the request.
var ErrNothing = errors.New("no such message is parked")

// Snapshot is what the commands of an operator show.
type Snapshot struct {
	Checkpoints []Checkpoint
	Parked      []Parked // of all topics, skipped ones included
}

// Inspect reads the checkpoints of the topics, and the parked messages of all topics
// in the order of the log, in a session of its own.
func Inspect(ctx context.Context, dsn string, topics ...string) (Snapshot, error) {
	var o Snapshot
	err := withSession(ctx, dsn, "read checkpoints and parked messages", func(conn *Conn) error {
		for _, topic := range topics {
			b, err := Load(ctx, conn, topic)
			if err != nil {
				return err
			}
			o.Checkpoints = append(o.Checkpoints, b)
		}
		var err error
		o.Parked, err = query(ctx, conn, `SELECT `+columns+` FROM publisher.parked ORDER BY topic, "commit", prepare`)
		return err
	})
	return o, err
}

// RequestRetry stores the request to send a refused or failing message again at
// once. The publisher at work applies it within a second or so, otherwise the next
// one. Errors: ErrNothing.
func RequestRetry(ctx context.Context, dsn, topic string, event uuid.UUID) error {
	return request(ctx, dsn, topic, event, `UPDATE publisher.parked SET request = 'retry'
		WHERE topic = $1 AND event_id = $2 AND state IN ('refused', 'failing')`)
}

// RequestSkip decides that a parked message is never sent to the topic. Messages
// blocked behind it are sent. Its row stays as a record, with the reason and the
// time at. Errors: ErrNothing.
func RequestSkip(ctx context.Context, dsn, topic string, event uuid.UUID, reason string, at time.Time) error {
	return request(ctx, dsn, topic, event, `UPDATE publisher.parked SET request = 'skip', state = 'skipped', reason = $3, changed_at = $4
		WHERE topic = $1 AND event_id = $2 AND state <> 'skipped'`, reason, at)
}

// request runs an UPDATE for one message. A message that no row matches is not
// parked, or not in a state that allows the request.
func request(ctx context.Context, dsn, topic string, event uuid.UUID, sql string, more ...any) error {
	return withSession(ctx, dsn, "store the request for a parked message", func(conn *Conn) error {
		tag, err := conn.Exec(ctx, sql, append([]any{topic, event}, more...)...)
		if err == nil && tag.RowsAffected() == 0 {
			return fmt.Errorf("%w: %s of the %s topic", ErrNothing, event, topic)
		}
		return err
	})
}
