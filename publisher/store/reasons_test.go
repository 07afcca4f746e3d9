package store_test

import (
	"io/fs"
	"os"
	"testing"
	"testing/fstest"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"nonassociations/internal/dev/testdb"
	"nonassociations/internal/pg/migrate"
	"nonassociations/publisher/store"
)

// What a build before kept of SNS's words is reduced to the code.
func TestOld_reasonsLoseTheirWords(t *testing.T) {
	dsn := testdb.New(t)
	older := fstest.MapFS{}
	all, err := fs.Glob(os.DirFS("."), "migrations/*.sql")
	require.NoError(t, err)
	for _, file := range all {
		if file == "migrations/00005_reasons.sql" {
			break
		}
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		older[file] = &fstest.MapFile{Data: text}
	}
	require.NoError(t, migrate.Schema{Name: "publisher", LockID: migrate.PublisherLock, Files: older}.Migrate(t.Context(), dsn))
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	defer conn.Close(t.Context())
	cases := []struct{ state, was, want string }{
		{"refused", "InvalidParameter: Invalid parameter: Message Reason: He knows\nwhere A1234BC lives", "InvalidParameter"},
		{"failing", "SNS: SomethingNew: He knows where A1234BC lives", "SomethingNew"},
		{"failing", "SNS: operation error SNS: PublishBatch, https response error StatusCode: 400, api error Odd: lives", "Odd"},
		{"failing", "SNS: dial tcp 10.0.0.1:443: no route to host", "OTHER"},
		{"refused", "He knows where A1234BC lives", "OTHER"},
		{"blocked", "", ""},
		{"skipped", "told by telephone: it was urgent", "told by telephone: it was urgent"},
	}
	for i, c := range cases {
		_, err = conn.Exec(t.Context(), `INSERT INTO publisher.parked
			(topic, event_id, pairs, revision, "commit", prepare, state, reason, tries, parked_at, changed_at)
			VALUES ('domain', gen_random_uuid(), ARRAY['A0135GA_A9109UD'], $1, $1, $1, $2, $3, 1, now(), now())`, i, c.state, c.was)
		require.NoError(t, err)
	}
	require.NoError(t, store.Migrate(t.Context(), dsn))
	parked, err := store.All(t.Context(), conn, "domain")
	require.NoError(t, err)
	require.Len(t, parked, len(cases))
	for i, c := range cases {
		require.Equal(t, c.want, parked[i].Reason, c.was)
	}
}
