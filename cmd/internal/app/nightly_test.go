package app_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/audit/evidence/store"
	"nonassociations/cmd/internal/app"
	"nonassociations/internal/dev/freeport"
)

// nights are processes with their own logins, and the results of the signer's checks.
type nights struct {
	*installation

	t    *testing.T
	tree store.Tree
	days atomic.Int64 // by which the signer's clock is ahead
	seen observedService
}

// sign starts a signer whose checks are always due today.
func (n *nights) sign() *service {
	n.t.Helper()
	o := n.options(n.t, "evidence sign")
	clock := o.Clock
	o.Clock = func() time.Time { return clock().AddDate(0, 0, int(n.days.Load())) }
	o.Config.Evidence.VerifyAt = "00:00"
	o.Config.MetricsAddr = freeport.Address(n.t)
	started := n.startWith(n.t, o)
	n.seen = observedService{started, "http://" + o.Config.MetricsAddr}
	return started
}

// kept waits for the results of the signer's today.
func (n *nights) kept() map[store.CheckName]store.Check {
	n.t.Helper()
	all := map[store.CheckName]store.Check{}
	today := time.Now().AddDate(0, 0, int(n.days.Load())).Add(-12 * time.Hour)
	require.Eventually(n.t, func() bool {
		last, err := n.tree.LastChecks(n.t.Context())
		for _, c := range last {
			if c.At.After(today) {
				all[c.Name] = c
			}
		}
		return err == nil && len(all) == 2
	}, 2*time.Minute, 20*time.Millisecond)
	return all
}

// covered waits for a head over all facts.
func (n *nights) covered() (size int64) {
	n.t.Helper()
	require.Eventually(n.t, func() bool {
		var facts int64
		err := n.conn.QueryRow(n.t.Context(), `SELECT count(*), (SELECT coalesce(max(size), 0) FROM evidence.head) FROM eventstore.events
			WHERE stream ~ '^(nonAssociation-|prisoner-|switchOver)'`).Scan(&facts, &size)
		return err == nil && facts > 0 && facts == size
	}, time.Minute, 20*time.Millisecond)
	return size
}

// TestNight_findsWhatWasTampered runs the checks with the login of the role evidence: a
// good night, a bad one, another bad one, and a good one after the repair.
func TestNight_findsWhatWasTampered(t *testing.T) {
	t.Parallel()
	n := &nights{installation: newInstallation(t), t: t}
	opened, err := store.Open(t.Context(), n.super)
	require.NoError(t, err)
	defer opened.Close()
	n.tree = opened.Tree()
	serving := n.start(t, "serve --project")
	serving.waitReady(t)
	serving.sync(t, "A0001AA")
	serving.sync(t, "A0002AA")
	// A process that was killed has left its verification.
	evidence := connectTo(t, n.logins["evidence"])
	execSQL(t, evidence, "CREATE SCHEMA read_verify; CREATE TABLE read_verify.checkpoint (name text)")

	signing := n.sign()
	first := n.kept()
	require.True(t, first[store.LogCheck].OK, string(first[store.LogCheck].Result))
	require.True(t, first[store.ReadModelCheck].OK, string(first[store.ReadModelCheck].Result))
	require.NotNil(t, first[store.LogCheck].HeadSize)
	good := *first[store.LogCheck].HeadSize

	serving.sync(t, "A0003AA")
	size := n.covered()
	execSQL(t, n.conn, "CREATE TEMP TABLE lost AS SELECT * FROM read_1.prisoner; CREATE TEMP TABLE was AS SELECT position, data FROM eventstore.events")
	execSQL(t, n.conn, "SET session_replication_role = replica; DELETE FROM read_1.prisoner WHERE document::text LIKE '%A0003AA%'")
	execSQL(t, n.conn, "ALTER TABLE eventstore.events DISABLE TRIGGER append_only")
	execSQL(t, n.conn, `UPDATE eventstore.events SET data = convert_to(replace(convert_from(data, 'UTF8'), 'WING', 'CELL'), 'UTF8') WHERE position = (SELECT max(position) FROM eventstore.events WHERE stream LIKE 'nonAssociation-%A0003AA%')`)
	n.bad(good)
	n.says(t, 0)
	n.bad(good) // the head to begin from has not moved

	execSQL(t, n.conn, "UPDATE eventstore.events e SET data = was.data FROM was WHERE was.position = e.position; ALTER TABLE eventstore.events ENABLE ALWAYS TRIGGER append_only")
	execSQL(t, n.conn, "INSERT INTO read_1.prisoner SELECT * FROM lost ON CONFLICT DO NOTHING")
	n.days.Add(1)
	last := n.kept()
	require.True(t, last[store.LogCheck].OK, string(last[store.LogCheck].Result))
	require.True(t, last[store.ReadModelCheck].OK, string(last[store.ReadModelCheck].Result))
	require.Equal(t, size, *last[store.LogCheck].HeadSize)
	require.Equal(t, good, n.log(last).From)
	n.says(t, 1)

	var left int
	require.NoError(t, n.conn.QueryRow(t.Context(), `SELECT count(*) FROM pg_namespace WHERE nspname = 'read_verify'`).Scan(&left))
	require.Zero(t, left)
	for _, sql := range []string{`UPDATE read_1.prisoner SET document = document`, `DELETE FROM read.prisoner`, `DELETE FROM read_1.checkpoint`, `DROP SCHEMA read_1 CASCADE`, `CREATE TABLE read.mine ()`, `UPDATE evidence."check" SET ok = true`, `DELETE FROM evidence."check"`} {
		_, err := evidence.Exec(t.Context(), sql)
		require.ErrorContains(t, err, "42501", sql)
	}
	signing.stopInOrder(t)
	serving.stopInOrder(t)
}

type logResult struct {
	From     int64
	Problems []struct{ Kind string }
}

func (n *nights) log(of map[store.CheckName]store.Check) (found logResult) {
	n.t.Helper()
	require.NoError(n.t, json.Unmarshal(of[store.LogCheck].Result, &found))
	return found
}

// bad is the next night, in which both checks fail.
func (n *nights) bad(from int64) {
	n.t.Helper()
	n.days.Add(1)
	of := n.kept()
	require.False(n.t, of[store.ReadModelCheck].OK)
	require.Contains(n.t, string(of[store.ReadModelCheck].Result), `"MISSING"`)
	require.False(n.t, of[store.LogCheck].OK)
	require.Nil(n.t, of[store.LogCheck].HeadSize)
	found := n.log(of)
	require.Equal(n.t, from, found.From)
	require.Len(n.t, found.Problems, 1)
	require.Equal(n.t, "CHANGED", found.Problems[0].Kind)
}

// says holds metrics and status against the newest results.
func (n *nights) says(t *testing.T, ok int) {
	t.Helper()
	scraped := n.seen.scrape(t)
	for _, check := range []string{"log", "readModel"} {
		require.Contains(t, scraped, fmt.Sprintf("\nnonassociations_check_ok{check=%q} %d\n", check, ok))
	}
	found, err := app.StatusOptions{
		Environment: map[string]string{"DATABASE_URL": n.super, "EVENTSTORE_URL": n.super}, Clock: time.Now, Logger: slog.New(slog.DiscardHandler),
	}.Status(t.Context())
	require.NoError(t, err)
	for _, part := range found.Parts {
		if part.Part == "checks" {
			require.Equal(t, ok == 1, part.OK)
			return
		}
	}
	require.Fail(t, "status has no part of the checks")
}
