package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/cmd/internal/app"
	"nonassociations/internal/dev/circle"
	"nonassociations/internal/dev/nomisapi"
	"nonassociations/nomis/migration"
	"nonassociations/nomis/store"
)

// nomisWithPairs is NOMIS with three pairs. The environment of this process names it and
// the tables of the service.
func nomisWithPairs(t *testing.T) *circle.Circle {
	t.Helper()
	c := circle.New(t)
	require.NoError(t, app.SchemaUp(t.Context(), app.Config{EventStoreURL: c.DSN, DatabaseURL: c.DSN}))
	for name, value := range map[string]string{
		"DATABASE_URL": c.DSN, "EVENTSTORE_URL": c.DSN, "NOMIS_API_URL": c.NOMIS.URL(), "NOMIS_API_TOKEN_URL": c.NOMIS.TokenURL(),
		"NOMIS_API_CLIENT_ID": "client", "NOMIS_API_CLIENT_SECRET": "secret", "NOMIS_RATE": "0", "USER": "operator",
	} {
		t.Setenv(name, value)
	}
	_, err := c.NOMIS.Fill(t.Context(), slices.Values([]nomisapi.Record{record3("1"), record3("2"), record3("3")}))
	require.NoError(t, err)
	return c
}

func record3(n string) nomisapi.Record {
	return nomisapi.Record{
		OffenderNo: "A000" + n + "AA", NSOffenderNo: "B000" + n + "BB", TypeSequence: 1, Reason: "VIC", RecipReason: "PER", Type: "WING",
		EffectiveDate: "2021-07-05",
	}
}

// works carries runs out until the test ends.
func works(t *testing.T, c *circle.Circle, change ...func(*migration.Options)) {
	t.Helper()
	options := migration.Options{
		Store: c.Store, API: c.API, Turns: c.Options, Clock: func() time.Time { return c.Now }, Logger: c.Logger, Poll: 5 * time.Millisecond,
		Locks:       func(ctx context.Context) (*store.PairLocks, error) { return store.OpenPairLocks(ctx, c.DSN) },
		Exclusively: func(ctx context.Context, do func(context.Context)) error { do(ctx); return nil },
	}
	for _, f := range change {
		f(&options)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- migration.NewRunner(options).Run(ctx) }()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-ended)
	})
}

func TestMigrate_runsInTheForegroundAndIsSeenLater(t *testing.T) {
	c := nomisWithPairs(t)
	works(t, c)
	text, status := printed(t, "migrate", "run", "--dry-run")
	require.Zero(t, status, text)
	require.Contains(t, text, "a dry run: COMPLETED. Requested by operator.")
	require.Contains(t, text, "3 of about 3 pairs: 3 created")
	require.Contains(t, text, "Next: nonassociations migrate run\n")
	text, status = printed(t, "migrate", "run", "--json")
	require.Zero(t, status)
	var run struct {
		MigrationID string `json:"migrationId"`
		Status      string `json:"status"`
	}
	require.NoError(t, json.Unmarshal([]byte(text), &run))
	require.Equal(t, "COMPLETED", run.Status)
	shown, status := printed(t, "migrate", "status", run.MigrationID, "--json")
	require.Zero(t, status)
	require.JSONEq(t, text, shown)
	last, _ := printed(t, "migrate", "status", "--json")
	require.JSONEq(t, text, last)
	text, status = printed(t, "migrate", "history")
	require.Zero(t, status)
	require.Equal(t, 2, strings.Count(text, "COMPLETED"), text)
	text, _ = printed(t, "migrate", "history", "--json", "--from", "2027-01-01T00:00:00")
	require.Equal(t, "{\"migrations\":[]}\n", text)
}

func TestMigrate_endsWithOneWhenAPairIsLost(t *testing.T) {
	c := nomisWithPairs(t)
	works(t, c)
	pairs := filepath.Join(t.TempDir(), "pairs")
	require.NoError(t, os.WriteFile(pairs, []byte("B0001BB,a0001aa\n\nA0777AA, B0777BB\n"), 0o600))
	text, status := printed(t, "migrate", "run", "--pairs", pairs)
	require.Equal(t, exitLost, status, text)
	require.Contains(t, text, "1 pairs: NOT_FOUND")
	_, again, found := strings.Cut(text, "Next: nonassociations ")
	require.True(t, found)
	_, status = printed(t, append(strings.Fields(again), "--json")...)
	require.Equal(t, exitLost, status)
	_, status = printed(t, "migrate", "status")
	require.Equal(t, exitLost, status)
}

