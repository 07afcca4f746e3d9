package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"nonassociations/domain"
)

// MessageKind is what a message says of the identity of prisoners.
type MessageKind string

// The kinds of messages. They are stored: never change one.
const (
	Merged         MessageKind = "merge"
	BookingMoved   MessageKind = "booking-moved"
	BookingDeleted MessageKind = "booking-deleted"
)

// PrisonerMessage is one receipt of a message about one prisoner.
type PrisonerMessage struct {
	Prisoner   domain.PrisonerNumber
	ReceivedAt time.Time
	MessageID  string // of SNS
	Kind       MessageKind
}

// Remember keeps receipts as evidence, all or none. A receipt that is there already
// changes nothing; a message that is received again later is another receipt.
func (s *Store) Remember(ctx context.Context, messages ...PrisonerMessage) error {
	batch := &pgx.Batch{}
	for _, m := range messages {
		batch.Queue(`INSERT INTO nomis.prisoner_message (prisoner, received_at, message_id, kind) VALUES ($1, $2, $3, $4)
			ON CONFLICT DO NOTHING`, string(m.Prisoner), m.ReceivedAt, m.MessageID, string(m.Kind))
	}
	if err := s.pool.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("keep a message about a prisoner: %w", err)
	}
	return nil
}

// Between returns the receipts about any of the prisoners from one time to another,
// both included, in their order.
func (s *Store) Between(ctx context.Context, prisoners []domain.PrisonerNumber, from, to time.Time) ([]PrisonerMessage, error) {
	numbers := make([]string, len(prisoners))
	for i, number := range prisoners {
		numbers[i] = string(number)
	}
	rows, err := s.pool.Query(ctx, `SELECT prisoner, received_at, message_id, kind FROM nomis.prisoner_message
		WHERE prisoner = ANY($1) AND received_at BETWEEN $2 AND $3 ORDER BY received_at, prisoner, message_id`, numbers, from, to)
	if err != nil {
		return nil, fmt.Errorf("read the messages about prisoners: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[PrisonerMessage])
	if err != nil {
		return nil, fmt.Errorf("read the messages about prisoners: %w", err)
	}
	return found, nil
}
