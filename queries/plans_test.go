package queries_test

import (
	"context"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/internal/dev/testdb"
	"nonassociations/queries"
)

// asked is every look-up by a key that a Reader knows, by the name of its
// method; each asks for a few rows only.
func asked(reader *queries.Reader) map[string]func(context.Context, domain.PrisonerNumber) error {
	wanted := queries.Filter{Open: true, Today: today}
	group := func(number domain.PrisonerNumber) []domain.PrisonerNumber {
		return []domain.PrisonerNumber{number, "Z2222ZZ"}
	}
	return map[string]func(context.Context, domain.PrisonerNumber) error{
		"List": func(ctx context.Context, number domain.PrisonerNumber) error {
			_, err := reader.List(ctx, number, 0)
			return err
		},
		"One": func(ctx context.Context, _ domain.PrisonerNumber) error {
			_, err := reader.One(ctx, uuid.New(), 0)
			return err
		},
		"OfPrisoner": func(ctx context.Context, number domain.PrisonerNumber) error {
			_, err := reader.OfPrisoner(ctx, number, 0)
			return err
		},
		"MergedWith": func(ctx context.Context, number domain.PrisonerNumber) error {
			_, err := reader.MergedWith(ctx, number, 0)
			return err
		},
		"RemovedInto": func(ctx context.Context, number domain.PrisonerNumber) error {
			_, err := reader.RemovedInto(ctx, number, 0)
			return err
		},
		"Between": func(ctx context.Context, number domain.PrisonerNumber) error {
			_, err := all(reader.Between(ctx, group(number), wanted))
			return err
		},
		"Involving": func(ctx context.Context, number domain.PrisonerNumber) error {
			_, err := all(reader.Involving(ctx, group(number), wanted))
			return err
		},
		"OpenOf": func(ctx context.Context, number domain.PrisonerNumber) error {
			_, err := reader.OpenOf(ctx, group(number), today, 0)
			return err
		},
		"Facts": func(ctx context.Context, number domain.PrisonerNumber) error {
			_, err := reader.Facts(ctx, queries.FactsRequest{Prisoner: number, Size: 20})
			return err
		},
		"PairOf": func(ctx context.Context, _ domain.PrisonerNumber) error {
			_, _, err := reader.PairOf(ctx, uuid.New(), 0)
			return err
		},
		"PairsOf": func(ctx context.Context, number domain.PrisonerNumber) error {
			_, err := reader.PairsOf(ctx, number, 0)
			return err
		},
		"MappingOf": func(ctx context.Context, _ domain.PrisonerNumber) error {
			_, err := reader.MappingOf(ctx, uuid.New(), 0)
			return err
		},
		"MappingBySequence": func(ctx context.Context, number domain.PrisonerNumber) error {
			pair, err := domain.NewPair(number, "Z2222ZZ")
			if err == nil {
				_, err = reader.MappingBySequence(ctx, pair, 1, 0)
			}
			return err
		},
		"MappingHistory": func(ctx context.Context, _ domain.PrisonerNumber) error {
			_, err := reader.MappingHistory(ctx, uuid.New(), 0)
			return err
		},
		"LatestMigrated": func(ctx context.Context, _ domain.PrisonerNumber) error {
			_, err := reader.LatestMigrated(ctx, 0)
			return err
		},
		"Migrated": func(ctx context.Context, _ domain.PrisonerNumber) error {
			_, err := reader.Migrated(ctx, queries.MigratedRequest{Migration: uuid.New(), Size: 10})
			return err
		},
		"Delivery": func(ctx context.Context, _ domain.PrisonerNumber) error {
			_, err := reader.Delivery(ctx, uuid.New(), 0)
			return err
		},
		"Pending": func(ctx context.Context, _ domain.PrisonerNumber) error {
			_, err := reader.Pending(ctx, queries.PendingRequest{Before: time.Unix(0, 0), Today: today, Limit: 10})
			return err
		},
		"OldestPending": func(ctx context.Context, _ domain.PrisonerNumber) error {
			_, _, err := reader.OldestPending(ctx, today, 0)
			return err
		},
		"AllPairs": func(ctx context.Context, _ domain.PrisonerNumber) error {
			last, err := domain.NewPair("Z0000ZZ", "Z9999ZZ")
			if err == nil {
				_, err = reader.AllPairs(ctx, last, 10, 0)
			}
			return err
		},
		"StatesOf": func(ctx context.Context, _ domain.PrisonerNumber) error {
			_, err := reader.StatesOf(ctx, []string{"A1234BC_B1234BC"})
			return err
		},
	}
}

// notLookUps are the other methods of a Reader: Live, Page and StatesBetween walk all that
// there are, PairsOnDays reads all of them once a day, and the rest reads no rows of records.
var notLookUps = []string{
	"Advance", "Close", "Generation", "Live", "Page", "PairsOnDays", "Ping", "Position", "StatesBetween", "Version", "WaitFor", "Wanted",
}

