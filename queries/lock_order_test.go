package queries_test

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/projections/generation"
	"nonassociations/queries"
)

// inFlipOrder are the views in the order in which a flip replaces them.
func inFlipOrder() []string {
	names := []string{"read.checkpoint"}
	for _, table := range generation.Tables {
		names = append(names, "read."+table.Name)
	}
	return names
}

// rowless are the methods of a Reader that read no row.
var rowless = []string{"Advance", "Close", "Ping", "Position", "WaitFor", "Wanted"}

// everyRead is each read of a Reader, by the name of its method and what it is asked for.
func everyRead(reader *queries.Reader, id uuid.UUID) map[string]func(context.Context) error {
	all := map[string]func(context.Context) error{
		"Live": func(ctx context.Context) error {
			_, err := reader.Live(ctx, today, uuid.Nil, 10)
			return err
		},
		"StatesBetween": func(ctx context.Context) error {
			_, err := reader.StatesBetween(ctx, "", "", 10)
			return err
		},
		"Generation": func(ctx context.Context) error {
			_, err := reader.Generation(ctx)
			return err
		},
	}
	for name, ask := range asked(reader) {
		for _, number := range []domain.PrisonerNumber{"A1111AA", "Z1111ZZ"} {
			all[name+" "+string(number)] = func(ctx context.Context) error { return ask(ctx, number) }
		}
	}
	for name, read := range marks(id) {
		all[name] = func(ctx context.Context) error { _, _, err := read(ctx, reader, 0); return err }
	}
	for name, read := range routers(id) {
		all[name] = func(ctx context.Context) error { return read(ctx, reader, 0) }
	}
	return all
}

func TestReads_areAllWalkedForTheirLocks(t *testing.T) {
	var walked []string
	for name := range everyRead(nil, uuid.Nil) {
		walked = append(walked, strings.Fields(name)[0])
	}
	for method := range reflect.TypeFor[*queries.Reader]().Methods() {
		require.NotEqual(t, slices.Contains(walked, method.Name), slices.Contains(rowless, method.Name), method.Name)
	}
}

// A flip holds the views that it has replaced, and waits for the next one. A read that
// waits for a view which a flip holds must hold none for which the flip will wait: both
// would wait until the flip gives up, and all other reads with them. A plan that is kept
// locks in an order of its own, so each read is walked with and without.
func TestReads_lockTheirViewsInTheOrderOfAFlip(t *testing.T) {
	t.Parallel()
	p, id := markedModel(t)
	for how, reader := range map[string]*queries.Reader{
		"kept": single(t, p.dsn), "made each time": single(t, p.dsn+"&default_query_exec_mode=cache_describe"),
	} {
		reads := everyRead(reader, id)
		// A list is read by itself before merges and list are read together.
		reads["emptyListSQL"] = func(ctx context.Context) error { return queries.EmptyList(ctx, reader, "Z1111ZZ") }
		for name, read := range reads {
			require.NoError(t, read(t.Context()), name) // from now on its plan may be kept
			met := 0
			for i, view := range inFlipOrder() {
				held := p.heldWhileWaiting(view, func() error { return read(context.Background()) })
				if held != nil {
					met++
				}
				for _, later := range inFlipOrder()[i+1:] {
					require.NotContains(t, held, later, "%s, its plan %s, waits for %s", name, how, view)
				}
			}
			require.Positive(t, met, "%s reads no view", name)
		}
	}
}

// heldWhileWaiting returns the views that a read has locked when it waits for a view; nil
// when it does not read that one.
func (p projector) heldWhileWaiting(view string, read func() error) (held []string) {
	p.t.Helper()
	var text string
	require.NoError(p.t, p.conn.QueryRow(context.Background(), `SELECT pg_get_viewdef($1::text::regclass)`, view).Scan(&text))
	tx, err := p.conn.Begin(context.Background())
	require.NoError(p.t, err)
	_, err = tx.Exec(context.Background(), `CREATE OR REPLACE VIEW `+view+` AS `+strings.TrimSuffix(text, ";"))
	require.NoError(p.t, err)
	ended := make(chan error, 1)
	go func() { ended <- read() }()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for held == nil {
		require.NoError(p.t, ctx.Err(), "the read neither ends nor waits")
		select {
		case err := <-ended: // it does not read the view
			require.NoError(p.t, err)
			require.NoError(p.t, tx.Rollback(context.Background()))
			return nil
		default:
			held = viewsOfWaiting(p.t, tx, view)
		}
	}
	require.NoError(p.t, tx.Rollback(context.Background()))
	require.NoError(p.t, <-ended)
	return held
}

// viewsOfWaiting returns what those sessions hold that wait for a view; nil when none waits.
func viewsOfWaiting(t testing.TB, tx pgx.Tx, view string) []string {
	t.Helper()
	rows, err := tx.Query(context.Background(), `SELECT coalesce(h.relation::regclass::text, '') FROM pg_locks w
		JOIN pg_stat_activity s ON s.pid = w.pid AND s.query NOT LIKE 'SELECT c.version::text%' -- that of the listener
		LEFT JOIN pg_locks h ON h.pid = w.pid AND h.granted AND h.relation IS NOT NULL
		WHERE NOT w.granted AND w.relation = $1::text::regclass
		AND w.database = (SELECT oid FROM pg_database WHERE datname = current_database())`, view)
	require.NoError(t, err)
	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	if len(found) == 0 {
		return nil
	}
	return slices.DeleteFunc(found, func(name string) bool { return !strings.HasPrefix(name, "read.") })
}
