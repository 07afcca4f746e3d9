package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/web/screens/store"
)

func TestShow_saysWhatIsWrongBeforeAnythingIsOpened(t *testing.T) {
	for _, c := range []struct {
		says string
		args []string
	}{
		{"needs --request or --get", nil},
		{"--request must be a UUID", []string{"--request", "x"}},
		{"belong to --get", []string{"--request", "8bd1a8c5-1b1f-4d4c-8d1c-6a2d7a0e9f10", "--position", "1"}},
		{"can't be used together", []string{"--request", "8bd1a8c5-1b1f-4d4c-8d1c-6a2d7a0e9f10", "--get", "/non-associations"}},
		{"--get needs --position", []string{"--get", "/non-associations/A1234BC"}},
		{"--get is no read of records", []string{"--get", "/health", "--position", "1"}},
		{"--get must be a path", []string{"--get", "non-associations", "--position", "1"}},
		{"--get must be a path", []string{"--get", "http://x/non-associations", "--position", "1"}},
		{"the feed is the log itself", []string{"--get", "/history?from=1", "--position", "1"}},
		{"differences with NOMIS", []string{"--get", "/non-associations/8bd1a8c5-1b1f-4d4c-8d1c-6a2d7a0e9f10/delivery", "--position", "1"}},
		{"label of its migration", []string{"--get", "/mapping/non-associations/migrated/latest", "--position", "1"}},
		{"--get is no read of records", []string{"--get", "/non-associations/A1234BC/close", "--position", "1"}},
		{"--position must be a position", []string{"--get", "/non-associations/A1234BC", "--position", "x"}},
		{"--position must be a position", []string{"--get", "/non-associations/A1234BC", "--position=-1"}},
		{"--at must be a day", []string{"--get", "/non-associations/A1234BC", "--position", "1", "--at", "soon"}},
		{"--at must be a time that exists in London", []string{"--get", "/non-associations/A1234BC", "--position", "1", "--at", "2023-03-26T01:30"}},
	} {
		stdout, stderr, status := program(t, nil, append([]string{"show"}, c.args...)...)
		require.Equal(t, 80, status, c.args)
		require.Empty(t, stdout)
		require.Contains(t, stderr, c.says)
	}
}

// TestShow_getIsTheStateUpToThePosition: before the record it is unknown, at any place after
// it is there, and beyond the end of the log nothing is said.
func TestShow_getIsTheStateUpToThePosition(t *testing.T) {
	dsn, _, _ := newRecord(t)
	id := opened(t, dsn, domaintest.PairOf("A1234BC", "D5678EF"))
	environment := []string{"EVENTSTORE_URL=" + dsn}
	path := "/non-associations/" + id.String()

	stdout, stderr, status := program(t, environment, "show", "--get", path, "--position", "0")
	require.Equal(t, 1, status, stderr)
	require.Contains(t, stdout, `"status":404`)
	stdout, stderr, status = program(t, environment, "show", "--get", path, "--position", "2")
	require.Zero(t, status, stderr)
	require.Contains(t, stdout, id.String())
	require.Equal(t, 1, strings.Count(stdout, "\n"), "one object")
	stdout, stderr, status = program(t, environment, "show", "--get", path, "--position", "99")
	require.Equal(t, 2, status)
	require.Empty(t, stdout)
	require.Contains(t, stderr, "the log has not reached the position 99")

	stdout, stderr, status = program(t, environment, "show", "--get", "/non-associations/x", "--position", "2")
	require.Equal(t, 80, status)
	require.Empty(t, stdout)
	require.Contains(t, stderr, "reference")
	_, stderr, status = program(t, environment, "show", "--get", path+"?atLeast=3", "--position", "2")
	require.Equal(t, 2, status, "it was not answered from there")
	require.Contains(t, stderr, "cannot answer")
	stdout, _, status = program(t, environment, "show", "--get", "/subject-access-request?prn=Z9999ZZ", "--position", "2")
	require.Zero(t, status)
	require.Empty(t, stdout, "the API answers without a body")
}

// pages are all pages of the view audit, with whether they can be shown again.
var pages = map[store.Page]bool{
	store.PageList: true, store.PageListCSV: false, store.PageRecord: true, store.PageHistory: true, store.PageAsOf: true, store.PageFacts: true,
	store.PageHome: false, store.PageSearch: false, store.PageAdd: false, store.PageUpdate: false, store.PageClose: false, store.PageReopen: false,
	store.PageDelete: false, store.PagePrison: false, store.PagePrisonCSV: false, store.PageTooClose: false, store.PageMoveCheck: false,
	store.PageViews: false, store.PageActions: false, store.PageExport: false, store.PagePublisher: false, store.PageQueues: false,
	store.PageMigration: false, store.PageDifferences: false, store.PagePair: false,
}

// TestShow_requestIsThePageAsOfItsPosition walks all pages: each is shown with its records and
// the words, or says why not. What came later is not on it.
func TestShow_requestIsThePageAsOfItsPosition(t *testing.T) {
	dsn, _, _ := newRecord(t)
	id := opened(t, dsn, domaintest.PairOf("A1234BC", "D5678EF"))
	opened(t, dsn, domaintest.PairOf("A1234BC", "E5555EE"))
	environment := []string{"EVENTSTORE_URL=" + dsn, "DATABASE_URL=" + dsn}
	views, err := store.Open(t.Context(), dsn, nil)
	require.NoError(t, err)
	t.Cleanup(views.Close)
	const list = "/prisoner/{pn}/non-associations"
	day := time.Now().In(domaintest.London).Format(time.DateOnly)
	questions := map[store.Page][2]string{
		store.PageList: {list, "sort=x"}, store.PageRecord: {list + "/{id}", "id=" + id.String()},
		store.PageHistory: {list + "/history", ""}, store.PageAsOf: {list + "/history", "trueAt=" + day + "&knownAt=" + day},
		store.PageFacts: {"/audit/facts", "prisoner=A1234BC"},
	}
	for page, again := range pages {
		view := store.View{
			At: time.Now(), UserName: "OFFICER", Page: page, Route: questions[page][0], Query: questions[page][1],
			Subjects: []domain.PrisonerNumber{"A1234BC"}, Position: 2, Build: "old", RequestID: uuid.New(),
		}
		require.NoError(t, views.InsertView(t.Context(), view))
		stdout, stderr, status := program(t, environment, "show", "--request", view.RequestID.String())
		if !again {
			require.Equal(t, 2, status, page)
			require.Contains(t, stderr, "this page cannot be shown again: ", page)
			require.NotContains(t, stderr, "does not know")
			continue
		}
		require.Zero(t, status, "%s: %s", page, stderr)
		require.Contains(t, stdout, "hown as of position 2 by build ", page)
		require.Contains(t, stdout, "The page was made by build old.")
		require.Contains(t, stdout, "D5678EF", page)
		require.NotContains(t, stdout, "E5555EE", page)

		stdout, _, status = program(t, environment, "show", "--request", view.RequestID.String(), "--json")
		require.Zero(t, status)
		var body map[string]string
		require.NoError(t, json.Unmarshal([]byte(stdout), &body))
		require.Len(t, body, 1)
		require.Contains(t, body["page"], "D5678EF")
	}
	_, stderr, status := program(t, environment, "show", "--request", uuid.NewString())
	require.Equal(t, 1, status)
	require.Contains(t, stderr, "no page was shown under this request id")
}
