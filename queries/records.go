package queries

import (
	"context"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"nonassociations/domain"
)

// Record is one non-association with its pair. A Reader never returns deleted ones.
type Record struct {
	Pair           domain.Pair
	NonAssociation domain.NonAssociation
}

// Records are the records of one answer, which reflects exactly the position.
type Records struct {
	Records  []Record
	Position uint64
	// Survivor is the number to ask for instead of the prisoner's. OfPrisoner sets it,
	// and only when the prisoner's number is removed and no record has it.
	Survivor domain.PrisonerNumber
}

// Filter selects the records that are open on a day, those that are closed, or both. With
// neither it selects nothing.
type Filter struct {
	Open, Closed bool
	Today        string // the day, as [domain.Today] writes it
	AtLeast      uint64 // the position that the answer must reflect
}

// expiry returns the wanted range of the column expires: from the first value, and before
// the second. Times of a day have a T after the date, so all of them sort before the
// date with a U. Every date sorts before "never".
func (f Filter) expiry() (from, before string) {
	const all = "~"
	tomorrow := endOfDay(f.Today)
	switch {
	case f.Open && f.Closed:
		return "", all
	case f.Open:
		return tomorrow, all
	case f.Closed:
		return "", tomorrow
	}
	return all, "" // nothing
}

const (
	recordsSQL = `SELECT n.id, n.pair, p.state FROM read.non_association n JOIN read.pair p USING (pair)
		WHERE NOT n.deleted AND `
	inOrder = ` ORDER BY n.when_created, n.id`

	oneSQL = recordsSQL + `n.id = $1`
	// One statement reads merges and records. A merge and its reversal change both, so
	// that two statements might find neither. It locks the view of merges first, as the
	// reads of several prisoners and a flip do.
	ofPrisonerSQL = `SELECT w.number, n.id, n.pair, p.state FROM ` + endSQL + `
		LEFT JOIN read.non_association n ON NOT n.deleted AND (n.first_number = $2 OR n.second_number = $2)
		LEFT JOIN read.pair p ON p.pair = n.pair` + inOrder
	betweenSQL = recordsSQL + `n.expires >= $1 AND n.expires < $2
		AND n.first_number = ANY($3) AND n.second_number = ANY($3)` + inOrder
	involvingSQL = recordsSQL + `n.expires >= $1 AND n.expires < $2
		AND (n.first_number = ANY($3) OR n.second_number = ANY($3))` + inOrder
)

// One reads the non-association with an id. The answer holds one record or none. Errors:
// ErrNotCaughtUp, ErrBehind.
func (r *Reader) One(ctx context.Context, id uuid.UUID, atLeast uint64) (Records, error) {
	found, err := reaching(ctx, r, atLeast, func(ctx context.Context) (found Records, position uint64, err error) {
		found.Position, err = r.snapshot(ctx, func(rows pgx.Rows) (err error) {
			found.Records, err = records(rows)
			return err
		}, oneSQL, [16]byte(id))
		return found, found.Position, err
	})
	return found, wrapped("read a non-association", err)
}

// OfPrisoner lists the records of a prisoner, open and closed, the oldest first. Errors:
// ErrNotCaughtUp, ErrBehind.
func (r *Reader) OfPrisoner(ctx context.Context, number domain.PrisonerNumber, atLeast uint64) (Records, error) {
	found, err := reaching(ctx, r, atLeast, func(ctx context.Context) (found Records, position uint64, err error) {
		found.Position, err = r.snapshot(ctx, func(rows pgx.Rows) error { return found.readOfPrisoner(rows, number) },
			ofPrisonerSQL, []string{string(number)}, string(number))
		return found, found.Position, err
	})
	return found, wrapped("read those of a prisoner", err)
}

// readOfPrisoner takes the rows of ofPrisonerSQL. Where there is no record it is one row,
// which has only the number at the end of the merges.
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
	// A number that was removed may have records again, which a later sync named. They
	// are answered, and the survivor is not (ADR 0016).
	if err == nil && len(found.Records) == 0 && end != number {
		found.Survivor = end
	}
	return err
}

// texts converts prisoner numbers for an argument of type text[].
func texts(numbers []domain.PrisonerNumber) []string {
	all := make([]string, len(numbers))
	for i, number := range numbers {
		all[i] = string(number)
	}
	return all
}

// records reads all rows of id, pair and state.
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

// states caches the decoded states of pairs. A pair comes once for each of its records,
// and always with the same state.
type states map[string]domain.State

func (s states) record(id uuid.UUID, pair string, text []byte) (Record, error) {
	state, known := s[pair]
	if !known {
		if err := json.Unmarshal(text, &state); err != nil {
			return Record{}, fmt.Errorf("read the state of a pair: %w", err)
		}
		s[pair] = state
	}
	// Row and state are written in one transaction, so this cannot fail unless one of the
	// two was changed by hand.
	i := state.Find(id)
	if i < 0 {
		return Record{}, fmt.Errorf("non-association %s is not in the state of its pair: rebuild the read model", id)
	}
	return Record{state.Pair, state.Items[i]}, nil
}
