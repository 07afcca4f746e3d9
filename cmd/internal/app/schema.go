package app

import (
	"context"

	"nonassociations/commands/idempotency"
	"nonassociations/eventstore/consumer/status"
	"nonassociations/eventstore/postgres"
	"nonassociations/publisher/store"
)

// SchemaUp brings the durable tables of every room up to this build; repeating
// it changes nothing. What projections write needs none: they make it.
func SchemaUp(ctx context.Context, config Config) error {
	if err := checkAllGrants(ctx, config.requirementsOf(grantsOfLogSchema, grantsOfSchemas)); err != nil {
		return err
	}
	if dsn := config.logDSN(); dsn != "" {
		if err := postgres.Migrate(ctx, dsn); err != nil {
			return err
		}
	}
	if err := idempotency.Migrate(ctx, config.DatabaseURL); err != nil {
		return err
	}
	if err := status.Migrate(ctx, config.DatabaseURL); err != nil {
		return err
	}
	return store.Migrate(ctx, config.DatabaseURL)
}

// logDSN is the Postgres that holds the log, "" when an EventStoreDB does.
func (c Config) logDSN() string {
	switch {
	case c.EventStoreURL == Embedded:
		return c.DatabaseURL
	case hasScheme(c.EventStoreURL, postgresSchemes):
		return c.EventStoreURL
	}
	return ""
}
