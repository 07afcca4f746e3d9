package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
)

// MigrationRequest selects what is migrated, by at most one of its first four fields;
// without any, all that NOMIS lists.
type MigrationRequest struct {
	PrisonerNumbers []string         `json:"prisonerNumbers,omitempty"`
	Pairs           [][]string       `json:"pairs,omitempty"` // of two prisoner numbers each
	FailedOf        string           `json:"failedOf,omitzero"`
	Sample          *MigrationSample `json:"sample,omitempty"`
	DryRun          bool             `json:"dryRun,omitzero"`
}

// MigrationSample is a number of pairs that a seed chooses.
type MigrationSample struct {
	Size int `json:"size"`
	Seed int `json:"seed"`
}

// MigrationsParams bounds when the migrations began, both included. Times are London's,
// such as 2026-12-01T10:15:00. "" is no bound.
type MigrationsParams struct{ FromDateTime, ToDateTime string }

// FailuresParams selects a page of failures.
type FailuresParams struct {
	Cause string // "": every cause
	Page  int    // from 0
	Size  int    // 0 stands for 20
}

// ofMigration is the path of a migration.
const ofMigration = "/migrate/history/{}"

// StartMigration requests a migration. While another one is at work the answer is an
// [Error] with status 409.
func (c *Client) StartMigration(ctx context.Context, what MigrationRequest) (Response[MigrationStart], error) {
	return send[MigrationStart](ctx, c, request{method: http.MethodPost, path: "/migrate/non-associations", body: what})
}

// CancelMigration asks a migration to end. Repeating is safe.
func (c *Client) CancelMigration(ctx context.Context, id string) (Response[Empty], error) {
	return send[Empty](ctx, c, request{method: http.MethodPost, path: queryOf("/migrate/cancel/{}", id)})
}

// Migration returns a migration as it is now.
func (c *Client) Migration(ctx context.Context, id string) (Response[Migration], error) {
	return send[Migration](ctx, c, request{method: http.MethodGet, path: queryOf(ofMigration, id)})
}

// ActiveMigration returns the migration that is at work. While none is, the answer is an
// [Error] with status 404.
func (c *Client) ActiveMigration(ctx context.Context) (Response[Migration], error) {
	return send[Migration](ctx, c, request{method: http.MethodGet, path: "/migrate/history/active/NON_ASSOCIATIONS"})
}

// Migrations returns the migrations that began in a time, the newest first.
func (c *Client) Migrations(ctx context.Context, ask MigrationsParams) (Response[[]Migration], error) {
	query := url.Values{}
	set(query, "fromDateTime", ask.FromDateTime)
	set(query, "toDateTime", ask.ToDateTime)
	return send[[]Migration](ctx, c, request{method: http.MethodGet, path: "/migrate/history/all/NON_ASSOCIATIONS", query: query})
}

// MigrationFailures returns a page of the pairs that were not migrated, by cause and pair.
func (c *Client) MigrationFailures(ctx context.Context, id string, ask FailuresParams) (Response[MigrationFailures], error) {
	query := url.Values{}
	set(query, "cause", ask.Cause)
	if ask.Page > 0 {
		query.Set("page", strconv.Itoa(ask.Page))
	}
	if ask.Size > 0 {
		query.Set("size", strconv.Itoa(ask.Size))
	}
	return send[MigrationFailures](ctx, c, request{method: http.MethodGet, path: queryOf(ofMigration+"/failures", id), query: query})
}
