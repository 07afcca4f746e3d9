package queries_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/eventstore/memory"
	"nonassociations/internal/dev/testdb"
	"nonassociations/projections"
	"nonassociations/queries"
)

// TestReadersRole_mayAskEverything: with the rights that an installation gives,
// which name no view.
func TestReadersRole_mayAskEverything(t *testing.T) {
	dsn := testdb.New(t)
	owner := projector{t, connect(t, dsn), dsn}
	owner.exec(testdb.Script(t, "../deploy/postgres/roles.sql"))

	log := memory.New()
	_, err := eventstore.WriteIdentity(t.Context(), log, uuid.New())
	require.NoError(t, err)
	runner := projections.New(projections.Options{
		Store: log, DSN: dsn + "&options=-c%20role%3Dnonassociations_projector", Generation: projections.FirstGeneration,
		Clock: time.Now, Logger: slog.New(slog.DiscardHandler),
	})
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- runner.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-done)
	})

	reader, wanted := open(t, dsn+"&options=-c%20role%3Dnonassociations_reader"), queries.Filter{Open: true, Today: today}
	require.Eventually(t, func() bool { _, err := reader.List(t.Context(), number, 0); return err == nil }, patience, poll)
	group := []domain.PrisonerNumber{number, "B1111BB"}
	for name, ask := range map[string]func() error{
		"a list":     func() error { _, err := reader.List(t.Context(), number, 0); return err },
		"one":        func() error { _, err := reader.One(t.Context(), uuid.New(), 0); return err },
		"a prisoner": func() error { _, err := reader.OfPrisoner(t.Context(), number, 0); return err },
		"between":    func() error { _, err := all(reader.Between(t.Context(), group, wanted)); return err },
		"involving":  func() error { _, err := all(reader.Involving(t.Context(), group, wanted)); return err },
		"a page": func() error {
			_, err := reader.Page(t.Context(), queries.PageRequest{Filter: wanted, Size: 1})
			return err
		},
		"live":        func() error { _, err := reader.Live(t.Context(), today, uuid.Nil, 1); return err },
		"pairs":       func() error { _, err := reader.PairsOf(t.Context(), number, 0); return err },
		"all pairs":   func() error { _, err := reader.AllPairs(t.Context(), domain.Pair{}, 1, 0); return err },
		"a pair":      func() error { _, _, err := reader.PairOf(t.Context(), uuid.New(), 0); return err },
		"merged with": func() error { _, err := reader.MergedWith(t.Context(), number, 0); return err },
		"removed":     func() error { _, err := reader.RemovedInto(t.Context(), number, 0); return err },
		"a mapping":   func() error { _, err := reader.MappingOf(t.Context(), uuid.New(), 0); return err },
		"a delivery":  func() error { _, err := reader.Delivery(t.Context(), uuid.New(), 0); return err },
	} {
		require.NoError(t, ask(), name)
	}
	var others bool
	mine := projector{t, connect(t, dsn+"&options=-c%20role%3Dnonassociations_reader"), dsn}
	err = mine.conn.QueryRow(t.Context(), `SELECT EXISTS (SELECT FROM pg_class WHERE relnamespace = 'read_1'::regnamespace AND relkind = 'r'
		AND has_table_privilege(oid, 'SELECT'))`).Scan(&others)
	require.NoError(t, err)
	require.False(t, others, "by the views alone")
}
