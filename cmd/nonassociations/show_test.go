package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/domain/domaintest"
)

func TestShow_saysWhatIsWrongBeforeAnythingIsOpened(t *testing.T) {
	for _, c := range []struct {
		says string
		args []string
	}{
		{"--get must be a path", nil},
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
