package queries_test

import (
	"errors"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/queries"
)

const number = domain.PrisonerNumber("A1234BC")

func TestReadModel_behindIsNeverAnEmptyList(t *testing.T) {
	t.Parallel()
	p := newProjector(t)
	reader := open(t, p.dsn)
	_, err := reader.List(t.Context(), number, 0)
	require.ErrorIs(t, err, queries.ErrNotCaughtUp)
	_, _, err = reader.PairOf(t.Context(), uuid.New(), 0)
	require.ErrorIs(t, err, queries.ErrNotCaughtUp)
	hurried := open(t, p.dsn, impatient)
	require.Eventually(t, func() bool { return errors.Is(hurried.WaitFor(t.Context(), 1), queries.ErrNotCaughtUp) }, patience, poll)

	p.exec(readModel)
	list, err := reader.List(t.Context(), number, 0)
	require.NoError(t, err)
	require.Equal(t, `{"prisonerNumber":"A1234BC","nonAssociations":[]}`, string(list.Document))

	p.exec(dropViews) // a rebuild takes the views away
	_, err = reader.List(t.Context(), number, 0)
	require.ErrorIs(t, err, queries.ErrNotCaughtUp)
	p.exec(readViews)
	_, err = reader.List(t.Context(), number, 0)
	require.NoError(t, err)
}

func TestDocument_isReturnedAsStored(t *testing.T) {
	p := newProjector(t)
	p.exec(readModel)
	p.exec(`INSERT INTO read_1.prisoner VALUES ('A1234BC', '{"prisonerNumber":"A1234BC","nonAssociations":[{}]}')`)
	reader := open(t, p.dsn)
	require.NoError(t, reader.WaitFor(t.Context(), 10))
	list, err := reader.List(t.Context(), number, 0)
	require.NoError(t, err)
	require.Equal(t, `{"prisonerNumber":"A1234BC","nonAssociations":[{}]}`, string(list.Document))
	require.EqualValues(t, 10, list.Position)
}

func TestPair_ofANonAssociationIsFoundByItsID(t *testing.T) {
	p := newProjector(t)
	p.exec(readModel)
	id := uuid.New()
	p.exec(`INSERT INTO read_1.non_association VALUES ($1, 'A0135GA_A9109UD')`, id)
	reader := open(t, p.dsn)
	pair, found, err := reader.PairOf(t.Context(), id, 0)
	require.NoError(t, err)
	require.True(t, found)
	require.Equal(t, "A0135GA_A9109UD", pair.String())
	_, found, err = reader.PairOf(t.Context(), uuid.New(), 0)
	require.NoError(t, err)
	require.False(t, found)
}

func TestReader_cannotWrite(t *testing.T) {
	p := newProjector(t)
	p.exec(readModel)
	p.exec(`CREATE FUNCTION read_1.sneak() RETURNS text LANGUAGE sql AS $$ INSERT INTO read_1.prisoner VALUES ('x', 'x') RETURNING document $$`)
	p.exec(`CREATE OR REPLACE VIEW read.prisoner AS SELECT prisoner_number, read_1.sneak() AS document FROM read_1.prisoner`)
	p.exec(`INSERT INTO read_1.prisoner VALUES ('A1234BC', 'x')`)
	_, err := open(t, p.dsn).List(t.Context(), number, 0)
	var refused *pgconn.PgError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, "25006", refused.Code) // read_only_sql_transaction
}

func TestPostgresAway_isAnErrorNotAnEmptyList(t *testing.T) {
	p := newProjector(t)
	p.exec(readModel)
	config, err := pgx.ParseConfig(p.dsn)
	require.NoError(t, err)
	reader := open(t, "postgres:///nowhere?host="+t.TempDir()+"&user="+config.User)
	_, err = reader.List(t.Context(), number, 0)
	require.Error(t, err)
	require.NotErrorIs(t, err, queries.ErrNotCaughtUp)
	require.Error(t, reader.Ping(t.Context()))
	require.Zero(t, reader.Position())
}

// TestRead_whileTheServerIsAway is temporary, whichever read it is: callers answer that the
// request may be sent again.
func TestRead_whileTheServerIsAway(t *testing.T) {
	t.Parallel()
	reader := open(t, "postgres://app@127.0.0.1:1/none?sslmode=disable")
	_, list := reader.List(t.Context(), number, 0)
	_, one := reader.One(t.Context(), uuid.New(), 0)
	_, _, pair := reader.PairOf(t.Context(), uuid.New(), 0)
	_, staff := reader.OfPrisoner(t.Context(), number, 0)
	_, open := reader.OpenOf(t.Context(), []domain.PrisonerNumber{number}, "2026-07-15", 0)
	_, group := reader.Between(t.Context(), []domain.PrisonerNumber{number, "A2222AA"}, queries.Filter{})
	for i, err := range []error{list, one, pair, staff, open, group} {
		require.ErrorIs(t, err, queries.ErrAway, "read %d", i)
	}
}
