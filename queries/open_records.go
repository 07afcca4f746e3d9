package queries

import (
	"context"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"nonassociations/domain"
)

// OpenRecords are the open records of a group of prisoners in one snapshot.
type OpenRecords struct {
	Records []domain.OpenRecord // in no order
	// Survivors has the surviving number of each removed number that was asked for or that
	// a record has.
	Survivors map[domain.PrisonerNumber]domain.PrisonerNumber
	Position  uint64
}

const (
	// namesSQL adds to numbers those that were merged into them, from merge to merge. As in
	// removedIntoSQL the last merge of a removed number counts.
	namesSQL = `WITH RECURSIVE names(number) AS (
		SELECT n COLLATE "C" FROM unnest($1::text[]) n
		UNION
		SELECT m.removed FROM names n
		CROSS JOIN LATERAL (SELECT removed, position FROM read.merge WHERE survivor = n.number AND NOT taken_back) m
		CROSS JOIN LATERAL (SELECT position FROM read.merge
			WHERE removed = m.removed AND NOT taken_back ORDER BY position DESC LIMIT 1) standing
		WHERE standing.position = m.position
	)
	SELECT number FROM names`

	openSQL = `SELECT n.id, n.pair, p.state FROM read.non_association n JOIN read.pair p USING (pair)
		WHERE NOT n.deleted AND n.expires >= $1 AND (n.first_number = ANY($2) OR n.second_number = ANY($2))`
)

// OpenOf reads the records of which at least one prisoner is among the numbers and that are
// not closed on a day, those that are to begin included. today is a day as [domain.Today]
// writes it. A number counts as all its names: the numbers that it was merged into, and
// those that were merged into it, under which a later sync may have left a record. Errors:
// ErrNotCaughtUp, ErrBehind.
func (r *Reader) OpenOf(ctx context.Context, numbers []domain.PrisonerNumber, today string, atLeast uint64) (OpenRecords, error) {
	found, err := reaching(ctx, r, atLeast, func(ctx context.Context) (OpenRecords, uint64, error) {
		found, err := r.openOf(ctx, numbers, today)
		return found, found.Position, err
	})
	if err != nil {
		return OpenRecords{}, fmt.Errorf("read the open records of prisoners: %w", mapMissingView(err))
	}
	return found, nil
}

// openOf reads position, merges and records in one transaction, as openOnce does.
func (r *Reader) openOf(ctx context.Context, numbers []domain.PrisonerNumber, today string) (found OpenRecords, err error) {
	tx, err := r.pool.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return found, err
	}
	defer rollBack(ctx, tx)
	if found.Position, err = positionIn(ctx, tx); err != nil {
		return found, err
	}
	forward, err := namesOf(ctx, tx, numbers, 0)
	if err != nil {
		return found, err
	}
	rows, _ := tx.Query(ctx, namesSQL, texts(forward)) // its error is that of the rows
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return found, err
	}
	from, _ := Filter{Open: true, Today: today}.expiry()
	rows, _ = tx.Query(ctx, openSQL, from, names)
	if found.Records, err = openRecords(rows); err != nil {
		return found, err
	}
	found.Survivors, err = survivors(ctx, tx, found.Records, numbers)
	return found, err
}

// survivors returns the surviving number of each removed number of records and of those
// that were asked for.
func survivors(
	ctx context.Context, tx pgx.Tx, records []domain.OpenRecord, asked []domain.PrisonerNumber,
) (map[domain.PrisonerNumber]domain.PrisonerNumber, error) {
	all := slices.Clone(asked)
	for _, record := range records {
		numbers := record.Pair.Numbers()
		all = append(all, numbers[:]...)
	}
	slices.Sort(all)
	found, err := routes(ctx, tx, slices.Compact(all))
	ends := make(map[domain.PrisonerNumber]domain.PrisonerNumber, len(found))
	for number, way := range found {
		if way.end != number { // in a circle a number may be its own end
			ends[number] = way.end
		}
	}
	return ends, err
}

// openState is the part of a pair's state that the rules of nearness need. To decode the
// whole of it would cost most of the time of a page about a large prison.
type openState struct {
	Items []struct {
		ID            uuid.UUID            `json:"id"`
		Reason        domain.Reason        `json:"reason"`
		Restriction   domain.Restriction   `json:"restriction"`
		TypeCode      domain.TypeCode      `json:"typeCode"`
		EffectiveDate domain.LocalDateTime `json:"effectiveDate"`
	} `json:"items"`
}

// record returns an open record of the pair. As in [states.record] it is there unless a
// row was changed by hand.
func (s openState) record(id uuid.UUID, pair string) (record domain.OpenRecord, err error) {
	for _, item := range s.Items {
		if item.ID != id {
			continue
		}
		record = domain.OpenRecord{
			ID: id, Reason: item.Reason, Restriction: item.Restriction, TypeCode: item.TypeCode, EffectiveDate: item.EffectiveDate,
		}
		record.Pair, err = domain.ParsePair(pair)
		return record, err
	}
	return record, fmt.Errorf("non-association %s is not in the state of its pair: rebuild the read model", id)
}

// openRecords reads all rows of id, pair and state.
func openRecords(rows pgx.Rows) ([]domain.OpenRecord, error) {
	var (
		all  []domain.OpenRecord
		id   [16]byte
		pair string
		text []byte
	)
	_, err := pgx.ForEachRow(rows, []any{&id, &pair, &text}, func() error {
		var state openState
		if err := json.Unmarshal(text, &state); err != nil {
			return fmt.Errorf("read the state of a pair: %w", err)
		}
		record, err := state.record(id, pair)
		all = append(all, record)
		return err
	})
	return all, err
}