func TestMigrate_detachedIsRequestedOnly(t *testing.T) {
	c := nomisWithPairs(t)
	text, status := printed(t, "migrate", "run", "--detach", "--sample", "2", "--seed", "7", "--json")
	require.Zero(t, status)
	var start struct {
		MigrationID    string `json:"migrationId"`
		EstimatedCount int    `json:"estimatedCount"`
	}
	require.NoError(t, json.Unmarshal([]byte(text), &start))
	require.Equal(t, 2, start.EstimatedCount)
	_, status = printed(t, "migrate", "run")
	require.Equal(t, exitAtWork, status)
	text, status = printed(t, "migrate", "cancel", start.MigrationID)
	require.Zero(t, status)
	require.Contains(t, text, "CANCELLED_REQUESTED")
	text, status = printed(t, "migrate", "status")
	require.Zero(t, status, "it has not ended")
	require.Contains(t, text, "Next: nonassociations migrate status")
	works(t, c)
	require.Eventually(t, func() bool {
		_, status := printed(t, "migrate", "status")
		return status == exitCancelled
	}, 20*time.Second, 10*time.Millisecond)
}

// Ctrl-C ends the migration and not only the command that shows it.
func TestMigrate_interruptedCancelsTheRun(t *testing.T) {
	c := nomisWithPairs(t)
	require.NoError(t, c.Store.SetBrake(t.Context(), c.Now, "NOMIS looks restored."))
	held := make(chan struct{}, 100)
	works(t, c, func(o *migration.Options) {
		o.Beat = func(fault error) {
			if fault != nil {
				select {
				case held <- struct{}{}:
				default:
				}
			}
		}
	})
	go func() {
		<-held
		_ = syscall.Kill(os.Getpid(), syscall.SIGINT)
	}()
	text, status := printed(t, "migrate", "run")
	require.Equal(t, exitCancelled, status, text)
	require.Contains(t, text, "CANCELLED")
}

func TestMigrate_refusesWhatItCannotRead(t *testing.T) {
	nomisWithPairs(t)
	bad := filepath.Join(t.TempDir(), "pairs")
	for _, content := range []string{"", "A0001AA\n", "A0001AA,A0001AA\n", "A0001AA,x\n"} {
		require.NoError(t, os.WriteFile(bad, []byte(content), 0o600))
		_, status := printed(t, "migrate", "run", "--pairs", bad)
		require.Equal(t, exitUnjudged, status, content)
	}
	for _, args := range [][]string{
		{"run", "--pairs", bad + "x"},
		{"run", "--failed-of", "8bd1a8c5-1b1f-4d4c-8d1c-6a2d7a0e9f10"},
		{"status"},
		{"cancel", "8bd1a8c5-1b1f-4d4c-8d1c-6a2d7a0e9f10"},
	} {
		_, status := printed(t, append([]string{"migrate"}, args...)...)
		require.Equal(t, exitUnjudged, status, args)
	}
	for _, args := range [][]string{
		{"run", "--failed-of", "x"},
		{"run", "--sample=-1"},
		{"status", "x"},
		{"cancel", "x"},
		{"cancel"},
		{"history", "--from", "2026-07-15"},
		{"history", "--to", "2026-03-29T01:30:00"},
		{"sheet", "x", "--out", "x", "--sample", "1"},
	} {
		_, status := printed(t, append([]string{"migrate"}, args...)...)
		require.Equal(t, exitUsage, status, args)
	}
	_, status := printed(t, "migrate", "run", "--sample", "1", "--pairs", bad)
	require.Equal(t, 80, status, "one of them")
	t.Setenv("DATABASE_URL", "")
	_, status = printed(t, "migrate", "status")
	require.Equal(t, exitUnjudged, status)
}

func TestMigrate_writesASheet(t *testing.T) {
	c := nomisWithPairs(t)
	works(t, c)
	text, _ := printed(t, "migrate", "run", "--dry-run", "--json")
	var run struct {
		MigrationID string `json:"migrationId"`
	}
	require.NoError(t, json.Unmarshal([]byte(text), &run))
	path := filepath.Join(t.TempDir(), "sheet.csv")
	args := []string{"migrate", "sheet", run.MigrationID, "--sample", "2", "--seed", "3", "--out", path}
	text, status := printed(t, args...)
	require.Zero(t, status, text)
	require.Equal(t, "2 lines in "+path+"\n", text)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	first, err := os.ReadFile(path)
	require.NoError(t, err)
	lines, err := csv.NewReader(strings.NewReader(string(first))).ReadAll()
	require.NoError(t, err)
	require.Len(t, lines, 3)
	require.Equal(t, "signed", lines[0][len(lines[0])-1])
	_, _ = printed(t, args...)
	again, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, first, again)

	c.Fault("error-503", 1000)
	_, status = printed(t, args...)
	require.Equal(t, 1, status)
	kept, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, kept, 1, "nothing of one that failed")
	_, status = printed(t, "migrate", "sheet", run.MigrationID, "--sample", "0", "--out", path)
	require.Equal(t, exitUsage, status)
	t.Setenv("NOMIS_API_URL", "")
	_, status = printed(t, args...)
	require.Equal(t, 1, status)
}
