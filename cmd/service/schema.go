package service

import (
	"context"

	"nonassociations/eventstore/postgres"
)

// SchemaUp brings the durable tables of every room up to this build; repeating
// it changes nothing. What projections write needs none: they make it.
func SchemaUp(ctx context.Context, config Config) error {
	if dsn := config.logDSN(); dsn != "" {
		return postgres.Migrate(ctx, dsn)
	}
	return nil
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
