package projections_test

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"nonassociations/internal/dev/testdb"
	"nonassociations/projections"
)

const asProjector = "&options=-c%20role%3Dnonassociations_projector"

// installed is a database with the roles of an installation.
func installed(t *testing.T) (dsn string, super *pgx.Conn) {
	t.Helper()
	dsn = testdb.New(t)
	super, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, super.Close(context.Background())) })
	_, err = super.Exec(t.Context(), testdb.Script(t, "../deploy/postgres/roles.sql"))
	require.NoError(t, err)
	return dsn, super
}

// A rebuild by a superuser does not lock the projector out.
func TestReadModel_keepsItsOwner(t *testing.T) {
	dsn, super := installed(t)
	id := uuid.New()
	for _, who := range []string{dsn, dsn + asProjector, dsn} {
		require.NoError(t, projections.AdoptLog(t.Context(), who, projections.FirstGeneration, id))
		require.NoError(t, projections.Rebuild(t.Context(), who, projections.FirstGeneration))
		var owners []string
		err := super.QueryRow(t.Context(), `SELECT array_agg(DISTINCT owner::regrole::text) FROM (
			SELECT nspowner FROM pg_namespace WHERE nspname ~ '^read'
			UNION SELECT relowner FROM pg_class WHERE relnamespace = 'read_1'::regnamespace
			UNION SELECT proowner FROM pg_proc WHERE pronamespace = 'read_1'::regnamespace) all_of(owner)`).Scan(&owners)
		require.NoError(t, err)
		require.Equal(t, []string{"nonassociations_projector"}, owners)
	}
}

// A read model that a role may not look into would else be made anew, or its
// rebuild be called done.
func TestProjector_doesNotMakeAnewWhatItMayNotSee(t *testing.T) {
	dsn, super := installed(t)
	require.NoError(t, projections.AdoptLog(t.Context(), dsn, projections.FirstGeneration, uuid.New()))
	for _, hide := range []string{
		"ALTER SCHEMA read_1 OWNER TO CURRENT_USER", "ALTER TABLE read_1.checkpoint OWNER TO CURRENT_USER",
		`DO $$ DECLARE name text; BEGIN ALTER SCHEMA read_1 OWNER TO CURRENT_USER;
			FOR name IN SELECT relname FROM pg_class WHERE relnamespace = 'read_1'::regnamespace AND relkind = 'r' LOOP
				EXECUTE format('ALTER TABLE read_1.%I OWNER TO CURRENT_USER', name); END LOOP; END $$`,
	} {
		_, err := super.Exec(t.Context(), hide)
		require.NoError(t, err)
		_, err = projections.Inspect(t.Context(), dsn+asProjector, projections.FirstGeneration)
		require.ErrorContains(t, err, "permission denied", hide)
		require.ErrorContains(t, projections.Rebuild(t.Context(), dsn+asProjector, projections.FirstGeneration), "permission denied", hide)
		_, err = super.Exec(t.Context(), "ALTER SCHEMA read_1 OWNER TO nonassociations_projector")
		require.NoError(t, err)
	}
}
