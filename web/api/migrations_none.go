package api

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

	"nonassociations/nomis/migration"
)

// noMigrations are the migrations of a process that is not configured for any. Each of
// its methods is refused in words.
type noMigrations struct{}

// refusal is a 503.
func (noMigrations) refusal() problem {
	p := plain(http.StatusServiceUnavailable, "Migrations are not configured in this process: NOMIS_API_URL is not set")
	p.retryAfter = "60"
	return p
}

// Start implements [Migrations].
func (n noMigrations) Start(context.Context, migration.Order) (migration.Run, error) {
	return migration.Run{}, n.refusal()
}

// Cancel implements [Migrations].
func (n noMigrations) Cancel(context.Context, uuid.UUID) error { return n.refusal() }

// Get implements [Migrations].
func (n noMigrations) Get(context.Context, uuid.UUID) (migration.Run, error) {
	return migration.Run{}, n.refusal()
}

// Active implements [Migrations].
func (n noMigrations) Active(context.Context) (migration.Run, error) {
	return migration.Run{}, n.refusal()
}

// All implements [Migrations].
func (n noMigrations) All(context.Context, time.Time, time.Time) ([]migration.Run, error) {
	return nil, n.refusal()
}

// Failures implements [Migrations].
func (n noMigrations) Failures(context.Context, uuid.UUID, string, int, int) ([]migration.Failure, int, error) {
	return nil, 0, n.refusal()
}
