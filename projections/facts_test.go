package projections_test

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// patience is how long a condition may take on a busy machine, poll how often it is checked.
const (
	patience = 20 * time.Second
	poll     = 5 * time.Millisecond
)

func viewsThere(conn *pgx.Conn) bool {
	return isTrue(conn, `SELECT to_regclass('read.prisoner') IS NOT NULL`)
}

func isTrue(conn *pgx.Conn, question string, args ...any) bool {
	var yes bool
	err := conn.QueryRow(context.Background(), question, args...).Scan(&yes)
	return err == nil && yes
}
