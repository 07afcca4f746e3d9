package app

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// boundTablesSQL lists the tables with a column store_id, with the rights of the current
// role on them.
const boundTablesSQL = `SELECT current_user::text, nspname::text, relname::text, quote_ident(nspname) || '.' || quote_ident(relname),
	has_schema_privilege(n.oid, 'USAGE'), has_column_privilege(c.oid, attnum, 'SELECT')
FROM pg_attribute JOIN pg_class c ON c.oid = attrelid JOIN pg_namespace n ON n.oid = relnamespace
WHERE attname = 'store_id' AND atttypid = 'uuid'::regtype AND NOT attisdropped
	AND relkind IN ('r', 'p') AND relpersistence <> 't'
	AND nspname <> 'read_verify' -- which is dropped again, whatever it is of
ORDER BY 2, 3`

// tablesWithLogID returns the quoted names of the tables. It switches row security off
// for the session: from then on Postgres refuses a query whose rows a policy would hide,
// instead of leaving them out.
func tablesWithLogID(ctx context.Context, conn *pgx.Conn) ([]string, error) {
	if _, err := conn.Exec(ctx, `SET row_security = off`); err != nil {
		return nil, fmt.Errorf("ask which log the tables are of: %w", err)
	}
	rows, err := conn.Query(ctx, boundTablesSQL)
	if err != nil {
		return nil, fmt.Errorf("ask which log the tables are of: %w", err)
	}
	var (
		role, schema, name, quoted string
		uses, reads                bool
		tables, rights             []string
	)
	_, err = pgx.ForEachRow(rows, []any{&role, &schema, &name, &quoted, &uses, &reads}, func() error {
		tables = append(tables, quoted)
		if !uses {
			rights = append(rights, schemaUse(schema).String())
		}
		if !reads {
			rights = append(rights, grant{"SELECT", "TABLE", schema, name}.String())
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("ask which log the tables are of: %w", err)
	}
	if len(rights) > 0 {
		return nil, &missingRights{role: role, rights: rights}
	}
	return tables, nil
}
