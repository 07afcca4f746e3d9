package main

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/audit/evidence/logcheck"
	"nonassociations/eventstore"
	"nonassociations/eventstore/postgres"
	"nonassociations/internal/dev/issuer"
	"nonassociations/internal/dev/testdb"
	"nonassociations/internal/dev/token"
	"nonassociations/projections/rebuild"
	"nonassociations/web/shape"
)

// restoring is an installation whose Postgres is lost, and what is kept of it elsewhere: dumps
// and an archive. The environment of this process names the Postgres that is used.
type restoring struct {
	*outside

	signing     []string // the variables of a process that signs
	keys, token string   // where tokens are verified, and one of them
}

func newRestoring(t *testing.T, dsn string) *restoring {
	t.Helper()
	keys, err := issuer.Open(t.TempDir(), "nonassociations")
	require.NoError(t, err)
	published, err := issuer.Serve(t.Context(), keys)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, published.Stop()) })
	r := &restoring{outside: &outside{}, signing: signing(t), keys: published.KeysURL()}
	r.token, err = keys.Sign(token.Request{User: "NOMIS", Roles: []string{"NON_ASSOCIATIONS_SYNC"}}, time.Now())
	require.NoError(t, err)
	for _, pair := range append(r.signing, asProgram+"=yes") {
		name, value, _ := strings.Cut(pair, "=")
		t.Setenv(name, value)
	}
	r.uses(t, dsn, dsn)
	r.does(t, 0, "schema", "up")
	r.does(t, 0, "schema", "roles")
	log, err := postgres.Open(t.Context(), dsn, postgres.Options{Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	t.Cleanup(func() { _ = log.Close(t.Context()) })
	_, err = eventstore.WriteIdentity(t.Context(), log, uuid.New())
	require.NoError(t, err)
	r.log = log
	return r
}

// uses names the tables and the log that commands and roles use from now on.
func (r *restoring) uses(t *testing.T, tables, log string) {
	t.Helper()
	t.Setenv("DATABASE_URL", tables)
	t.Setenv("EVENTSTORE_URL", log)
}

// does runs a command, which must exit with a status, and returns what it prints.
func (r *restoring) does(t *testing.T, expected int, args ...string) string {
	t.Helper()
	text, status := printed(t, args...)
	require.Equal(t, expected, status, "%v: %s", args, text)
	return text
}

func (r *restoring) verifies(t *testing.T, expected int, args ...string) (found logcheck.Result) {
	t.Helper()
	text := r.does(t, expected, append([]string{"verify", "log", "--json"}, args...)...)
	require.NoError(t, json.Unmarshal([]byte(text), &found), text)
	return found
}

// tells records facts, one each of prisoners from a number on.
func (r *restoring) tells(t *testing.T, from, facts int) {
	t.Helper()
	handler := r.handler(t)
	for n := range facts {
		r.tell(t, handler, fmt.Sprintf("A%04dAA", from+n), "x")
	}
}

// signs runs a signer until all facts are under a head.
func (r *restoring) signs(t *testing.T, facts float64) {
	t.Helper()
	signer := startExporting(t, "evidence sign")
	signer.signs(t, facts)
	end(signer.Cmd)
}

// serves runs a process that serves and projects, and returns when it does.
func (r *restoring) serves(t *testing.T) exporting {
	t.Helper()
	serve := startExporting(t, "serve --project", "AUTH_JWKS_URL="+r.keys, "AUTH_ISSUER="+issuer.Name, "AUTH_AUDIENCE=nonassociations")
	serve.until(t, isWell)
	return serve
}

// reads is what the API answers about the first prisoners, with the positions of the answers.
func (r *restoring) reads(t *testing.T, prisoners int) (answers []string) {
	t.Helper()
	serve := r.serves(t)
	for n := range prisoners {
		require.Eventually(t, func() bool {
			status, answer := r.asks(t, fmt.Sprintf("http://%s/non-associations/A%04dAA", serve.health, n))
			answers = append(answers[:n], answer)
			return status == http.StatusOK
		}, patience, poll)
	}
	end(serve.Cmd)
	return answers
}

// asks returns the status of an answer, and its position and body.
func (r *restoring) asks(t *testing.T, url string) (status int, answer string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+r.token)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, response.Header.Get("X-Position") + " " + string(text)
}

