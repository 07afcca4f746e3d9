package queries_test

import (
	"context"
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

// everyRead is each read of a Reader, of a prisoner with records and of one without.
func everyRead(reader *queries.Reader, id uuid.UUID) map[string]func(context.Context) error {
	all := map[string]func(context.Context) error{
		"Live": func(ctx context.Context) error {
			_, err := reader.Live(ctx, today, uuid.Nil, 10)
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
	return all
}

// A flip holds the views that it has replaced, and waits for the next one. A read that
// waits for a view which a flip holds must hold none for which the flip will wait: both
// would wait until the flip gives up, and all other reads with them.
func TestReads_lockTheirViewsInTheOrderOfAFlip(t *testing.T) {
	t.Parallel()
	p, id := markedModel(t)
	reader := single(t, p.dsn)
	views := inFlipOrder()
	for name, read := range everyRead(reader, id) {
		require.NoError(t, read(t.Context()), name) // from now on its plan is kept
		met := 0
		for i, view := range views {
			if held := p.heldWhileWaiting(view, func() error { return read(context.Background()) }); held != nil {
				met++
				for _, later := range views[i+1:] {
					require.NotContains(t, held, later, "%s waits for %s", name, view)
				}
			}
		}
		require.Positive(t, met, "%s reads no view", name)
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
	var got error
	over := false
	require.Eventually(p.t, func() bool {
		select {
		case got = <-ended:
			over = true
			return true
		default:
		}
		held = viewsOfWaiting(p.t, tx, view)
		return held != nil
	}, patience, poll)
	require.NoError(p.t, tx.Rollback(context.Background()))
	if !over {
		got = <-ended
	}
	require.NoError(p.t, got)
	return held
}

// viewsOfWaiting returns what those sessions hold that wait for a view; nil when none waits.
func viewsOfWaiting(t testing.TB, tx pgx.Tx, view string) []string {
	t.Helper()
	rows, err := tx.Query(context.Background(), `SELECT coalesce(h.relation::regclass::text, '') FROM pg_locks w
		JOIN pg_stat_activity s ON s.pid = w.pid AND s.application_name = 'queries'
		LEFT JOIN pg_locks h ON h.pid = w.pid AND h.granted AND h.relation IS NOT NULL
		WHERE NOT w.granted AND w.relation = $1::text::regclass`, view)
	require.NoError(t, err)
	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	if len(found) == 0 {
		return nil
	}
	return slices.DeleteFunc(found, func(name string) bool { return !strings.HasPrefix(name, "read.") })
}
