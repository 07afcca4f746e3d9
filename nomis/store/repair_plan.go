package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// ErrNoPlan means that no such plan was ever made.
var ErrNoPlan = errors.New("there is no such plan")

// KeepPlan keeps what a plan of repairs was made from, as JSON. One with the same id stays
// as it is: the id is a hash of all that it says.
func (s *Store) KeepPlan(ctx context.Context, id, request, by string, now time.Time) error {
	_, err := s.pool.Exec(ctx, `INSERT INTO nomis.repair_plan (id, request, planned_by, planned_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT DO NOTHING`, id, request, by, now)
	if err != nil {
		return fmt.Errorf("keep a plan of repairs: %w", err)
	}
	return nil
}

// PlanOf returns what a plan was made from. Errors: ErrNoPlan, and faults.
func (s *Store) PlanOf(ctx context.Context, id string) (request string, err error) {
	err = s.pool.QueryRow(ctx, `SELECT request FROM nomis.repair_plan WHERE id = $1`, id).Scan(&request)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", ErrNoPlan
	}
	if err != nil {
		return "", fmt.Errorf("read a plan of repairs: %w", err)
	}
	return request, nil
}
