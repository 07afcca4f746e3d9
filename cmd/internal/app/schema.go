package app

import (
	"context"

	evidencestore "nonassociations/audit/evidence/store"
	"nonassociations/commands/idempotency"
	"nonassociations/eventstore/consumer/status"
	"nonassociations/eventstore/postgres"
	"nonassociations/internal/pg/migrate"
	nomisstore "nonassociations/nomis/store"
	"nonassociations/publisher/store"
	screensstore "nonassociations/web/screens/store"
)

// SchemaUp creates and upgrades the durable tables of all packages. Repeating it changes
// nothing. Tables of the read model are no part of it: projections make them.
func SchemaUp(ctx context.Context, config Config) error {
	if err := checkAllGrants(ctx, config.requirementsOf(grantsOfLogSchema, grantsOfSchemas)); err != nil {
		return err
	}
	schemas := []migrate.Schema{
		idempotency.Schema, status.Schema, nomisstore.Schema, screensstore.Schema, evidencestore.Schema, store.Schema,
	}
	switch dsn := config.logDSN(); dsn {
	case "":
	case config.DatabaseURL:
		schemas = append(schemas, postgres.Schema)
	default:
		if err := postgres.Migrate(ctx, dsn); err != nil {
			return err
		}
	}
	return migrate.Up(ctx, config.DatabaseURL, schemas...)
}

// logDSN returns the Postgres that holds the log, "" when an EventStoreDB holds it.
func (c Config) logDSN() string {
	switch {
	case c.EventStoreURL == Embedded:
		return c.DatabaseURL
	case hasScheme(c.EventStoreURL, postgresSchemes):
		return c.EventStoreURL
	}
	return ""
}
