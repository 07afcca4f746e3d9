package main

import (
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/commands"
	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/eventstore/postgres"
	"nonassociations/web/shape"
)

// opened adds a record of staff to a log.
func opened(t *testing.T, dsn string, pair domain.Pair) uuid.UUID {
	t.Helper()
	log, err := postgres.Open(t.Context(), dsn, postgres.Options{Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	defer func() { require.NoError(t, log.Close(t.Context())) }()
	handler := commands.New(log, commands.Options{Clock: func() time.Time { return time.Now().In(domaintest.London) }})
	first := pair.Numbers()[0]
	receipt, err := handler.Execute(t.Context(), domain.Cause{CommandID: uuid.New(), Actor: "OPENER", Source: domain.DPS}, pair, domain.Open{
		Comment: "They \"fight\"\nagain", FirstPrisoner: first, Reason: domain.Threat, Restriction: domain.Landing,
		Roles: map[domain.PrisonerNumber]domain.Role{first: domain.Perpetrator, pair.Other(first): domain.Victim},
	})
	require.NoError(t, err)
	return receipt.NonAssociation.ID
}

func TestReplay_saysWhatIsWrongBeforeAnythingIsOpened(t *testing.T) {
	for _, c := range []struct{ says, args string }{
		{"--prisoner=N or --pair=A B", ""},
		{"can't be used together", "--prisoner A1234BC --pair A1234BC,D5678EF"},
		{"must be a prisoner number", "--prisoner A123BC"},
		{"must be two prisoner numbers", "--pair A1234BC"},
		{"must be another prisoner", "--pair A1234BC a1234bc"},
		{"must be a prisoner number", "--pair A1234BC,"},
		{"--known-at must not be in the future", "--prisoner A1234BC --known-at 2999-01-01"},
		{"--told-at must not be in the future", "--prisoner A1234BC --told-at 2999-01-01"},
		{"--true-at must be a day", "--prisoner A1234BC --true-at="},
		{"--known-at must be a time that exists in London", "--prisoner A1234BC --known-at 2023-03-26T01:30"},
	} {
		stdout, stderr, status := program(t, nil, append([]string{"replay"}, strings.Fields(c.args)...)...)
		require.Equal(t, 80, status, c.args)
		require.Empty(t, stdout)
		require.Contains(t, stderr, c.says)
	}
	_, stderr, status := program(t, nil, "replay", "--prisoner", "A1234BC")
	require.Equal(t, 2, status)
	require.Contains(t, stderr, "EVENTSTORE_URL")
	_, stderr, status = program(t, []string{"EVENTSTORE_URL=embedded"}, "replay", "--prisoner", "A1234BC")
	require.Equal(t, 2, status)
	require.Contains(t, stderr, "DATABASE_URL")
}

// TestReplay_needsTheLogAlone: no read model, and no variable but that of the log.
func TestReplay_needsTheLogAlone(t *testing.T) {
	dsn, conn, _ := newRecord(t)
	_, err := conn.Exec(t.Context(), `DROP SCHEMA read_1 CASCADE`)
	require.NoError(t, err)
	id := opened(t, dsn, domaintest.PairOf("A1234BC", "D5678EF"))
	environment := []string{"EVENTSTORE_URL=" + dsn}

	stdout, stderr, status := program(t, environment, "replay", "--pair", "d5678ef", "A1234BC", "--json")
	require.Zero(t, status, stderr)
	var body shape.AsOf
	require.NoError(t, json.Unmarshal([]byte(stdout), &body))
	require.Equal(t, 1, strings.Count(stdout, "\n"), "one object")
	require.Equal(t, id, body.NonAssociations[0].ID)
	require.Equal(t, "OPEN", body.NonAssociations[0].State)
	require.Nil(t, body.ToldAt)
	require.Nil(t, body.NonAssociations[0].NOMIS)

	stdout, _, status = program(t, environment, "replay", "--prisoner", "A1234BC", "--told-at", body.KnownAt)
	require.Zero(t, status)
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	require.Len(t, lines, 6, stdout)
	require.Contains(t, lines[3], `OPEN   A1234BC,D5678EF`)
	require.Contains(t, lines[3], `"They \"fight\"\nagain"`)
	require.Contains(t, lines[3], "nothing")
	require.Contains(t, lines[5], ": nonassociations replay --prisoner A1234BC --true-at ")

	next := strings.Fields(lines[5][strings.Index(lines[5], ": nonassociations ")+2:])[1:]
	stdout, _, status = program(t, environment, next...)
	require.Zero(t, status, "the next command works as it is printed")
	require.Contains(t, stdout, id.String())

	stdout, _, status = program(t, environment, "replay", "--prisoner", "Z9999ZZ")
	require.Zero(t, status)
	require.Contains(t, stdout, "Records of Z9999ZZ as they were at")
	require.Contains(t, stdout, ": 0.")
}

func TestReplay_ofALogThatWasNeverWrittenToIsNoAnswer(t *testing.T) {
	stdout, stderr, status := program(t, []string{"EVENTSTORE_URL=" + schemas.New(t)}, "replay", "--prisoner", "A1234BC", "--json")
	require.Equal(t, 2, status)
	require.Empty(t, stdout)
	require.Contains(t, stderr, "id")
}
