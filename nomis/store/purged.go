package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// PurgedMessage is a message as it was in a queue.
type PurgedMessage struct {
	MessageID  string // of SQS
	Body       string
	Attributes map[string]Attribute
}

// Attribute is an attribute of a message. Value is base64 when Type begins with Binary.
type Attribute struct {
	Type  string `json:"type"`
	Value string `json:"value"`
}

// Purge is an operator's decision to empty a queue.
type Purge struct {
	Queue  string
	Reason string
	By     string // user name
	At     time.Time
}

// KeepPurged keeps copies of messages that are about to be removed, all or none.
// Repeating changes nothing.
func (s *Store) KeepPurged(ctx context.Context, purge Purge, messages ...PurgedMessage) error {
	batch := &pgx.Batch{}
	for _, m := range messages {
		if m.Attributes == nil {
			m.Attributes = map[string]Attribute{}
		}
		batch.Queue(`INSERT INTO nomis.purged_message (queue, message_id, purged_at, body, attributes, reason, purged_by)
			VALUES ($1, $2, $3, $4, $5::text::jsonb, $6, $7) ON CONFLICT DO NOTHING`,
			purge.Queue, m.MessageID, purge.At, m.Body, encoded(m.Attributes), purge.Reason, purge.By)
	}
	if err := s.pool.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("keep the messages of a queue: %w", err)
	}
	return nil
}
