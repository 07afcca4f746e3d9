package app_test

import (
	"log/slog"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"nonassociations/cmd/internal/app"
)

// addChecks keeps a good result of each check of the night.
func addChecks(t *testing.T, dsn string) {
	t.Helper()
	addCheck(t, dsn, "readModel", time.Now(), true)
	addCheck(t, dsn, "log", time.Now(), true)
}

func addCheck(t *testing.T, dsn, name string, at time.Time, ok bool) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	defer conn.Close(t.Context())
	_, err = conn.Exec(t.Context(), `INSERT INTO evidence."check" ("check", at, ok, result) VALUES ($1, $2, $3, '{}')`, name, at, ok)
	require.NoError(t, err)
}

// TestChecks_areMetricsAndAPartOnceTheyWereMade, and are not well when one failed or is old.
func TestChecks_areMetricsAndAPartOnceTheyWereMade(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	s := runRoles(t, dsn, app.Roles{Serve: true, Project: true}, app.HealthLimits{}, nil)
	<-s.ready
	require.NotContains(t, s.scrape(t), "nonassociations_check_")
	checks := func() (runbook string, ok bool) {
		found, err := app.StatusOptions{
			Environment: map[string]string{"DATABASE_URL": dsn, "EVENTSTORE_URL": dsn}, Clock: time.Now, Logger: slog.New(slog.DiscardHandler),
		}.Status(t.Context())
		require.NoError(t, err)
		for _, part := range found.Parts {
			if part.Part == "checks" {
				return *part.Runbook, part.OK
			}
		}
		return "", false
	}
	runbook, _ := checks()
	require.Empty(t, runbook, "no check was ever made")
	addCheck(t, dsn, "log", time.Now().Add(-27*time.Hour), true)
	runbook, ok := checks()
	require.Equal(t, "docs/runbooks/CheckTooOld.md", runbook)
	require.False(t, ok, "it is old")
	last := time.Now().Add(-25 * time.Hour)
	addCheck(t, dsn, "log", last, true)
	_, ok = checks()
	require.True(t, ok)
	addCheck(t, dsn, "readModel", time.Now(), false)
	runbook, ok = checks()
	require.Equal(t, "docs/runbooks/CheckFailed.md", runbook)
	require.False(t, ok, "one failed")
	scraped := s.scrape(t)
	require.Contains(t, scraped, "\nnonassociations_check_ok{check=\"log\"} 1\n")
	require.Contains(t, scraped, "\nnonassociations_check_ok{check=\"readModel\"} 0\n")
	_, value, found := strings.Cut(scraped, "\nnonassociations_check_timestamp_seconds{check=\"log\"} ")
	require.True(t, found)
	value, _, _ = strings.Cut(value, "\n")
	at, err := strconv.ParseFloat(value, 64)
	require.NoError(t, err)
	require.InDelta(t, float64(last.Unix()), at, 1)
}
