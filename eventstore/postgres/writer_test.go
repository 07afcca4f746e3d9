package postgres_test

import (
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"nonassociations/eventstore"
	"nonassociations/internal/dev/testdb"
)

// past are the ways to add an event, or to change what adds them, without append.
var past = map[string]string{
	"insert":                  "INSERT INTO eventstore.events VALUES (99, 's', 0, gen_random_uuid(), 't', '', '')",
	"insert what is there":    "INSERT INTO eventstore.events SELECT position + 50, stream, revision + 50, id, type, data, metadata FROM eventstore.events",
	"insert or do nothing":    "INSERT INTO eventstore.events VALUES (99, 's', 0, gen_random_uuid(), 't', '', '') ON CONFLICT DO NOTHING",
	"merge":                   "MERGE INTO eventstore.events e USING (SELECT 99 AS p) n ON e.position = n.p WHEN NOT MATCHED THEN INSERT VALUES (99, 's', 0, gen_random_uuid(), 't', '', '')",
	"another append":          "CREATE OR REPLACE FUNCTION eventstore.append() RETURNS int LANGUAGE sql AS 'SELECT 1'",
	"append as the caller":    "ALTER FUNCTION eventstore.append SECURITY INVOKER",
	"append with its own way": "ALTER FUNCTION eventstore.append SET search_path = public",
	"a trigger":               "CREATE TRIGGER own BEFORE INSERT ON eventstore.events FOR EACH ROW EXECUTE FUNCTION eventstore.refuse_change()",
	"a table beside it":       "CREATE TABLE eventstore.more (n int)",
}

func TestWritersRole_addsOnlyThroughAppend(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	owner := connect(t, dsn, "")
	for name, prepare := range map[string]func(t *testing.T){
		"as migrated":  func(*testing.T) {},
		"as roles.sql": func(t *testing.T) { applyRoles(t, owner); applyRoles(t, owner) },
		"from a build before": func(t *testing.T) {
			_, err := owner.Exec(t.Context(), "GRANT ALL ON eventstore.events TO nonassociations_writer")
			require.NoError(t, err)
			applyRoles(t, owner)
		},
	} {
		t.Run(name, func(t *testing.T) {
			prepare(t)
			store := open(t, with(t, dsn, "role", "nonassociations_writer"))
			next := newStream(body)
			_, err := store.Append(t.Context(), next)
			require.NoError(t, err)
			read, err := store.ReadStream(t.Context(), next.Stream, eventstore.Forwards, 0, 1)
			require.NoError(t, err)
			require.Len(t, read, 1)

			writer := connect(t, dsn, "")
			_, err = writer.Exec(t.Context(), "SET ROLE nonassociations_writer")
			require.NoError(t, err)
			for way, statement := range past {
				_, err := writer.Exec(t.Context(), statement)
				var refused *pgconn.PgError
				require.ErrorAs(t, err, &refused, way)
				require.Equal(t, "42501", refused.Code, "%s: %s", way, refused.Message)
			}
		})
	}
}

func applyRoles(t *testing.T, owner *pgx.Conn) {
	t.Helper()
	_, err := owner.Exec(t.Context(), testdb.Script(t, "../../deploy/postgres/roles.sql"))
	require.NoError(t, err)
}

// A function that runs with its owner's rights must not find what a caller has put
// in its way.
func TestFunctions_withTheOwnersRightsHaveAPathOfTheirOwn(t *testing.T) {
	t.Parallel()
	conn := connect(t, migrated(t), "")
	rows, err := conn.Query(t.Context(), `SELECT proname || ' ' || coalesce(array_to_string(proconfig, ','), '') FROM pg_proc
		WHERE prosecdef AND pronamespace = 'eventstore'::regnamespace`)
	require.NoError(t, err)
	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	require.Equal(t, []string{"append search_path=pg_catalog, pg_temp"}, found)
}

