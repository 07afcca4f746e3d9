package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// ErrNothing says that no such fact is parked in a state that the request is for.
var ErrNothing = errors.New("no such fact is parked")

// Snapshot is what an operator sees.
type Snapshot struct {
	Checkpoints []Checkpoint
	Parked      []Parked // of all topics, skipped ones too
}

// Inspect reads everything in a session of its own.
func Inspect(ctx context.Context, dsn string, topics ...string) (Snapshot, error) {
	var o Snapshot
	err := alone(ctx, dsn, "look at the desk", func(conn *Conn) error {
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

// RequestRetry lets a refused or failing fact be sent again at once, by the publisher
// that runs or the next one. Errors: ErrNothing.
func RequestRetry(ctx context.Context, dsn, topic string, event uuid.UUID) error {
	return request(ctx, dsn, topic, event, `UPDATE publisher.parked SET request = 'retry'
		WHERE topic = $1 AND event_id = $2 AND state IN ('refused', 'failing')`)
}

// RequestSkip decides that a parked fact is never told on the topic. What stands
// behind it goes on. It stays as a record, with the reason. Errors: ErrNothing.
func RequestSkip(ctx context.Context, dsn, topic string, event uuid.UUID, reason string, at time.Time) error {
	return request(ctx, dsn, topic, event, `UPDATE publisher.parked SET request = 'skip', state = 'skipped', reason = $3, changed_at = $4
		WHERE topic = $1 AND event_id = $2 AND state <> 'skipped'`, reason, at)
}

func request(ctx context.Context, dsn, topic string, event uuid.UUID, sql string, more ...any) error {
	return alone(ctx, dsn, "ask for a parked fact", func(conn *Conn) error {
		tag, err := conn.Exec(ctx, sql, append([]any{topic, event}, more...)...)
		if err == nil && tag.RowsAffected() == 0 {
			return fmt.Errorf("%w: %s of the %s topic", ErrNothing, event, topic)
		}
		return err
	})
}
