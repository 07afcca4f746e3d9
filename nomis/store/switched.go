package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"nonassociations/domain"
)

// ErrOtherCheckpoint means that another process has moved the checkpoint.
var ErrOtherCheckpoint = errors.New("the checkpoint has been moved by another process")

// SwitchedCheckpoint returns the position of the log up to which KeepSwitched has kept what
// came while inbound was not allowed; 0 at first.
func (s *Store) SwitchedCheckpoint(ctx context.Context) (uint64, error) {
	var position uint64
	err := s.pool.QueryRow(ctx, `SELECT coalesce(max(position), 0) FROM nomis.switched_checkpoint`).Scan(&position)
	if err != nil {
		return 0, fmt.Errorf("read the checkpoint of switched facts: %w", err)
	}
	return position, nil
}

// MoveSwitchedCheckpoint moves the checkpoint from one position to another, also back.
// Errors: ErrOtherCheckpoint when it is not there, and faults.
func (s *Store) MoveSwitchedCheckpoint(ctx context.Context, from, to uint64) error {
	return s.keepSwitched(ctx, from, to, func(pgx.Tx) error { return nil })
}

// KeepSwitched adds a difference that came while inbound was not allowed, beside those that
// the pair has, rings for the pair, and moves the checkpoint, in one transaction. A
// difference of the same record with the same sides and problem stays as it is. The caller
// holds the lock of the pair. Errors: as of MoveSwitchedCheckpoint.
func (s *Store) KeepSwitched(ctx context.Context, from, to uint64, now time.Time, pair domain.Pair, f Finding) error {
	return s.keepSwitched(ctx, from, to, func(tx pgx.Tx) error {
		living, err := differences(ctx, tx, `WHERE pair = $1 AND state IN ('OPEN', 'ACCEPTED') FOR UPDATE`, pair.String())
		if err != nil {
			return err
		}
		batch := &pgx.Batch{}
		if err := queueBeside(batch, pair, now, living, f); err != nil {
			return err
		}
		pairs, causes, deletions := columnsOf([]Ring{{Pair: pair, Cause: Cause{Kind: Switched}}}, now)
		batch.Queue(ringSQL, now.Truncate(time.Microsecond), pairs, causes, deletions, mostCauses)
		return tx.SendBatch(ctx, batch).Close()
	})
}

// queueBeside queues a finding without an end of the other differences.
func queueBeside(batch *pgx.Batch, pair domain.Pair, now time.Time, living []Difference, f Finding) error {
	d, is := Difference{}, false
	for _, other := range living {
		if other.IsOf(f) {
			d, is = other, true
		}
	}
	if d.isKept() || is && d.Problem == f.Problem && d.sameSides(f) {
		return nil
	}
	if !is {
		d = newDifference(pair, now)
	}
	return queueFinding(batch, d, f, now, domain.Today(now), is)
}

func (s *Store) keepSwitched(ctx context.Context, from, to uint64, keep func(pgx.Tx) error) error {
	err := s.moveCheckpoint(ctx, "nomis.switched_checkpoint", from, to, keep)
	if err != nil && !errors.Is(err, ErrOtherCheckpoint) {
		return fmt.Errorf("keep what came while inbound was not allowed: %w", err)
	}
	return err
}