func TestLookups_areAllCovered(t *testing.T) {
	walked := asked(nil)
	for method := range reflect.TypeFor[*queries.Reader]().Methods() {
		_, is := walked[method.Name]
		require.NotEqual(t, is, slices.Contains(notLookUps, method.Name), "%s is a look-up by a key, or it is none", method.Name)
	}
}

var planned = []string{"read_1.prisoner", "read_1.non_association", "read_1.pair", "read_1.merge", "read_1.mapping"}

// few are tables so small that reading all of them would be cheapest.
func few(p projector) {
	p.t.Helper()
	p.tables()
	p.exec(`INSERT INTO read_1.prisoner VALUES ('A1234BC', '{}', '')`)
	p.exec(`INSERT INTO read_1.pair VALUES ('A1234BC_B1234BC', '{}', 1, '{}', '[]')`)
	p.exec(`INSERT INTO read_1.non_association VALUES (gen_random_uuid(), 'A1234BC_B1234BC', 'A1234BC', 'B1234BC', '', '', '', true)`)
	p.exec(`INSERT INTO read_1.mapping VALUES (gen_random_uuid(), 'A1234BC_B1234BC', 1, 'MIGRATED', gen_random_uuid(), 1, now(), NULL)`)
	p.merges("C1111CC>A1234BC", "A1111AA>C1111CC", "-A1111AA>B1111BB")
	p.exec(`VACUUM ANALYZE read_1.prisoner, read_1.non_association, read_1.pair, read_1.merge, read_1.mapping`)
}

// many is a number of rows of prisoners that are not asked for.
const many = 3000

func fill(p projector) {
	p.t.Helper()
	const one, other = `'F' || lpad(i::text, 4, '0') || 'FF'`, `'G' || lpad(i::text, 4, '0') || 'GG'`
	for _, sql := range []string{
		`INSERT INTO read_1.prisoner SELECT ` + one + `, '{}', ''`,
		`INSERT INTO read_1.pair SELECT ` + one + ` || '_' || ` + other + `, '{}', 1, '{}', '[]'`,
		`INSERT INTO read_1.non_association SELECT gen_random_uuid(), ` + one + ` || '_' || ` + other + `, ` + one + `, ` + other + `, '', '', 'never', false`,
		`INSERT INTO read_1.merge SELECT gen_random_uuid(), ` + one + `, ` + other + `, i, false`,
		`INSERT INTO read_1.mapping SELECT gen_random_uuid(), ` + one + ` || '_' || ` + other + `, 1, 'MIGRATED', gen_random_uuid(), i, now(), NULL`,
	} {
		p.exec(sql + fmt.Sprintf(` FROM generate_series(1, %d) i`, many))
	}
	p.exec(`VACUUM read_1.prisoner, read_1.non_association, read_1.pair, read_1.merge, read_1.mapping`)
}

// A plan is kept by its session after five executions, so each question is asked
// often while the tables are so small that reading all of them would be cheapest.
func TestQueries_readNoWholeTable(t *testing.T) {
	p := newProjector(t)
	few(p)
	require.NoError(t, p.conn.Close(context.Background()))
	before := testdb.Scans(t, p.dsn, planned...)
	reader := single(t, p.dsn)
	for _, ask := range asked(reader) {
		askOften(t, ask)
	}
	reader.Close()
	require.Equal(t, before, testdb.Scans(t, p.dsn, planned...))
}

// An index that is read from end to end is a table that is read whole: the plans
// of a small read model go on when it has grown, one question a database, so
// that what is read is that question's.
func TestQueries_readNoWholeIndex(t *testing.T) {
	for name := range asked(nil) {
		t.Run(name, func(t *testing.T) {
			p := newProjector(t)
			few(p)
			reader := single(t, p.dsn)
			ask := asked(reader)[name]
			askOften(t, ask)
			fill(p)
			require.NoError(t, p.conn.Close(context.Background()))
			askOften(t, ask)
			reader.Close()
			require.Less(t, testdb.Entries(t, p.dsn, planned...), many, "entries that the plan read")
		})
	}
}

func single(t *testing.T, dsn string) *queries.Reader {
	t.Helper()
	reader, err := queries.Open(t.Context(), dsn, queries.Options{Logger: slog.New(slog.DiscardHandler), MaxConns: 1})
	require.NoError(t, err)
	t.Cleanup(reader.Close)
	return reader
}

func askOften(t *testing.T, ask func(context.Context, domain.PrisonerNumber) error) {
	t.Helper()
	for range 12 {
		for _, number := range []domain.PrisonerNumber{number, "A1111AA", "Z1111ZZ"} {
			require.NoError(t, ask(t.Context(), number))
		}
	}
}
