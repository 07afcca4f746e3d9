package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/commands"
	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/eventstore/postgres"
)

// rows are both rows of a record of NOMIS, as an extract has them.
const rows = `{"offenderNo":"A0135GA","nsOffenderNo":"A9109UD","typeSequence":1,"reason":"VIC","type":"WING","effectiveDate":"2021-07-05","comment":"Apart"}
{"offenderNo":"A9109UD","nsOffenderNo":"A0135GA","typeSequence":1,"reason":"PER","type":"WING","effectiveDate":"2021-07-05","comment":"Apart"}
`

// heldByNOMIS is a record whose log says that NOMIS holds rows.
func heldByNOMIS(t *testing.T) {
	t.Helper()
	record(t)
	log, err := postgres.Open(t.Context(), os.Getenv("EVENTSTORE_URL"), postgres.Options{Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	defer func() { require.NoError(t, log.Close(context.Background())) }()
	handler := commands.New(log, commands.Options{Clock: func() time.Time { return domaintest.Noon }})
	pair := domaintest.PairOf("A0135GA", "A9109UD")
	sync := domaintest.SyncOf(pair, "Apart")
	sync.Items[0].TypeSequence = 1
	_, err = handler.Execute(t.Context(), domaintest.NewCause(domain.NOMIS), pair, sync)
	require.NoError(t, err)
}

// file writes an extract and returns its path.
func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "extract.ndjson")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestMappingCheck_exitsByWhatItFinds(t *testing.T) {
	heldByNOMIS(t)
	other := strings.ReplaceAll(rows, "Apart", "Other\\nwords")
	check := []string{"nomis", "mapping", "check", "--against"}
	text, status := printed(t, append(check, file(t, rows))...)
	require.Zero(t, status)
	require.Empty(t, text)
	text, status = printed(t, append(check, file(t, other))...)
	require.Equal(t, 1, status)
	require.Equal(t, "A0135GA,A9109UD 1 differs comment ours=\"Apart\" theirs=\"Other\\nwords\"\n", text)
	text, status = printed(t, append(check, file(t, other), "--json")...)
	require.Equal(t, 1, status)
	var found map[string]any
	require.NoError(t, json.Unmarshal([]byte(text), &found))
	delete(found, "nonAssociationId")
	require.Equal(t, map[string]any{
		"pair": []any{"A0135GA", "A9109UD"}, "typeSequence": 1.0, "bucket": "differs", "field": "comment", "ours": "Apart", "theirs": "Other\nwords",
	}, found)
	text, status = printed(t, append(check, file(t, rows), "--at", "2020-01-01T00:00:00Z")...)
	require.Equal(t, 1, status)
	require.Equal(t, "A0135GA,A9109UD 1 onlyThere typeSequence ours=- theirs=\"1\"\n", text)
}

func TestMappingCheck_thatCannotBeMadeExitsWith2(t *testing.T) {
	heldByNOMIS(t)
	check := []string{"nomis", "mapping", "check"}
	away := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }))
	defer away.Close()
	fails := func(what string, args ...string) {
		t.Helper()
		text, status := printed(t, append(check, args...)...)
		require.Equal(t, 2, status, what)
		require.Empty(t, text, what)
	}
	fails("no NOMIS is named")
	fails("no such file", "--against", filepath.Join(t.TempDir(), "none"))
	fails("a malformed line", "--against", file(t, rows+"x\n"))
	t.Setenv("NOMIS_API_URL", away.URL)
	fails("NOMIS is away")
	t.Setenv("EVENTSTORE_URL", "postgres://127.0.0.1:1/x")
	fails("the log is away", "--against", file(t, rows))
	t.Setenv("EVENTSTORE_URL", "")
	fails("no log is named", "--against", file(t, rows))
	_, status := printed(t, append(check, "--at", "yesterday")...)
	require.Equal(t, 80, status, "a wrong command line")
}

// What was interrupted is no pass.
func TestMappingCheck_thatIsInterruptedExitsWith2(t *testing.T) {
	heldByNOMIS(t)
	ended, end := context.WithCancel(t.Context())
	end()
	err := mappingCheckCmd{Against: file(t, rows)}.Run(ended)
	var exit exitError
	require.ErrorAs(t, err, &exit)
	require.Equal(t, 2, exit.ExitCode())
	require.ErrorContains(t, err, "stopped before all pairs were compared")
}
