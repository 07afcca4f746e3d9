package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"nonassociations/domain"
)

// ReleaseBrake lets turns go on, and begins to count anew. After a release from DPS each
// counted pair is a [RestoredPair] until it is in step. It is one transaction. Errors:
// ErrNoBrake when the brake is not on, and faults.
func (s *Store) ReleaseBrake(ctx context.Context, release Release) error {
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if err := lockBrake(ctx, tx); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, `UPDATE nomis.brake SET released_at = $1, released_from = $2, reason = $3, released_by = $4
			WHERE released_at IS NULL`, release.At, string(release.From), release.Reason, release.By)
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return ErrNoBrake
		}
		follow := `DELETE FROM nomis.restored_pair`
		if release.From == FromDPS {
			follow = `INSERT INTO nomis.restored_pair AS r (pair, released_at, forms)
				SELECT pair, (SELECT max(released_at) FROM nomis.brake), forms FROM nomis.given_back
				ON CONFLICT (pair) DO UPDATE SET released_at = excluded.released_at, forms = r.forms || excluded.forms`
		}
		if _, err := tx.Exec(ctx, follow); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `DELETE FROM nomis.given_back`)
		return err
	})
	if err != nil && !errors.Is(err, ErrNoBrake) {
		return fmt.Errorf("release the brake of NOMIS: %w", err)
	}
	return err
}

// RestoredPair is a pair of which NOMIS gave older forms back before turns were stopped,
// while it is not yet in step again. Records are those that were given back and are not
// yet differences. The zero RestoredPair is any other pair.
type RestoredPair struct {
	ReleasedAt time.Time // of the brake, from DPS
	Records    []GivenBack
}

// RestoredPair returns what is known of a pair.
func (s *Store) RestoredPair(ctx context.Context, pair domain.Pair) (RestoredPair, error) {
	var (
		found RestoredPair
		forms string
	)
	err := s.pool.QueryRow(ctx, `SELECT released_at, forms FROM nomis.restored_pair WHERE pair = $1`, pair.String()).Scan(&found.ReleasedAt, &forms)
	if errors.Is(err, pgx.ErrNoRows) {
		return RestoredPair{}, nil
	}
	if err == nil {
		found.Records, err = decodeGivenBack(forms)
	}
	if err != nil {
		return RestoredPair{}, fmt.Errorf("read whether NOMIS gave a pair back: %w", err)
	}
	return found, nil
}

// SettleRestored notes that the records of a restored pair are differences now, where
// they had to be, and forgets the pair when it is in step.
func (s *Store) SettleRestored(ctx context.Context, pair domain.Pair, inStep bool) error {
	sql := `UPDATE nomis.restored_pair SET forms = '[]' WHERE pair = $1`
	if inStep {
		sql = `DELETE FROM nomis.restored_pair WHERE pair = $1`
	}
	if _, err := s.pool.Exec(ctx, sql, pair.String()); err != nil {
		return fmt.Errorf("settle a pair that NOMIS gave back: %w", err)
	}
	return nil
}

// EndStaying ends a difference that only a person ends: the record is again what it was. It
// changes nothing of another one.
func (s *Store) EndStaying(ctx context.Context, id uuid.UUID, now time.Time) error {
	_, err := s.pool.Exec(ctx, `UPDATE nomis.difference SET state = 'REPAIRED', version = version + 1, ended_at = $2
		WHERE id = $1 AND state IN ('OPEN', 'ACCEPTED') AND stays`, id, now)
	if err != nil {
		return fmt.Errorf("end a difference: %w", err)
	}
	return nil
}
