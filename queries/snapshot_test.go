package queries_test

import (
	"context"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/queries"
)

// marked is a read model whose rows say at which position they are read: whatever
// shows them with another one, lies.
const marked = `
CREATE FUNCTION read_1.mark() RETURNS text LANGUAGE sql STABLE AS $$ SELECT "commit"::text FROM read_1.checkpoint $$;
CREATE OR REPLACE VIEW read.prisoner AS SELECT prisoner_number, replace(document, 'MARK', read_1.mark()) AS document FROM read_1.prisoner;
CREATE OR REPLACE VIEW read.mapping AS SELECT id, pair, type_sequence, mapping_type, correlation, position,
	to_timestamp(read_1.mark()::int) AS since, until FROM read_1.mapping;
CREATE OR REPLACE VIEW read.non_association AS SELECT id, pair, first_number, second_number, when_created, when_updated, expires, deleted,
	type_sequence, differs_since, delivered_at, read_1.mark()::bigint AS delivered_revision, shortened FROM read_1.non_association;
CREATE OR REPLACE VIEW read.pair AS SELECT pair, replace(state, 'MARK', read_1.mark()) AS state FROM read_1.pair;`

// slowly makes every row of a view wait for the lock 7, when that is wanted.
const slowly = `CREATE OR REPLACE VIEW read.%[1]s AS SELECT v.* FROM (%[2]s) v, LATERAL (SELECT pg_advisory_xact_lock_shared(7)) AS slow`

// mark is the position that the rows of an answer say.
type mark func(ctx context.Context, r *queries.Reader, atLeast uint64) (position uint64, mark string, err error)

func markOf(records []queries.Record) string {
	for _, r := range records {
		if r.NonAssociation.Comment != nil {
			return *r.NonAssociation.Comment
		}
	}
	return "none"
}

// marks are all reads that show a position, by the names of their methods.
func marks(id uuid.UUID) map[string]mark {
	group := func(open func(context.Context, []domain.PrisonerNumber, queries.Filter) (queries.Group, error)) mark {
		return func(ctx context.Context, _ *queries.Reader, atLeast uint64) (uint64, string, error) {
			found, err := open(ctx, []domain.PrisonerNumber{"A1111AA", "B1111BB"}, queries.Filter{Open: true, Closed: true, AtLeast: atLeast})
			if err != nil {
				return 0, "", err
			}
			defer found.Close()
			var records []queries.Record
			err = found.Each(ctx, 0, func(r queries.Record) error { records = append(records, r); return nil })
			return found.Position, markOf(records), err
		}
	}
	mappings := func(read func(context.Context, *queries.Reader, uint64) (queries.Mappings, error)) mark {
		return func(ctx context.Context, r *queries.Reader, atLeast uint64) (uint64, string, error) {
			found, err := read(ctx, r, atLeast)
			if err != nil {
				return 0, "", err
			}
			return found.Position, strconv.FormatInt(found.Mappings[0].Since.Unix(), 10), nil
		}
	}
	return map[string]mark{
		"MappingOf": mappings(func(ctx context.Context, r *queries.Reader, atLeast uint64) (queries.Mappings, error) {
			return r.MappingOf(ctx, id, atLeast)
		}),
		"MappingBySequence": mappings(func(ctx context.Context, r *queries.Reader, atLeast uint64) (queries.Mappings, error) {
			pair, err := domain.NewPair("A1111AA", "B1111BB")
			if err != nil {
				return queries.Mappings{}, err
			}
			return r.MappingBySequence(ctx, pair, 1, atLeast)
		}),
		"MappingHistory": mappings(func(ctx context.Context, r *queries.Reader, atLeast uint64) (queries.Mappings, error) {
			return r.MappingHistory(ctx, id, atLeast)
		}),
		"LatestMigrated": mappings(func(ctx context.Context, r *queries.Reader, atLeast uint64) (queries.Mappings, error) {
			return r.LatestMigrated(ctx, atLeast)
		}),
		"Migrated": mappings(func(ctx context.Context, r *queries.Reader, atLeast uint64) (queries.Mappings, error) {
			page, err := r.Migrated(ctx, queries.MigratedRequest{Migration: id, Size: 1, AtLeast: atLeast})
			return page.Mappings, err
		}),
		"Delivery": func(ctx context.Context, r *queries.Reader, atLeast uint64) (uint64, string, error) {
			found, err := r.Delivery(ctx, id, atLeast)
			if err != nil {
				return 0, "", err
			}
			return found.Position, strconv.FormatUint(*found.Deliveries[0].Revision, 10), nil
		},
		"List": func(ctx context.Context, r *queries.Reader, atLeast uint64) (uint64, string, error) {
			list, err := r.List(ctx, "A1111AA", atLeast)
			return list.Position, string(list.Document), err
		},
		"One": func(ctx context.Context, r *queries.Reader, atLeast uint64) (uint64, string, error) {
			found, err := r.One(ctx, id, atLeast)
			return found.Position, markOf(found.Records), err
		},
		"OfPrisoner": func(ctx context.Context, r *queries.Reader, atLeast uint64) (uint64, string, error) {
			found, err := r.OfPrisoner(ctx, "A1111AA", atLeast)
			return found.Position, markOf(found.Records), err
		},
		"OpenOf": func(ctx context.Context, r *queries.Reader, atLeast uint64) (uint64, string, error) {
			found, err := r.OpenOf(ctx, []domain.PrisonerNumber{"A1111AA"}, today, atLeast)
			if err != nil {
				return 0, "", err
			}
			return found.Position, string(found.Records[0].Reason), nil
		},
		"Page": func(ctx context.Context, r *queries.Reader, atLeast uint64) (uint64, string, error) {
			found, err := r.Page(ctx, queries.PageRequest{By: queries.ByID, Size: 10, Filter: queries.Filter{Open: true, Closed: true, AtLeast: atLeast}})
			return found.Position, markOf(found.Records.Records), err
		},
		"Between": func(ctx context.Context, r *queries.Reader, atLeast uint64) (uint64, string, error) {
			return group(r.Between)(ctx, r, atLeast)
		},
		"Involving": func(ctx context.Context, r *queries.Reader, atLeast uint64) (uint64, string, error) {
			return group(r.Involving)(ctx, r, atLeast)
		},
	}
}