// The writer's role may call append with anything. Whatever it says, streams and
// positions have no gaps.
func TestAppendFunction_makesNoGap(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	owner, writer := connect(t, dsn, ""), connect(t, dsn, "")
	_, err := writer.Exec(t.Context(), "SET ROLE nonassociations_writer")
	require.NoError(t, err)
	const call = `SELECT head FROM eventstore.append($1::text[], $2::bigint[], $3::int[], $4::int[],
		(SELECT array_agg(gen_random_uuid()) FROM unnest($3::int[])), (SELECT array_agg('t'::text) FROM unnest($3::int[])),
		(SELECT array_agg(''::bytea) FROM unnest($3::int[])), (SELECT array_agg(''::bytea) FROM unnest($3::int[])))`
	for name, row := range map[string]struct {
		streams       []*string
		expected      []int64
		append, place []*int32
	}{
		"begins at the second":      {names("a"), []int64{-1}, numbers(1), numbers(2)},
		"leaves one out":            {names("a"), []int64{-1}, numbers(1, 1), numbers(1, 3)},
		"the same place twice":      {names("a"), []int64{-1}, numbers(1, 1), numbers(1, 1)},
		"place 0":                   {names("a"), []int64{-1}, numbers(1), numbers(0)},
		"one of two leaves one out": {names("a", "b"), []int64{-1, -1}, numbers(1, 2, 2), numbers(1, 1, 3)},
		"no place":                  {names("a"), []int64{-1}, numbers(1), []*int32{nil}},
		"no place, then one":        {names("a"), []int64{-1}, numbers(1, 1), []*int32{nil, ptr(int32(1))}},
		"of no append":              {names("a"), []int64{-1}, numbers(2), numbers(1)},
		"of append nothing":         {names("a"), []int64{-1}, []*int32{nil}, numbers(1)},
		"one stream twice":          {names("a", "a"), []int64{-1, -1}, numbers(1, 2), numbers(1, 1)},
		"no stream":                 {[]*string{nil}, []int64{-1}, numbers(1), numbers(1)},
	} {
		t.Run(name, func(t *testing.T) {
			var head int64
			err := writer.QueryRow(t.Context(), call, row.streams, row.expected, row.append, row.place).Scan(&head)
			var written int
			require.NoError(t, owner.QueryRow(t.Context(), "SELECT count(*) FROM eventstore.events").Scan(&written))
			require.Zero(t, written, "%v", err)
		})
	}
	// Go's arrays begin at 1, and those of SQL may begin anywhere.
	for name, row := range map[string]struct {
		place, ids string
		written    int
	}{
		"a place beside the first":  {`'[-1:1]={1,1,2}'`, `ARRAY[gen_random_uuid()]`, 0},
		"the place at no first":     {`'[0:0]={1}'`, `ARRAY[gen_random_uuid()]`, 1},
		"a place in two dimensions": {`'{{1}}'`, `ARRAY[gen_random_uuid()]`, 1},
		"more ids than events":      {`ARRAY[1]`, `ARRAY[gen_random_uuid(), gen_random_uuid()]`, 0},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := writer.Exec(t.Context(), `SELECT eventstore.append(ARRAY['a'], ARRAY[-1], ARRAY[1], `+row.place+`, `+row.ids+`,
				ARRAY['t'], ARRAY[''::bytea], ARRAY[''::bytea])`)
			var written, wrong int
			require.NoError(t, owner.QueryRow(t.Context(), "SELECT count(*), count(*) FILTER (WHERE revision <> 0) FROM eventstore.events").Scan(&written, &wrong))
			require.Zero(t, wrong, "%v", err)
			require.Equal(t, row.written, written, "%v", err)
			_, err = owner.Exec(t.Context(), "BEGIN; SET LOCAL session_replication_role = replica; ALTER TABLE eventstore.events DISABLE TRIGGER append_only; TRUNCATE eventstore.events; ALTER TABLE eventstore.events ENABLE ALWAYS TRIGGER append_only; COMMIT")
			require.NoError(t, err)
		})
	}
	var head int64
	err = writer.QueryRow(t.Context(), call, names("a", "b"), []int64{-1, -1}, numbers(1, 1, 2), numbers(1, 2, 1)).Scan(&head)
	require.NoError(t, err, "and a right call is taken")
	for _, row := range []struct{ stream, want string }{{"a", "1/0 2/1"}, {"b", "3/0"}} {
		var found string
		err := owner.QueryRow(t.Context(), "SELECT string_agg(position || '/' || revision, ' ' ORDER BY position) FROM eventstore.events WHERE stream = $1", row.stream).Scan(&found)
		require.NoError(t, err)
		require.Equal(t, row.want, found)
	}
}

func names(of ...string) []*string {
	pointers := make([]*string, len(of))
	for i := range of {
		pointers[i] = &of[i]
	}
	return pointers
}

func numbers(of ...int32) []*int32 {
	pointers := make([]*int32, len(of))
	for i := range of {
		pointers[i] = &of[i]
	}
	return pointers
}

func ptr[T any](value T) *T { return &value }
