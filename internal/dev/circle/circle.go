// Package circle has both systems for tests: the record over a log in memory, the
// stand-in for NOMIS over HTTP, and turns between them. It needs a real Postgres.
package circle

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/commands"
	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/eventstore"
	"nonassociations/eventstore/memory"
	"nonassociations/internal/dev/nomisapi"
	"nonassociations/internal/dev/readmodel"
	"nonassociations/internal/dev/testdb"
	"nonassociations/nomis/npa"
	"nonassociations/nomis/plan"
	"nonassociations/nomis/store"
	"nonassociations/nomis/turn"
)

// Pair is the pair of domaintest, which most of the methods are about.
var Pair = domaintest.Pair

const low, high = domaintest.Low, domaintest.High

// Circle is both systems. Its methods fail the test at once. It belongs to one goroutine,
// but for turns.
type Circle struct {
	*turn.Turns

	NOMIS    *nomisapi.Server
	API      *npa.API
	Commands *commands.Handler
	Log      eventstore.Store
	Store    *store.Store
	DSN      string
	Logs     *bytes.Buffer
	Now      time.Time // of every clock
	Inbound  bool      // allowed
	Outbound bool      // allowed
	Paused   int       // before mirrors were read again

	t    *testing.T
	http *http.Client
}

// tables is a database with the tables of both systems, and with the read model of an empty
// log, the one of readmodel.Log, for tests that project.
var tables = testdb.NewTemplate(store.Migrate, nomisapi.Migrate, readmodel.Migrate)

// New starts both systems. They stop with the test.
func New(t *testing.T) *Circle {
	t.Helper()
	dsn := tables.New(t)
	f := &Circle{
		t: t, Log: memory.New(), DSN: dsn, http: &http.Client{Transport: &http.Transport{}}, Logs: &bytes.Buffer{}, Now: domaintest.Noon,
		Inbound: true, Outbound: true,
	}
	var err error
	f.Store, err = store.Open(t.Context(), dsn)
	require.NoError(t, err)
	t.Cleanup(f.Store.Close)
	f.NOMIS, err = nomisapi.Start(t.Context(), nomisapi.Options{
		DatabaseURL: dsn, Now: func() time.Time { return f.Now },
		Knows: func(_ context.Context, number string) (bool, error) { return number != "Z9999ZZ", nil },
		Verify: func(token string) ([]string, error) {
			if token != "good" {
				return nil, errors.New("no token")
			}
			return []string{nomisapi.Role}, nil
		},
		Sign:     func(string) (string, time.Duration, error) { return "good", time.Hour, nil },
		ClientID: "client", ClientSecret: "secret",
	})
	require.NoError(t, err)
	f.API = npa.New(npa.Options{
		URL: f.NOMIS.URL(), Clock: time.Now,
		Credentials: &npa.Credentials{TokenURL: f.NOMIS.URL() + "/oauth/token", ClientID: "client", ClientSecret: "secret"},
	})
	t.Cleanup(func() {
		require.NoError(t, f.NOMIS.Stop(context.Background()))
		f.API.Close()
		f.http.CloseIdleConnections()
	})
	f.Commands = commands.New(f.Log, commands.Options{Clock: func() time.Time { return f.Now }})
	f.Turns = turn.New(turn.Options{
		Record: f.Commands, NOMIS: f.API.For(npa.Turn), Store: f.Store, Rules: f, Clock: func() time.Time { return f.Now },
		Logger: slog.New(slog.NewTextHandler(f.Logs, nil)), DeleteAfter: time.Hour,
		Pause: func(context.Context) error { f.Paused++; return nil },
	})
	return f
}

// InboundAllowed implements [turn.Rules].
func (f *Circle) InboundAllowed(context.Context, domain.Pair) (bool, error) { return f.Inbound, nil }

// OutboundAllowed implements [turn.Rules].
func (f *Circle) OutboundAllowed(context.Context) (bool, error) { return f.Outbound, nil }

// StaffOpen opens a record by staff.
func (f *Circle) StaffOpen() uuid.UUID {
	f.t.Helper()
	receipt, err := f.Commands.Execute(f.t.Context(), domaintest.NewCause(domain.DPS), Pair, domain.Open{
		FirstPrisoner: low, Comment: "Apart", Reason: domain.Threat, Restriction: domain.Wing,
		Roles: map[domain.PrisonerNumber]domain.Role{low: domain.Victim, high: domain.Perpetrator},
	})
	require.NoError(f.t, err)
	return receipt.NonAssociation.ID
}

// Staff decides a command of staff.
func (f *Circle) Staff(c domain.Command) {
	f.t.Helper()
	_, err := f.Commands.Execute(f.t.Context(), domaintest.NewCause(domain.DPS), Pair, c)
	require.NoError(f.t, err)
}

