// Package postgres has the SQL that gives each role its rights in Postgres, so that the
// program can run it where there is no psql.
package postgres

import (
	_ "embed"
	"strings"
)

//go:embed roles.sql
var roles string

// Roles returns roles.sql for a driver: without the lines that psql takes for itself.
func Roles() string {
	var sql strings.Builder
	for line := range strings.Lines(roles) {
		if !strings.HasPrefix(line, `\`) {
			sql.WriteString(line)
		}
	}
	return sql.String()
}