// rebuilds makes rights and read model anew, and returns how many tables were as before.
func (r *restoring) rebuilds(t *testing.T) (same int) {
	t.Helper()
	r.does(t, 0, "schema", "up")
	r.does(t, 0, "schema", "roles")
	var report rebuild.Report
	require.NoError(t, json.Unmarshal([]byte(r.does(t, 0, "rebuild", "--json")), &report))
	require.Equal(t, rebuild.Flipped, report.Status)
	for _, table := range report.Tables {
		if table.Same != nil && *table.Same {
			same++
		}
	}
	return same
}

// TestRestore_ofADump walks the runbook restore: a dump of all facts is whole, one from before
// the last 10 is found out by the checkpoint outside, and the archive brings them back.
func TestRestore_ofADump(t *testing.T) {
	lost := testdb.NewServer(t)
	r := newRestoring(t, lost.DSN())
	const facts, gone = 25, 10
	r.tells(t, 0, facts-gone)
	r.reads(t, 1) // the read model is there
	r.signs(t, facts-gone)
	older := lost.Dump(t)
	r.tells(t, facts-gone, gone)
	was := r.reads(t, facts)
	r.signs(t, facts)
	whole := lost.Dump(t)
	outside := filepath.Join(t.TempDir(), "archive")
	require.EqualValues(t, facts, archived(t, outside, 0).Head.Size)
	recorded := r.recorded(t)
	require.Len(t, recorded, facts)
	checkpoint := filepath.Join(t.TempDir(), "checkpoint")
	text, err := os.ReadFile(filepath.Join(outside, "checkpoint"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(checkpoint, text, 0o600))
	lost.Stop(t)

	t.Run("of all facts", func(t *testing.T) {
		server := testdb.NewServer(t)
		server.Load(t, whole)
		r.uses(t, server.DSN(), server.DSN())
		found := r.verifies(t, 0, "--against", checkpoint)
		require.Equal(t, &logcheck.Against{Size: facts, Prefix: true}, found.Against)
		require.NotZero(t, r.rebuilds(t))
		require.Equal(t, was, r.reads(t, facts))
	})
	t.Run("without the last", func(t *testing.T) {
		server := testdb.NewServer(t)
		server.Load(t, older)
		r.uses(t, server.DSN(), server.DSN())
		r.verifies(t, 0) // what was restored with it says nothing
		found := r.verifies(t, 1, "--against", checkpoint, "--archive", outside)
		require.EqualValues(t, gone, found.Against.Missing)
		require.True(t, found.Against.Prefix)
		require.Equal(t, idsOf(recorded[facts-gone:]), found.Against.MissingEvents)

		into := server.Database(t, "log")
		r.does(t, 0, "archive", "verify", "--from", outside)
		var restored shape.Archived
		require.NoError(t, json.Unmarshal([]byte(r.does(t, 0, "archive", "restore", "--json", "--from", outside, "--into", into)), &restored))
		require.EqualValues(t, facts, restored.Facts)
		r.uses(t, server.DSN(), into)
		require.True(t, r.verifies(t, 0, "--against", checkpoint).Against.Prefix)
		r.rebuilds(t)
		require.Equal(t, was, r.reads(t, facts))
		r.signs(t, facts)
		require.True(t, r.verifies(t, 0).OK)
		require.Zero(t, archived(t, outside, 0).Facts, "the archive goes on where it was")
	})
}

func idsOf(events []eventstore.RecordedEvent) (ids []uuid.UUID) {
	for _, event := range events {
		ids = append(ids, event.ID)
	}
	return ids
}
