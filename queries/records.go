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

	oneSQL        = recordsSQL + `n.id = $1`
	ofPrisonerSQL = recordsSQL + `(n.first_number = $1 OR n.second_number = $1)` + inOrder
	betweenSQL    = recordsSQL + `n.expires >= $1 AND n.expires < $2
		AND n.first_number = ANY($3) AND n.second_number = ANY($3)` + inOrder
	involvingSQL = recordsSQL + `n.expires >= $1 AND n.expires < $2
		AND (n.first_number = ANY($3) OR n.second_number = ANY($3))` + inOrder
)

// One is the non-association with an id, or none. Errors: ErrNotCaughtUp.
func (r *Reader) One(ctx context.Context, id uuid.UUID) (Records, error) {
	return r.records(ctx, "read a non-association", oneSQL, [16]byte(id))
}

// OfPrisoner lists all of a prisoner, the oldest first. Errors: ErrNotCaughtUp.
func (r *Reader) OfPrisoner(ctx context.Context, number domain.PrisonerNumber) (Records, error) {
	return r.records(ctx, "read those of a prisoner", ofPrisonerSQL, string(number))
}

// Between lists those whose prisoners are both among the numbers, the oldest
// first. Errors: ErrNotCaughtUp.
func (r *Reader) Between(ctx context.Context, numbers []domain.PrisonerNumber, wanted Wanted) (Records, error) {
	from, before := wanted.expiry()
	return r.records(ctx, "read those between prisoners", betweenSQL, from, before, texts(numbers))
}

// Involving lists those of which a prisoner is among the numbers, the oldest
// first. Errors: ErrNotCaughtUp.
func (r *Reader) Involving(ctx context.Context, numbers []domain.PrisonerNumber, wanted Wanted) (Records, error) {
	from, before := wanted.expiry()
	return r.records(ctx, "read those involving prisoners", involvingSQL, from, before, texts(numbers))
}

func texts(numbers []domain.PrisonerNumber) []string {
	all := make([]string, len(numbers))
	for i, number := range numbers {
		all[i] = string(number)
	}
	return all
}

func (r *Reader) records(ctx context.Context, act, sql string, arguments ...any) (Records, error) {
	found := Records{Position: r.watermark.position()} // before the rows: a lower bound
	rows, _ := r.pool.Query(ctx, sql, arguments...)    // its error is that of the rows
	states := states{}
	var (
		id    [16]byte
		pair  string
		state []byte
	)
	_, err := pgx.ForEachRow(rows, []any{&id, &pair, &state}, func() error {
		record, err := states.record(id, pair, state)
		found.Records = append(found.Records, record)
		return err
	})
	if err != nil {
		return Records{}, fmt.Errorf("%s: %w", act, answering(err))
	}
	return found, nil
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
