package projections

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"nonassociations/domain"
)

// writeBulk is writeLive for many rows: new ones go by COPY.
func (r rows) writeBulk(ctx context.Context, conn *pgx.Conn, was, now checkpoint) error {
	return inOneTransaction(ctx, conn, "write many rows", func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, moveSQL, moveArgs(was, now)...); err != nil {
			return err
		}
		knownIDs, err := r.knownIDs(ctx, tx)
		if err != nil {
			return err
		}
		fresh, known := r.split(knownIDs)
		if err := fresh.copy(ctx, tx); err != nil {
			return err
		}
		return known.put(ctx, tx)
	})
}

// knownIDs are those opened ids that the table has already: a log may hold an
// event twice.
func (r rows) knownIDs(ctx context.Context, tx pgx.Tx) (map[uuid.UUID]bool, error) {
	ids, _ := r.idColumns()
	found, err := tx.Query(ctx, `SELECT id FROM read_1.non_association WHERE id = ANY($1)`, ids)
	if err != nil {
		return nil, fmt.Errorf("look for known ids: %w", err)
	}
	known := map[uuid.UUID]bool{}
	var id uuid.UUID
	_, err = pgx.ForEachRow(found, []any{&id}, func() error {
		known[id] = true
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look for known ids: %w", err)
	}
	return known, nil
}

// copy writes rows that the tables do not have.
func (r rows) copy(ctx context.Context, tx pgx.Tx) error {
	if err := r.copyPairs(ctx, tx); err != nil {
		return fmt.Errorf("copy pairs: %w", err)
	}
	if err := r.copyPrisoners(ctx, tx); err != nil {
		return fmt.Errorf("copy prisoners: %w", err)
	}
	if err := r.copyIDs(ctx, tx); err != nil {
		return fmt.Errorf("copy ids: %w", err)
	}
	return nil
}

func (r rows) copyPairs(ctx context.Context, tx pgx.Tx) error {
	return copyInto(ctx, tx, "pair", []string{"pair", "state", "positions"}, r.pairs,
		func(pair domain.Pair, row *pairRow) ([]any, error) {
			state, err := json.Marshal(row.state)
			return []any{pair.String(), json.RawMessage(state), row.positions}, err
		})
}

func (r rows) copyPrisoners(ctx context.Context, tx pgx.Tx) error {
	return copyInto(ctx, tx, "prisoner", []string{"prisoner_number", "document", "entries"}, r.prisoners,
		func(number domain.PrisonerNumber, row *prisonerRow) ([]any, error) {
			document, lines := render(number, row.entries)
			return []any{string(number), document, lines}, nil
		})
}

func (r rows) copyIDs(ctx context.Context, tx pgx.Tx) error {
	return copyInto(ctx, tx, "non_association", []string{"id", "pair"}, r.opened,
		func(id uuid.UUID, pair domain.Pair) ([]any, error) {
			return []any{[16]byte(id), pair.String()}, nil
		})
}

// copyInto renders each row only when it is sent, so that a large batch is
// never in memory twice.
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
	_, err := tx.CopyFrom(ctx, pgx.Identifier{Schema, table}, names, source)
	return err
}

// put writes rows that the tables have.
func (r rows) put(ctx context.Context, tx pgx.Tx) error {
	pairs, err := r.pairColumns()
	if err != nil {
		return err
	}
	prisoners := r.prisonerColumns()
	ids, of := r.idColumns()
	batch := &pgx.Batch{}
	batch.Queue(putPairsSQL, pairs.first, pairs.second, pairs.third)
	batch.Queue(putPrisonersSQL, prisoners.first, prisoners.second, prisoners.third)
	batch.Queue(putIDsSQL, ids, of)
	return tx.SendBatch(ctx, batch).Close()
}
