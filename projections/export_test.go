package projections

import (
	"context"

	"github.com/jackc/pgx/v5"

	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/eventstore"
	"nonassociations/eventstore/consumer"
)

var (
	AppendState     = appendState
	AppendStandings = appendStandings
)

// Hand drives a projector batch by batch.
type Hand struct{ projector }

// NewHand is a projector without a consumer.
func NewHand(store eventstore.Store) *Hand {
	london := domaintest.London
	return &Hand{projector{
		store: store, onCommit: func(uint64) {}, decoder: decoder{domain.Events()},
		generation: FirstGeneration, london: london,
	}}
}

// Work applies events as one batch.
func (h *Hand) Work(ctx context.Context, conn *pgx.Conn, events []eventstore.RecordedEvent, more bool) error {
	batch := consumer.Batch[*fact]{More: more}
	for _, event := range events {
		f, err := h.Decode(event)
		if err != nil {
			return err
		}
		batch.Events = append(batch.Events, f)
		batch.Through = event.Position
	}
	return h.Apply(ctx, conn, batch)
}
