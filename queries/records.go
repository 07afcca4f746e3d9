package queries

import (
	"context"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"nonassociations/domain"
)

// Record is one non-association with its pair. Deleted ones are never among
// what a Reader gives.
type Record struct {
	Pair           domain.Pair
	NonAssociation domain.NonAssociation
}

// Records are an answer; it reflects at least the position.
type Records struct {
	Records  []Record
	Position uint64
	// Survivor, of one prisoner's records, is the number to ask for instead: set
	// only when the prisoner's number is removed and no record stands under it.
	Survivor domain.PrisonerNumber
}

// Wanted says which are asked for: those that are open on a day, those that are
// closed, or both.
type Wanted struct {
	Open, Closed bool
	Today        string // as [domain.Today]
}

// expiry is the range of the column expires that is asked for: from the first,
// and before the second. All times of a day sort before the day and a U, and
// every date sorts before "never".
func (w Wanted) expiry() (from, before string) {
	const all = "~"
	tomorrow := w.Today + "U"
	switch {
	case w.Open && w.Closed:
		return "", all
	case w.Open:
		return tomorrow, all
	case w.Closed:
		return "", tomorrow
	}
	return all, "" // nothing
}

const (
	recordsSQL = `SELECT n.id, n.pair, p.state FROM read.non_association n JOIN read.pair p USING (pair)
		WHERE NOT n.hidden AND `
	inOrder = ` ORDER BY n.when_created, n.id`

	oneSQL = recordsSQL + `n.id = $1`
	// In one moment: records and removal come and go together, so that a look at
	// the one after the other might see neither.
	ofPrisonerSQL = waySQL + `SELECT w.number, n.id, n.pair, p.state FROM ` + endSQL + ` w
		LEFT JOIN read.non_association n ON NOT n.hidden AND (n.first_number = $2 OR n.second_number = $2)
		LEFT JOIN read.pair p ON p.pair = n.pair` + inOrder
	betweenSQL = recordsSQL + `n.expires >= $1 AND n.expires < $2
		AND n.first_number = ANY($3) AND n.second_number = ANY($3)` + inOrder
	involvingSQL = recordsSQL + `n.expires >= $1 AND n.expires < $2
		AND (n.first_number = ANY($3) OR n.second_number = ANY($3))` + inOrder
)

// One is the non-association with an id, or none. Errors: ErrNotCaughtUp.
func (r *Reader) One(ctx context.Context, id uuid.UUID) (Records, error) {
	found := Records{Position: r.watermark.position()} // before the rows: a lower bound
	var err error
	if found.Records, err = records(ctx, r.pool, oneSQL, [16]byte(id)); err != nil {
		return Records{}, fmt.Errorf("read a non-association: %w", answering(err))
	}
	return found, nil
}

// OfPrisoner lists all of a prisoner, the oldest first. Errors: ErrNotCaughtUp.
func (r *Reader) OfPrisoner(ctx context.Context, number domain.PrisonerNumber) (Records, error) {
	found := Records{Position: r.watermark.position()}
	rows, _ := r.pool.Query(ctx, ofPrisonerSQL, []string{string(number)}, string(number)) // its error is that of the rows
	states := states{}
	var (
		end   domain.PrisonerNumber
		id    *[16]byte
		pair  *string
		state []byte
	)
	_, err := pgx.ForEachRow(rows, []any{&end, &id, &pair, &state}, func() error {
		if id == nil {
			return nil // there is none
		}
		record, err := states.record(*id, *pair, state)
		found.Records = append(found.Records, record)
		return err
	})
	if err != nil {
		return Records{}, fmt.Errorf("read those of a prisoner: %w", answering(err))
	}
	if len(found.Records) == 0 && end != number {
		found.Survivor = end
	}
	return found, nil
}

func texts(numbers []domain.PrisonerNumber) []string {
	all := make([]string, len(numbers))
	for i, number := range numbers {
		all[i] = string(number)
	}
	return all
}

func records(ctx context.Context, db querier, sql string, arguments ...any) ([]Record, error) {
	rows, _ := db.Query(ctx, sql, arguments...) // its error is that of the rows
	states := states{}
	var (
		all   []Record
		id    [16]byte
		pair  string
		state []byte
	)
	_, err := pgx.ForEachRow(rows, []any{&id, &pair, &state}, func() error {
		record, err := states.record(id, pair, state)
		all = append(all, record)
		return err
	})
	return all, err
}

// states are the pairs' states that were read already: a pair with a past comes
// once for each record.
type states map[string]domain.State

func (s states) record(id uuid.UUID, pair string, text []byte) (Record, error) {
	state, known := s[pair]
	if !known {
		if err := json.Unmarshal(text, &state); err != nil {
			return Record{}, fmt.Errorf("read the state of a pair: %w", err)
		}
		s[pair] = state
	}
	i := state.Find(id)
	if i < 0 {
		return Record{}, fmt.Errorf("non-association %s is not in the state of its pair: rebuild the read model", id)
	}
	return Record{state.Pair, state.Items[i]}, nil
}
