package projections_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"unicode"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/projections"
)

// isRaw reports whether a character must be escaped in answers and messages.
func isRaw(r rune) bool { return unicode.IsControl(r) || r == 0xfffe || r == 0xffff }

// everyRaw is a text of all such characters but NUL, which is never taken.
func everyRaw() string {
	var b strings.Builder
	for r := range rune(0x10000) {
		if isRaw(r) && r != 0 {
			b.WriteRune(r)
		}
	}
	return "a" + b.String() + "é"
}

// No document and no state holds a control character raw, and each reads back
// as it came, also when a document is taken apart and put together again.
func TestDocuments_holdNoRawControlCharacter(t *testing.T) {
	log, raw := newLog(t), everyRaw()
	dsn, conn := database(t)
	for _, other := range []string{"B1111BB", "C1111CC", "D1111DD"} {
		pair := pairOf(t, "A1111AA", other)
		told := item(pair, "2021-07-05T10:35:17", domain.CodeVictim, domain.CodePerpetrator)
		told.Comment, told.AuthorisedBy = &raw, &raw
		log.sync(pair, told)
		log.execute(pair, domain.DPS, domain.Close{ID: log.states[pair].Items[0].ID, ClosedReason: raw, ClosedBy: raw})
	}
	start(t, log.log, dsn, func(o *projections.Options) { o.BatchCatchup = 1 }).reaches(t, log.last)
	require.Eventually(t, func() bool { return viewsThere(conn) }, patience, poll)
	require.NotContains(t, strings.Join(allJSON(t, conn), ""), "\\ufffd")
	for _, text := range allJSON(t, conn) {
		require.False(t, strings.ContainsFunc(text, isRaw), "%q", text)
		require.True(t, json.Valid([]byte(text)))
	}
	requireDocumentsOf(t, conn, log)
	requireStatesOf(t, conn, log)
	var list struct {
		NonAssociations []struct{ Comments, AuthorisedBy string }
	}
	require.NoError(t, json.Unmarshal([]byte(document(t, conn, "A1111AA")), &list))
	require.Len(t, list.NonAssociations, 3)
	for _, n := range list.NonAssociations {
		require.Equal(t, raw, n.Comments)
		require.Equal(t, raw, n.AuthorisedBy)
	}
}

// allJSON is every JSON text of the read model.
func allJSON(t *testing.T, conn *pgx.Conn) []string {
	rows, err := conn.Query(context.Background(), `SELECT state FROM read_1.pair UNION ALL SELECT document FROM read_1.prisoner`)
	require.NoError(t, err)
	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	require.Len(t, found, 7)
	return found
}
