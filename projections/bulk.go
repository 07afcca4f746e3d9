package projections

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"nonassociations/domain"
)

// copy writes rows that the tables do not have.
func (r rows) copy(ctx context.Context, tx pgx.Tx) error {
	err := copyInto(ctx, tx, "pair", []string{"pair", "state", "positions"}, r.pairs,
		func(pair domain.Pair, row *pairRow) ([]any, error) {
			state, err := json.Marshal(row.state)
			return []any{pair.String(), state, row.positions}, err
		})
	if err != nil {
		return err
	}
	err = copyInto(ctx, tx, "prisoner", []string{"prisoner_number", "document", "entries"}, r.prisoners,
		func(number domain.PrisonerNumber, row *prisonerRow) ([]any, error) {
			document, lines := render(number, row.entries)
			return []any{string(number), document, lines}, nil
		})
	if err != nil {
		return err
	}
	return copyInto(ctx, tx, "non_association", lineNames, r.opened,
		func(id uuid.UUID, l line) ([]any, error) { return l.values(id), nil })
}

// copyInto makes each row only when it is sent, so that a large batch is never
// in memory twice.
func copyInto[K comparable, V any](
	ctx context.Context, tx pgx.Tx, table string, names []string, from map[K]V, values func(K, V) ([]any, error),
) error {
	if len(from) == 0 {
		return nil
	}
	keys := make([]K, 0, len(from))
	for key := range from {
		keys = append(keys, key)
	}
	source := pgx.CopyFromSlice(len(keys), func(i int) ([]any, error) { return values(keys[i], from[keys[i]]) })
	if _, err := tx.CopyFrom(ctx, pgx.Identifier{Schema, table}, names, source); err != nil {
		return fmt.Errorf("copy into %s: %w", table, err)
	}
	return nil
}

// put writes rows whether the tables have them or not.
func (r rows) put(ctx context.Context, tx pgx.Tx) error {
	batch := &pgx.Batch{}
	if err := r.queue(batch, put); err != nil {
		return err
	}
	if batch.Len() == 0 {
		return nil
	}
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("put rows: %w", err)
	}
	return nil
}
