package turn_test

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
	"go.uber.org/goleak"

	"nonassociations/commands"
	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/eventstore"
	"nonassociations/eventstore/memory"
	"nonassociations/internal/dev/nomisapi"
	"nonassociations/internal/dev/testdb"
	"nonassociations/nomis/npa"
	"nonassociations/nomis/plan"
	"nonassociations/nomis/store"
	"nonassociations/nomis/turn"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	low, high = domaintest.Low, domaintest.High
	today     = "2026-07-15"
)

var pair = domaintest.Pair

// fixture is both systems: a log in memory, and the stand-in for NOMIS over HTTP.
type fixture struct {
	*turn.Turns

	t        *testing.T
	nomis    *nomisapi.Server
	commands *commands.Handler
	log      eventstore.Store
	store    *store.Store
	http     *http.Client
	logs     *bytes.Buffer
	now      time.Time
	inbound  bool
	outbound bool
	paused   int // before mirrors were read again
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	dsn := testdb.New(t)
	require.NoError(t, store.Migrate(t.Context(), dsn))
	f := &fixture{t: t, log: memory.New(), http: &http.Client{Transport: &http.Transport{}}, logs: &bytes.Buffer{}, now: domaintest.Noon, inbound: true, outbound: true}
	var err error
	f.store, err = store.Open(t.Context(), dsn)
	require.NoError(t, err)
	t.Cleanup(f.store.Close)
	f.nomis, err = nomisapi.Start(t.Context(), nomisapi.Options{
		DatabaseURL: dsn, Now: func() time.Time { return f.now },
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
	api := npa.New(npa.Options{
		URL: f.nomis.URL(), Clock: time.Now,
		Credentials: &npa.Credentials{TokenURL: f.nomis.URL() + "/oauth/token", ClientID: "client", ClientSecret: "secret"},
	})
	t.Cleanup(func() {
		require.NoError(t, f.nomis.Stop(context.Background()))
		api.Close()
		f.http.CloseIdleConnections()
	})
	f.commands = commands.New(f.log, commands.Options{Clock: func() time.Time { return f.now }})
	f.Turns = turn.New(turn.Options{
		Record: f.commands, NOMIS: api.For(npa.Turn), Store: f.store, Rules: f, Clock: func() time.Time { return f.now },
		Logger: slog.New(slog.NewTextHandler(f.logs, nil)), DeleteAfter: time.Hour,
		Pause: func(context.Context) error { f.paused++; return nil },
	})
	return f
}

// Allowed implements [turn.Rules].
func (f *fixture) Allowed(context.Context, domain.Pair) (inbound, outbound bool, err error) {
	return f.inbound, f.outbound, nil
}

// staffOpen opens a record by staff.
func (f *fixture) staffOpen() uuid.UUID {
	f.t.Helper()
	receipt, err := f.commands.Execute(f.t.Context(), domaintest.NewCause(domain.DPS), pair, domain.Open{
		FirstPrisoner: low, Comment: "Apart", Reason: domain.Threat, Restriction: domain.Wing,
		Roles: map[domain.PrisonerNumber]domain.Role{low: domain.Victim, high: domain.Perpetrator},
	})
	require.NoError(f.t, err)
	return receipt.NonAssociation.ID
}

func (f *fixture) staff(c domain.Command) {
	f.t.Helper()
	_, err := f.commands.Execute(f.t.Context(), domaintest.NewCause(domain.DPS), pair, c)
	require.NoError(f.t, err)
}

// there sends a request of NOMIS's staff and returns its answer.
func (f *fixture) there(method, path string, body any) string {
	f.t.Helper()
	text, err := json.Marshal(body)
	require.NoError(f.t, err)
	request, err := http.NewRequestWithContext(f.t.Context(), method, f.nomis.URL()+path, bytes.NewReader(text))
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

// nomisOpen opens a record at a screen of NOMIS and returns its sequence.
func (f *fixture) nomisOpen(effective string) int {
	f.t.Helper()
	answer := f.there(http.MethodPost, "/staff/non-associations", map[string]string{
		"offenderNo": string(low), "nsOffenderNo": string(high), "reason": "VIC", "recipReason": "PER", "type": "WING",
		"effectiveDate": effective, "comment": "Told", "updatedBy": "STAFF",
	})
	var created struct {
		TypeSequence int `json:"typeSequence"`
	}
	require.NoError(f.t, json.Unmarshal([]byte(answer), &created))
	return created.TypeSequence
}

// nomisChange changes a record at a screen of NOMIS.
func (f *fixture) nomisChange(sequence int, values map[string]any) {
	f.t.Helper()
	f.there(http.MethodPatch, fmt.Sprintf("/staff/non-associations/%s/%s/%d", low, high, sequence), values)
}

func (f *fixture) nomisDelete(sequence int) {
	f.t.Helper()
	f.there(http.MethodDelete, fmt.Sprintf("/staff/non-associations/%s/%s/%d", low, high, sequence), nil)
}

// fault plants a fault of NOMIS.
func (f *fixture) fault(name string, times int) {
	f.t.Helper()
	f.there(http.MethodPost, "/faults", map[string]any{"fault": name, "times": times})
}

// take takes a turn, which must not fail, and returns its steps.
func (f *fixture) take() []plan.Action {
	f.t.Helper()
	result, err := f.Take(f.t.Context(), pair, turn.Why{})
	require.NoError(f.t, err)
	return actions(result.Done)
}

func actions(steps []plan.Step) []plan.Action {
	var all []plan.Action
	for _, s := range steps {
		all = append(all, s.Action)
	}
	return all
}

// isQuiet requires that both sides hold the same, and that another turn does nothing.
func (f *fixture) isQuiet() {
	f.t.Helper()
	result, err := f.Take(f.t.Context(), pair, turn.Why{})
	require.NoError(f.t, err)
	require.Empty(f.t, result.Done)
	require.Empty(f.t, turn.Findings(result.Plan, pair))
	require.Empty(f.t, f.living())
}

func (f *fixture) living() []store.Difference {
	f.t.Helper()
	all, err := f.store.Living(f.t.Context(), pair)
	require.NoError(f.t, err)
	return all
}

// items are the records of the pair here.
func (f *fixture) items() []domain.NonAssociation {
	f.t.Helper()
	ours, err := f.commands.Plan(f.t.Context(), pair)
	require.NoError(f.t, err)
	return ours.Exchanges.State().Items
}

// facts are those of the pair's stream.
func (f *fixture) facts() []eventstore.Fact {
	f.t.Helper()
	var all []eventstore.Fact
	read := f.log.ReadMany(f.t.Context(), []string{pair.Stream()})[0]
	require.NoError(f.t, read.Err)
	for _, recorded := range read.Events {
		fact, err := eventstore.Read(domain.Events(), recorded)
		require.NoError(f.t, err)
		all = append(all, fact)
	}
	return all
}

// writes are the calls of the API that changed something.
func (f *fixture) writes() []string {
	f.t.Helper()
	var calls []struct{ Method, Path string }
	answer := f.there(http.MethodGet, fmt.Sprintf("/staff/calls?a=%s&b=%s", low, high), nil)
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