// There sends a request of NOMIS's staff and returns its answer.
func (f *Circle) There(method, path string, body any) string {
	f.t.Helper()
	text, err := json.Marshal(body)
	require.NoError(f.t, err)
	request, err := http.NewRequestWithContext(f.t.Context(), method, f.NOMIS.URL()+path, bytes.NewReader(text))
	require.NoError(f.t, err)
	response, err := f.http.Do(request)
	require.NoError(f.t, err)
	defer response.Body.Close()
	var answer bytes.Buffer
	_, err = answer.ReadFrom(response.Body)
	require.NoError(f.t, err)
	require.Less(f.t, response.StatusCode, 300, answer.String())
	return answer.String()
}

// NOMISOpen opens a record at a screen of NOMIS and returns its sequence.
func (f *Circle) NOMISOpen(effective string) int {
	f.t.Helper()
	answer := f.There(http.MethodPost, "/staff/non-associations", map[string]string{
		"offenderNo": string(low), "nsOffenderNo": string(high), "reason": "VIC", "recipReason": "PER", "type": "WING",
		"effectiveDate": effective, "comment": "Told", "updatedBy": "STAFF",
	})
	var created struct {
		TypeSequence int `json:"typeSequence"`
	}
	require.NoError(f.t, json.Unmarshal([]byte(answer), &created))
	return created.TypeSequence
}

// NOMISChange changes a record at a screen of NOMIS.
func (f *Circle) NOMISChange(sequence int, values map[string]any) {
	f.t.Helper()
	f.There(http.MethodPatch, fmt.Sprintf("/staff/non-associations/%s/%s/%d", low, high, sequence), values)
}

// NOMISDelete deletes a record at a screen of NOMIS.
func (f *Circle) NOMISDelete(sequence int) {
	f.t.Helper()
	f.There(http.MethodDelete, fmt.Sprintf("/staff/non-associations/%s/%s/%d", low, high, sequence), nil)
}

// Fault plants a fault of NOMIS.
func (f *Circle) Fault(name string, times int) {
	f.t.Helper()
	f.There(http.MethodPost, "/faults", map[string]any{"fault": name, "times": times})
}

// TakeTurn takes a turn, which must not fail, and returns its steps.
func (f *Circle) TakeTurn() []plan.Action {
	f.t.Helper()
	result, err := f.Take(f.t.Context(), Pair, turn.Why{})
	require.NoError(f.t, err)
	return Actions(result.Done)
}

// Actions returns the actions of steps.
func Actions(steps []plan.Step) []plan.Action {
	var all []plan.Action
	for _, s := range steps {
		all = append(all, s.Action)
	}
	return all
}

// IsQuiet requires that both sides hold the same, and that another turn does nothing.
func (f *Circle) IsQuiet() {
	f.t.Helper()
	result, err := f.Take(f.t.Context(), Pair, turn.Why{})
	require.NoError(f.t, err)
	require.Empty(f.t, result.Done)
	require.Empty(f.t, turn.Findings(result.Plan, Pair))
	require.Empty(f.t, f.Living())
}

// Living are the living differences of the pair.
func (f *Circle) Living() []store.Difference {
	f.t.Helper()
	all, err := f.Store.Living(f.t.Context(), Pair)
	require.NoError(f.t, err)
	return all
}

// Items are the records of the pair here.
func (f *Circle) Items() []domain.NonAssociation {
	f.t.Helper()
	ours, err := f.Commands.Plan(f.t.Context(), Pair)
	require.NoError(f.t, err)
	return ours.Exchanges.State().Items
}

// Facts are those of the pair's stream.
func (f *Circle) Facts() []eventstore.Fact {
	f.t.Helper()
	var all []eventstore.Fact
	read := f.Log.ReadMany(f.t.Context(), []string{Pair.Stream()})[0]
	require.NoError(f.t, read.Err)
	for _, recorded := range read.Events {
		fact, err := eventstore.Read(domain.Events(), recorded)
		require.NoError(f.t, err)
		all = append(all, fact)
	}
	return all
}

// Writes are the calls of the API that changed something.
func (f *Circle) Writes() []string {
	f.t.Helper()
	var calls []struct{ Method, Path string }
	answer := f.There(http.MethodGet, fmt.Sprintf("/staff/calls?a=%s&b=%s", low, high), nil)
	require.NoError(f.t, json.Unmarshal([]byte(answer), &calls))
	var writes []string
	for _, c := range calls {
		if c.Method != http.MethodGet && !strings.HasPrefix(c.Path, "/staff") {
			writes = append(writes, c.Method)
		}
	}
	slices.Reverse(writes) // the newest comes first
	return writes
}