// routers are the reads that say whose streams are read.
func routers(id uuid.UUID) map[string]func(ctx context.Context, r *queries.Reader, atLeast uint64) error {
	return map[string]func(ctx context.Context, r *queries.Reader, atLeast uint64) error{
		"PairOf": func(ctx context.Context, r *queries.Reader, atLeast uint64) error {
			_, _, err := r.PairOf(ctx, id, atLeast)
			return err
		},
		"PairsOf": func(ctx context.Context, r *queries.Reader, atLeast uint64) error {
			_, err := r.PairsOf(ctx, "A1111AA", atLeast)
			return err
		},
		"Pending": func(ctx context.Context, r *queries.Reader, atLeast uint64) error {
			_, err := r.Pending(ctx, queries.PendingRequest{Limit: 1, AtLeast: atLeast})
			return err
		},
		"OldestPending": func(ctx context.Context, r *queries.Reader, atLeast uint64) error {
			_, _, err := r.OldestPending(ctx, today, atLeast)
			return err
		},
		"PairsOnDays": func(ctx context.Context, r *queries.Reader, atLeast uint64) error {
			_, err := r.PairsOnDays(ctx, today, today, atLeast)
			return err
		},
		"Facts": func(ctx context.Context, r *queries.Reader, atLeast uint64) error {
			_, err := r.Facts(ctx, queries.FactsRequest{Prisoner: "A1111AA", Size: 10, AtLeast: atLeast})
			return err
		},
		"AllPairs": func(ctx context.Context, r *queries.Reader, atLeast uint64) error {
			_, err := r.AllPairs(ctx, domain.Pair{}, 10, atLeast)
			return err
		},
		"Version": func(ctx context.Context, r *queries.Reader, atLeast uint64) error {
			_, _, err := r.Version(ctx, atLeast)
			return err
		},
		"MergedWith": func(ctx context.Context, r *queries.Reader, atLeast uint64) error {
			_, err := r.MergedWith(ctx, "A1111AA", atLeast)
			return err
		},
		"RemovedInto": func(ctx context.Context, r *queries.Reader, atLeast uint64) error {
			_, err := r.RemovedInto(ctx, "A1111AA", atLeast)
			return err
		},
	}
}

// neither are the methods that show no row, and those that give no position.
var neither = []string{"Live", "StatesOf", "StatesBetween", "Generation", "WaitFor", "Ping", "Position", "Advance", "Wanted", "Close"}

func TestReads_areAllCovered(t *testing.T) {
	shown, routed := marks(uuid.Nil), routers(uuid.Nil)
	for method := range reflect.TypeFor[*queries.Reader]().Methods() {
		name := method.Name
		require.True(t, shown[name] != nil || routed[name] != nil || slices.Contains(neither, name), "%s is not walked", name)
	}
}

