package queries

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"nonassociations/domain"
)

// OpenRecords are the open records of a group of prisoners in one snapshot.
type OpenRecords struct {
	Records []domain.OpenRecord // in no order
	// Names has the number that was asked for of each other name that it counts as.
	Names map[domain.PrisonerNumber]domain.PrisonerNumber
	// Survivors has the surviving number of each removed number that was asked for or that
	// a record has.
	Survivors map[domain.PrisonerNumber]domain.PrisonerNumber
	Position  uint64
	Version   Version
}

const (
	// mergedIntoSQL lists the numbers that were merged into those of $1, from merge to merge,
	// each with the one that it leads to. As in removedIntoSQL the last merge of a removed
	// number counts.
	mergedIntoSQL = `WITH RECURSIVE names(root, number) AS (
		SELECT n COLLATE "C", n COLLATE "C" FROM unnest($1::text[]) n
		UNION
		SELECT n.root, m.removed FROM names n
		CROSS JOIN LATERAL (SELECT removed, position FROM read.merge WHERE survivor = n.number AND NOT taken_back) m
		CROSS JOIN LATERAL (SELECT position FROM read.merge
			WHERE removed = m.removed AND NOT taken_back ORDER BY position DESC LIMIT 1) standing
		WHERE standing.position = m.position
	)
	SELECT root, number FROM names WHERE number <> root`

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
		return OpenRecords{}, fmt.Errorf("read the open records of prisoners: %w", mapFault(err))
	}
	return found, nil
}

// openOf reads version, merges and records in one transaction, as openOnce does.
func (r *Reader) openOf(ctx context.Context, numbers []domain.PrisonerNumber, today string) (found OpenRecords, err error) {
	tx, err := r.pool.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return found, err
	}
	defer rollBack(ctx, tx)
	if found.Version, found.Position, err = readVersion(tx.QueryRow(ctx, versionSQL)); err != nil {
		return found, err
	}
	if found.Names, err = otherNames(ctx, tx, numbers); err != nil {
		return found, err
	}
	names := slices.AppendSeq(slices.Clone(numbers), maps.Keys(found.Names))
	from, _ := Filter{Open: true, Today: today}.expiry()
	rows, _ := tx.Query(ctx, openSQL, from, texts(names)) // its error is that of the rows
	if found.Records, err = openRecords(rows); err != nil {
		return found, err
	}
	found.Survivors, err = survivors(ctx, tx, found.Records, numbers)
	return found, err
}

// otherNames returns the names of numbers that are not among them, each with the number
// whose name it is.
func otherNames(ctx context.Context, tx pgx.Tx, numbers []domain.PrisonerNumber) (map[domain.PrisonerNumber]domain.PrisonerNumber, error) {
	found, err := routes(ctx, tx, numbers)
	if err != nil {
		return nil, err
	}
	of := make(map[domain.PrisonerNumber]domain.PrisonerNumber, len(numbers))
	for _, number := range numbers {
		of[number] = number
	}
	add := func(name, number domain.PrisonerNumber) {
		if _, known := of[name]; !known {
			of[name] = number
		}
	}
	for number, way := range found {
		for _, name := range way.names {
			add(name, number)
		}
	}
	rows, _ := tx.Query(ctx, mergedIntoSQL, texts(slices.Collect(maps.Keys(of)))) // its error is that of the rows
	var root, name domain.PrisonerNumber
	_, err = pgx.ForEachRow(rows, []any{&root, &name}, func() error {
		add(name, of[root])
		return nil
	})
	for _, number := range numbers {
		delete(of, number)
	}
	return of, err
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
