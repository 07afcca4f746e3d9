package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"nonassociations/domain"
)

// GivenBack is a record that a take would give a form that it had before.
type GivenBack struct {
	NonAssociationID uuid.UUID     `json:"id"`
	Before           domain.Detail `json:"before"` // the take
	After            domain.Detail `json:"after"`
}

// ErrOtherBrake means that the brake was set or released since it was read.
var ErrOtherBrake = errors.New("the brake is another one than the turn was planned on")

// GivingBack says when records that are given back stop all turns: when more than Most are
// within a time until now. Brake is the one that the turn was planned on.
type GivingBack struct {
	Now    time.Time
	Within time.Duration
	Most   int
	Brake  Brake
	Why    func(count int) string // of the brake that is set
}

// GiveBack notes that a take would give records of a pair a form back that they had
// before, and returns how many records of all pairs have done so within the time. A record
// is counted once: a repeat replaces what was noted of it. With more than Most it sets the
// brake. It is one transaction, which waits for a release and for another count, so that
// what was planned before a release counts neither before nor after it. Errors:
// ErrOtherBrake, and faults.
func (s *Store) GiveBack(ctx context.Context, g GivingBack, pair domain.Pair, records ...GivenBack) (int, error) {
	var count int
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if err := lockBrake(ctx, tx); err != nil {
			return err
		}
		brake, err := readBrake(ctx, tx)
		if err != nil {
			return err
		}
		if !brake.isThe(g.Brake) {
			return ErrOtherBrake
		}
		if err := note(ctx, tx, g, pair, records); err != nil {
			return err
		}
		err = tx.QueryRow(ctx, `SELECT coalesce(sum(records), 0) FROM nomis.given_back WHERE at > $1`, g.Now.Add(-g.Within)).Scan(&count)
		if err != nil || count <= g.Most {
			return err
		}
		return setBrake(ctx, tx, g.Now, g.Why(count))
	})
	if err != nil && !errors.Is(err, ErrOtherBrake) {
		return 0, fmt.Errorf("count the records that NOMIS gives back: %w", err)
	}
	return count, err
}

// note adds records to the row of a pair, and removes the rows of which the time has passed.
func note(ctx context.Context, tx pgx.Tx, g GivingBack, pair domain.Pair, records []GivenBack) error {
	if _, err := tx.Exec(ctx, `DELETE FROM nomis.given_back WHERE at < $1`, g.Now.Add(-g.Within)); err != nil {
		return err
	}
	var known string
	err := tx.QueryRow(ctx, `SELECT forms FROM nomis.given_back WHERE pair = $1`, pair.String()).Scan(&known)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return err
	}
	all, err := addTo(known, records)
	if err != nil {
		return err
	}
	forms, err := json.Marshal(all, json.Deterministic(true))
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO nomis.given_back (pair, at, records, forms) VALUES ($1, $2, $3, $4)
		ON CONFLICT (pair) DO UPDATE SET at = excluded.at, records = excluded.records, forms = excluded.forms`,
		pair.String(), g.Now, len(all), string(forms))
	return err
}

// addTo returns the records of a row with others in place of those of the same id. Of one
// that is given back again the oldest form counts as that before.
func addTo(known string, records []GivenBack) ([]GivenBack, error) {
	all, err := decodeGivenBack(known)
	if err != nil {
		return nil, err
	}
	for _, one := range records {
		at := slices.IndexFunc(all, func(g GivenBack) bool { return g.NonAssociationID == one.NonAssociationID })
		if at < 0 {
			all = append(all, one)
			continue
		}
		all[at].After = one.After
	}
	return all, nil
}

// decodeGivenBack reads the records of a row, none of "".
func decodeGivenBack(forms string) ([]GivenBack, error) {
	if forms == "" {
		return nil, nil
	}
	var all []GivenBack
	err := json.Unmarshal([]byte(forms), &all)
	return all, err
}

// CountedPair is a pair with records that were given back lately.
type CountedPair struct {
	Pair    domain.Pair
	Records int
}

// Counted returns the pairs that GiveBack has counted, in their order.
func (s *Store) Counted(ctx context.Context) ([]CountedPair, error) {
	rows, err := s.pool.Query(ctx, `SELECT pair, records FROM nomis.given_back ORDER BY pair`)
	if err != nil {
		return nil, fmt.Errorf("read the records that NOMIS gave back: %w", err)
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (c CountedPair, err error) {
		var pair string
		if err = row.Scan(&pair, &c.Records); err == nil {
			c.Pair, err = domain.ParsePair(pair)
		}
		return c, err
	})
	if err != nil {
		return nil, fmt.Errorf("read the records that NOMIS gave back: %w", err)
	}
	return all, nil
}