// markedModel is a read model of one record, at position 10.
func markedModel(t *testing.T) (projector, uuid.UUID) {
	t.Helper()
	r := newRecord(t)
	r.sync("A1111AA", "B1111BB", "2001-01-01T00:00:00", "")
	r.waitForProjection()
	source := connect(t, r.dsn)
	p := newProjector(t)
	p.tables()
	var (
		id           [16]byte
		pair, state  string
		first, other string
	)
	require.NoError(t, source.QueryRow(t.Context(), `SELECT n.id, p.pair, p.state, first_number, second_number
		FROM read_1.non_association n JOIN read_1.pair p USING (pair)`).Scan(&id, &pair, &state, &first, &other))
	state = regexp.MustCompile(`"reason":"[A-Z_]+"`).ReplaceAllString(strings.ReplaceAll(state, `"comment":null`, `"comment":"MARK"`), `"reason":"MARK"`)
	p.exec(`INSERT INTO read_1.pair VALUES ($1, $2, 1, '{10}', '[]')`, pair, state)
	p.exec(`INSERT INTO read_1.non_association VALUES ($1, $2, $3, $4, '2001', '2001', 'never', false)`, id, pair, first, other)
	p.exec(`INSERT INTO read_1.mapping VALUES ($1, 'A1111AA_B1111BB', 1, 'MIGRATED', $1, 1, now(), NULL)`, id)
	p.exec(`INSERT INTO read_1.prisoner VALUES ('A1111AA', 'MARK', '')`)
	p.exec(marked)
	return p, id
}

func TestRow_andItsPositionAreOfOneSnapshot(t *testing.T) {
	t.Parallel()
	views := []string{"checkpoint", "prisoner", "pair", "non_association", "mapping"}
	p, id := markedModel(t)
	definitions := map[string]string{}
	for _, view := range views {
		var text string
		require.NoError(t, p.conn.QueryRow(t.Context(), `SELECT pg_get_viewdef(('read.' || $1)::regclass)`, view).Scan(&text))
		definitions[view] = strings.TrimSuffix(text, ";")
	}
	position := uint64(10)
	for name, read := range marks(id) {
		for _, slow := range views {
			p.exec(fmt.Sprintf(slowly, slow, definitions[slow]))
			reader := open(t, p.dsn)
			p.exec(`SELECT pg_advisory_lock(7)`)
			type answer struct {
				position uint64
				mark     string
				err      error
			}
			answered := make(chan answer, 1)
			go func() {
				position, mark, err := read(context.Background(), reader, 0)
				answered <- answer{position, mark, err}
			}()
			var got *answer
			require.Eventually(t, func() bool {
				select {
				case now := <-answered: // it does not read this view
					got = &now
					return true
				default:
					return waits(p.conn)
				}
			}, patience, poll)
			position++
			p.exec(`UPDATE read_1.checkpoint SET "commit" = $1, prepare = $1`, position)
			p.exec(`SELECT pg_advisory_unlock(7)`)
			if got == nil {
				now := <-answered
				got = &now
			}
			require.NoError(t, got.err, "%s with a slow %s", name, slow)
			require.Equal(t, strconv.FormatUint(got.position, 10), got.mark, "%s with a slow %s", name, slow)
			p.exec(`CREATE OR REPLACE VIEW read.` + slow + ` AS ` + definitions[slow])
		}
	}
}

// TestSnapshot_thatIsBehindIsNotRead: of a server that has not come as far
// as the one that WaitFor has heard of.
func TestSnapshot_thatIsBehindIsNotRead(t *testing.T) {
	t.Parallel()
	p, id := markedModel(t)
	reader := open(t, p.dsn)
	all := routers(id)
	for name, read := range marks(id) {
		all[name] = func(ctx context.Context, r *queries.Reader, atLeast uint64) error {
			position, mark, err := read(ctx, r, atLeast)
			if err == nil {
				require.GreaterOrEqual(t, position, atLeast, name)
				require.Equal(t, strconv.FormatUint(position, 10), mark)
			}
			return err
		}
	}
	reader.Advance(20)
	soon := open(t, p.dsn, impatient)
	soon.Advance(20)
	t.Run("at once", func(t *testing.T) {
		for name, read := range all {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				require.NoError(t, read(t.Context(), soon, 10))
				require.ErrorIs(t, read(t.Context(), soon, 20), queries.ErrBehind)
				ctx, leave := context.WithCancel(t.Context())
				leave()
				require.ErrorIs(t, read(ctx, soon, 20), context.Canceled)
			})
		}
	})
	for name, read := range all {
		done := make(chan error, 1)
		go func() { done <- read(context.Background(), reader, 30) }()
		p.exec(`UPDATE read_1.checkpoint SET "commit" = 30, prepare = 30`)
		require.NoError(t, <-done, name)
		p.exec(`UPDATE read_1.checkpoint SET "commit" = 10, prepare = 10`)
	}
}
