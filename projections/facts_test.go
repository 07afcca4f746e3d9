package projections_test

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// How long a fact may take to come true on a busy machine, and how often to look.
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
