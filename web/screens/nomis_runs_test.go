package screens_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/nomis/migration"
	"nonassociations/nomis/reconcile"
	nomisstore "nonassociations/nomis/store"
	"nonassociations/web/screens/store"
)

func TestMigrations_areStartedCancelledAndRetried(t *testing.T) {
	t.Parallel()
	n := newNOMISOffice(t)
	b := n.signIn("OPERATOR")
	p := b.get("/operations/migrations")
	require.Equal(t, "Migrations", p.text("h1"))
	dry := p.button("Start a dry run of a migration")
	p = n.act(b, p.button("Start a migration"), why())
	require.Contains(t, p.text("#done"), "has started.")
	require.Equal(t, 1, p.Find("table#runs tbody tr").Length())
	refused := b.show(dry, why())
	require.Equal(t, http.StatusConflict, refused.Code)
	require.Contains(t, refused.text("#warning"), "Another migration is at work.")

	run, err := n.Store.ActiveMigration(t.Context())
	require.NoError(t, err)
	require.Equal(t, "OPERATOR", run.RequestedBy)
	require.False(t, run.DryRun)
	p = b.get(p.link(run.Label))
	require.Equal(t, "Migration "+run.Label, p.text("h1"))
	require.Equal(t, 1, p.Find("progress").Length())
	require.NotEmpty(t, p.link("Refresh every 5 seconds"))
	require.NotContains(t, b.get("/operations/migrations").text("main"), "failed in the last run", "it has not ended")
	cancel := p.button("Cancel this run")
	p = n.act(b, cancel, why())
	require.Contains(t, p.text("#done"), "The migration was asked to end.")
	require.Contains(t, p.text("#details"), "Being cancelled")
	require.Zero(t, p.Find("main a:contains('Cancel this run')").Length())
	require.Contains(t, b.show(cancel, why()).text("#warning"), "The migration was asked to end already.")
	for _, path := range []string{"x", "7d1a3f0e-3f0a-5a57-9a58-0d5d1c9c2b11"} {
		require.Equal(t, http.StatusNotFound, b.get("/operations/migrations/"+path).Code, path)
	}

	n.failedRun(run)
	p = b.get("/operations/migrations/" + run.ID.String())
	require.Contains(t, p.text("table#causes"), "NOT_FOUND 1")
	require.Contains(t, p.text("table#failures"), hostile)
	require.Zero(t, p.Find("main script").Length())
	require.Equal(t, []domain.PrisonerNumber{adam, merlin}, n.viewOf(store.PageMigration).Shown)
	p = n.act(b, p.button("Retry the failed of this run"), why())
	require.Contains(t, p.text("#done"), "has started.")
	again, err := n.Store.ActiveMigration(t.Context())
	require.NoError(t, err)
	require.Equal(t, run.ID, again.Filter.FailedOf)
	require.Contains(t, b.get("/operations/migrations/"+again.ID.String()).text("#details"), "Only The failed pairs of migration "+run.ID.String())
	require.Contains(t, b.get("/operations/migrations").text("main"), "1 failed in the last run that ended")
}

// failedRun gives a run a pair that failed, and ends it.
func (n *nomisOffice) failedRun(run migration.Run) {
	n.t.Helper()
	n.pass(time.Second)
	ctx := n.t.Context()
	_, err := n.Store.AddMigrationPairs(ctx, run.ID, []nomisstore.ListedPair{{string(adam), string(merlin)}})
	require.NoError(n.t, err)
	n.sql(`UPDATE nomis.migration_pair SET outcome = 'unreadable', cause = 'NOT_FOUND', why = $1`, hostile)
	n.sql(`UPDATE nomis.migration SET ended_at = now(), status = 'CANCELLED', listed = true WHERE id = $1`, run.ID)
}

// sql changes the tables of the circle.
func (n *nomisOffice) sql(text string, args ...any) {
	n.t.Helper()
	conn, err := pgx.Connect(n.t.Context(), n.DSN)
	require.NoError(n.t, err)
	defer func() { require.NoError(n.t, conn.Close(n.t.Context())) }()
	_, err = conn.Exec(n.t.Context(), text, args...)
	require.NoError(n.t, err)
}

// asked asks for a reconciliation.
func (n *nomisOffice) asked() uuid.UUID {
	n.t.Helper()
	id, err := n.operations.Request(n.t.Context(), reconcile.Request{Scope: "ALL", By: "OPERATOR"})
	require.NoError(n.t, err)
	n.sql(`UPDATE nomis.reconciliation SET status = 'COMPLETED', started_at = $2, ended_at = $2, listed = true, counts =
		'{"total":{"ours":4,"theirs":3,"union":4},"pairs":3,"buckets":{"same":{"ours":3,"theirs":3,"union":3},"onlyHere":{"ours":1,"theirs":0,"union":1}}}'
		WHERE id = $1`, id, noon)
	return id
}

func TestReconciliations_areStartedAndShown(t *testing.T) {
	t.Parallel()
	n := newNOMISOffice(t)
	b := n.signIn("OPERATOR")
	path := b.get("/operations/reconciliations").button("Start a reconciliation")
	p := b.show(path, why("scope", "PAIRS"))
	require.Equal(t, http.StatusBadRequest, p.Code)
	require.Equal(t, "Select what to compare", p.text(".govuk-error-summary a[href='#act-scope']"))
	form := b.get(path)
	require.Equal(t, "All records"+"What changed since the last run", form.text(".govuk-radios__label"))
	p = n.act(b, path, why("scope", "TOUCHED"))
	require.Equal(t, "Reconciliations", p.text("h1"))
	require.Contains(t, p.text("#done"), "A reconciliation was started.")
	require.Equal(t, 1, p.Find("table#runs tbody tr").Length())
	runs, _, err := n.Store.Reconciliations(t.Context(), 0, 10)
	require.NoError(t, err)
	require.Equal(t, "OPERATOR", runs[0].RequestedBy)
	require.EqualValues(t, "TOUCHED", runs[0].Scope)

	compared := n.asked()
	p = b.get("/operations/reconciliations")
	require.Contains(t, p.text("main"), "1 difference in the last run that completed")
	p = b.get("/operations/reconciliations/" + compared.String())
	require.Equal(t, "Reconciliation of 15 July 2026 at 13:00", p.text("h1"))
	require.Contains(t, p.text("table#buckets"), "Only here 1 0 1")
	require.Equal(t, 1, p.Find("progress").Length())
	require.Equal(t, http.StatusNotFound, b.get("/operations/reconciliations/7d1a3f0e-3f0a-5a57-9a58-0d5d1c9c2b11").Code)
}

func TestNOMIS_ofAProcessWithoutIt(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	b := o.signIn("OPERATOR")
	for _, path := range []string{"migrations", "reconciliations", "differences", "pairs/A9109UD/D5678EF"} {
		p := b.get("/operations/" + path)
		require.Equal(t, http.StatusOK, p.Code, path)
		require.Contains(t, p.text("main"), "NOMIS is not configured in this process.", path)
		require.Zero(t, p.Find("main [role=button]").Length(), path)
	}
	for _, path := range []string{"migrations/start", "reconciliations/start", "pairs/A9109UD/D5678EF/synchronise"} {
		require.Equal(t, http.StatusNotFound, b.get("/operations/"+path).Code, path)
		require.Equal(t, http.StatusNotFound, b.post("/operations/"+path, why("planId", "x")).Code, path)
	}
	require.Empty(t, o.recorded())
}
