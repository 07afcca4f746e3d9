package queries_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/internal/dev/testdb"
	"nonassociations/queries"
)

// Waiting helps a reader of a read model that is behind, and not one without the
// right to see it.
func TestReader_withoutPermissionIsNotBehind(t *testing.T) {
	p := newProjector(t)
	p.exec(readModel)
	p.exec(testdb.Script(t, "../deploy/postgres/roles.sql"))
	reader := open(t, p.dsn+"&options=-c%20role%3Dnonassociations_reader")
	_, err := reader.List(t.Context(), number, 0)
	require.NoError(t, err)
	for _, denied := range []string{"USAGE ON SCHEMA read", "SELECT ON ALL TABLES IN SCHEMA read"} {
		p.exec("REVOKE " + denied + " FROM nonassociations_reader")
		_, err := reader.List(t.Context(), number, 0)
		require.ErrorContains(t, err, "permission denied", denied)
		require.NotErrorIs(t, err, queries.ErrNotCaughtUp, denied)
		_, _, err = reader.PairOf(t.Context(), uuid.New(), 0)
		require.ErrorContains(t, err, "permission denied", denied)
		require.NotErrorIs(t, err, queries.ErrNotCaughtUp, denied)
		p.exec("GRANT " + denied + " TO nonassociations_reader")
	}
}
