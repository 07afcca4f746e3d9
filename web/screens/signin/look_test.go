package signin_test

import (
	"encoding/hex"
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// count is the number that a query returns.
func (f *fixture) count(sql string, args ...any) (n int) {
	f.t.Helper()
	conn, err := pgx.Connect(f.t.Context(), f.dsn)
	require.NoError(f.t, err)
	defer conn.Close(f.t.Context())
	require.NoError(f.t, conn.QueryRow(f.t.Context(), sql, args...).Scan(&n))
	return n
}

// dump is what the tables of sessions hold, as text; bytea in hexadecimal and as it is.
func (f *fixture) dump() string {
	f.t.Helper()
	conn, err := pgx.Connect(f.t.Context(), f.dsn)
	require.NoError(f.t, err)
	defer conn.Close(f.t.Context())
	var all []string
	for _, table := range []string{"session", "sign_in_attempt", "kept_form"} {
		rows, err := conn.Query(f.t.Context(), `SELECT t::text FROM screens.`+table+` t`)
		require.NoError(f.t, err)
		texts, err := pgx.CollectRows(rows, pgx.RowTo[string])
		require.NoError(f.t, err)
		all = append(all, texts...)
	}
	return strings.Join(all, "\n")
}

// swap gives a parameter of a path another value; "" removes it.
func swap(path, name, value string) string {
	to, _ := url.Parse(path)
	query := to.Query()
	query.Set(name, value)
	if value == "" {
		query.Del(name)
	}
	to.RawQuery = query.Encode()
	return to.String()
}

func valueOf(path, name string) string {
	to, _ := url.Parse(path)
	return url.QueryEscape(to.Query().Get(name))
}

// hexOf is a text as Postgres shows its bytes.
func hexOf(text string) string { return hex.EncodeToString([]byte(text)) }
