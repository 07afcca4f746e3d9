package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"nonassociations/domain"
)

// PrisonEdit are changes that staff made in NOMIS and that count in a prison.
type PrisonEdit struct {
	Prison domain.PrisonID
	Day    string // in London
	Edits  int
	Last   time.Time // the last of them
}

// Counting is what one step of counting is about.
type Counting struct {
	From, To uint64  // positions of the log; the checkpoint is at From
	Found    []int64 // ids of the found edits that are counted with it
	Today    string  // in London
	Edits    []PrisonEdit
}

// PrisonEdits is what was counted of one prison.
type PrisonEdits struct {
	Last     time.Time
	LastWeek int // on the last seven days, today is one of them
}

const (
	countEditsSQL = `INSERT INTO nomis.prison_edit AS e (prison_id, day, edits, last_at)
		VALUES ($1, $2::date, $3, $4)
		ON CONFLICT (prison_id, day) DO UPDATE SET edits = e.edits + excluded.edits, last_at = greatest(e.last_at, excluded.last_at)`
	// Nothing asks for more than seven days, and for the last change of each prison.
	forgetEditsSQL = `DELETE FROM nomis.prison_edit e WHERE day < $1::date - 8 AND EXISTS (
		SELECT FROM nomis.prison_edit l WHERE l.prison_id = e.prison_id AND (l.last_at, l.day) > (e.last_at, e.day))`
)

// EditCheckpoint returns the position of the log up to which CountEdits has counted; 0 at
// first.
func (s *Store) EditCheckpoint(ctx context.Context) (uint64, error) {
	var position uint64
	err := s.pool.QueryRow(ctx, `SELECT coalesce(max(position), 0) FROM nomis.prison_edit_checkpoint`).Scan(&position)
	if err != nil {
		return 0, fmt.Errorf("read the checkpoint of NOMIS's edits: %w", err)
	}
	return position, nil
}

// CountEdits adds edits to those that were counted, takes the found ones off the list, and
// moves the checkpoint, all or nothing. Errors: ErrOtherCheckpoint when another process was
// quicker, and faults.
func (s *Store) CountEdits(ctx context.Context, c Counting) error {
	return s.moveEditCheckpoint(ctx, c.From, c.To, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `DELETE FROM nomis.found_edit WHERE id = ANY($1::bigint[])`, c.Found)
		if err != nil {
			return err
		}
		if int(tag.RowsAffected()) != len(c.Found) {
			return ErrOtherCheckpoint
		}
		batch := &pgx.Batch{}
		for _, e := range c.Edits {
			batch.Queue(countEditsSQL, e.Prison, e.Day, e.Edits, e.Last)
		}
		batch.Queue(forgetEditsSQL, c.Today)
		return tx.SendBatch(ctx, batch).Close()
	})
}

// RestartEdits forgets what was counted, so that another log is counted from its beginning.
// Errors: as of CountEdits.
func (s *Store) RestartEdits(ctx context.Context, from uint64) error {
	return s.moveEditCheckpoint(ctx, from, 0, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM nomis.prison_edit`)
		return err
	})
}

func (s *Store) moveEditCheckpoint(ctx context.Context, from, to uint64, keep func(pgx.Tx) error) error {
	err := s.moveCheckpoint(ctx, "nomis.prison_edit_checkpoint", from, to, keep)
	if err != nil && !errors.Is(err, ErrOtherCheckpoint) {
		return fmt.Errorf("count NOMIS's edits: %w", err)
	}
	return err
}

// PrisonEdits returns what was counted of each prison, as of a day in London. It returns nil
// while nothing was counted yet; a prison that is missing has no edits.
func (s *Store) PrisonEdits(ctx context.Context, today string) (map[domain.PrisonID]PrisonEdits, error) {
	var begun bool
	if err := s.pool.QueryRow(ctx, `SELECT EXISTS (SELECT FROM nomis.prison_edit_checkpoint)`).Scan(&begun); err != nil {
		return nil, fmt.Errorf("read NOMIS's edits: %w", err)
	}
	if !begun {
		return nil, nil //nolint:nilnil // nobody has counted
	}
	rows, err := s.pool.Query(ctx, `SELECT prison_id, max(last_at),
			coalesce(sum(edits) FILTER (WHERE day > $1::date - 7 AND day <= $1::date), 0)::bigint
		FROM nomis.prison_edit GROUP BY prison_id`, today)
	if err != nil {
		return nil, fmt.Errorf("read NOMIS's edits: %w", err)
	}
	all := map[domain.PrisonID]PrisonEdits{}
	var id domain.PrisonID
	var of PrisonEdits
	_, err = pgx.ForEachRow(rows, []any{&id, &of.Last, &of.LastWeek}, func() error { all[id] = of; return nil })
	if err != nil {
		return nil, fmt.Errorf("read NOMIS's edits: %w", err)
	}
	return all, nil
}
