package app

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"

	rights "nonassociations/deploy/postgres"
	"nonassociations/internal/pg"
)

// SchemaRoles makes the roles of Postgres and gives each its rights, in each database of the
// configuration. It does all or nothing in a database, and repeating it changes nothing.
// Errors: the login of DATABASE_URL is not the owner of the database, or may not make roles.
func SchemaRoles(ctx context.Context, config *Config) error {
	for _, dsn := range config.ownDatabases() {
		if err := giveRoles(ctx, dsn); err != nil {
			return err
		}
	}
	return nil
}

// ownDatabases returns the databases that durable tables lie in, each once.
func (c Config) ownDatabases() []string {
	if log := c.logDSN(); log != "" && log != c.DatabaseURL {
		return []string{c.DatabaseURL, log}
	}
	return []string{c.DatabaseURL}
}

func giveRoles(ctx context.Context, dsn string) error {
	conn, err := pg.Connect(ctx, dsn)
	if err != nil {
		return fmt.Errorf("give the roles their rights: %w", err)
	}
	defer closeWithin(ctx, conn)
	_, err = conn.Exec(ctx, rights.Roles())
	var refused *pgconn.PgError
	if errors.As(err, &refused) && refused.Hint != "" {
		return fmt.Errorf("give the roles their rights: %w (%s)", err, refused.Hint)
	}
	if err != nil {
		return fmt.Errorf("give the roles their rights: %w", err)
	}
	return nil
}
