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

// Records are an answer; it reflects exactly the position.
type Records struct {
	Records  []Record
	Position uint64
	// Survivor, of one prisoner's records, is the number to ask for instead: set
	// only when the prisoner's number is removed and no record stands under it.
	Survivor domain.PrisonerNumber
}

// Filter says which are asked for: those that are open on a day, those that are
// closed, or both.
type Filter struct {
	Open, Closed bool
	Today        string // as [domain.Today]
	AtLeast      uint64 // what is read reflects this position
}

// expiry is the range of the column expires that is asked for: from the first,
// and before the second. All times of a day sort before the day and a U, and
// every date sorts before "never".
func (w Filter) expiry() (from, before string) {
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
	ofPrisonerSQL = routeSQL + `SELECT w.number, n.id, n.pair, p.state FROM ` + endSQL + ` w
		LEFT JOIN read.non_association n ON NOT n.hidden AND (n.first_number = $2 OR n.second_number = $2)
		LEFT JOIN read.pair p ON p.pair = n.pair` + inOrder
	betweenSQL = recordsSQL + `n.expires >= $1 AND n.expires < $2
		AND n.first_number = ANY($3) AND n.second_number = ANY($3)` + inOrder
	involvingSQL = recordsSQL + `n.expires >= $1 AND n.expires < $2
		AND (n.first_number = ANY($3) OR n.second_number = ANY($3))` + inOrder
)

// One is the non-association with an id, or none. Errors: ErrNotCaughtUp,
// ErrBehind.
func (r *Reader) One(ctx context.Context, id uuid.UUID, atLeast uint64) (Records, error) {
	found, err := reaching(ctx, atLeast, func(ctx context.Context) (found Records, position uint64, err error) {
		found.Position, err = r.snapshot(ctx, func(rows pgx.Rows) (err error) {
			found.Records, err = records(rows)
			return err
		}, oneSQL, [16]byte(id))
		return found, found.Position, err
	})
	return found, wrapped("read a non-association", err)
}

// OfPrisoner lists all of a prisoner, the oldest first. Errors: ErrNotCaughtUp,
// ErrBehind.
func (r *Reader) OfPrisoner(ctx context.Context, number domain.PrisonerNumber, atLeast uint64) (Records, error) {
	found, err := reaching(ctx, atLeast, func(ctx context.Context) (found Records, position uint64, err error) {
		found.Position, err = r.snapshot(ctx, func(rows pgx.Rows) error { return found.readOfPrisoner(rows, number) },
			ofPrisonerSQL, []string{string(number)}, string(number))
		return found, found.Position, err
	})
	return found, wrapped("read those of a prisoner", err)
}

// readOfPrisoner takes a row each; where there is no record it is one row with the
// end of the number's merges alone.
func (found *Records) readOfPrisoner(rows pgx.Rows, number domain.PrisonerNumber) error {
	states := states{}
	var (
		end   domain.PrisonerNumber
		id    *[16]byte
		pair  *string
		state []byte
	)
	_, err := pgx.ForEachRow(rows, []any{&end, &id, &pair, &state}, func() error {
		if id == nil {
			return nil
		}
		record, err := states.record(*id, *pair, state)
		found.Records = append(found.Records, record)
		return err
	})
	if err == nil && len(found.Records) == 0 && end != number {
		found.Survivor = end
	}
	return err
}

func texts(numbers []domain.PrisonerNumber) []string {
	all := make([]string, len(numbers))
	for i, number := range numbers {
		all[i] = string(number)
	}
	return all
}

func records(rows pgx.Rows) ([]Record, error) {
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
