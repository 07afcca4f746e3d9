package reconcile_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"nonassociations/audit"
	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/eventstore"
	"nonassociations/internal/dev/circle"
	"nonassociations/internal/dev/readmodel"
	"nonassociations/nomis/reconcile"
	"nonassociations/nomis/store"
	"nonassociations/nomis/turn"
	"nonassociations/projections"
	"nonassociations/queries"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	patience = 30 * time.Second
	poll     = 5 * time.Millisecond
	pending  = 15 * time.Minute // NOMIS_SWEEP
)

// fixture is both systems with a read model and what reconciliation depends on.
type fixture struct {
	*circle.Circle
	t       *testing.T
	options reconcile.Options
	waits   int // between two reads
}

// newFixture starts both systems, an hour after everything that a test records.
func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{Circle: circle.New(t), t: t}
	london, err := time.LoadLocation("Europe/London")
	require.NoError(t, err)
	f.Now = time.Now().In(london).Add(time.Hour)
	_, err = eventstore.WriteIdentity(t.Context(), f.Log, readmodel.Log)
	require.NoError(t, err)
	quiet, clock := slog.New(slog.DiscardHandler), func() time.Time { return f.Now }
	running(t, projections.New(projections.Options{
		Store: f.Log, DSN: f.DSN, Generation: projections.FirstGeneration, Logger: quiet,
		Clock: func() time.Time { return time.Now().In(london) },
	}).Run)
	reader, err := queries.Open(t.Context(), f.DSN, queries.Options{Logger: quiet, WaitTime: patience})
	require.NoError(t, err)
	t.Cleanup(reader.Close)
	f.options = reconcile.Options{
		Store: f.Store, DSN: f.DSN, API: f.API, Turns: f.Options, Pairs: reader, Feed: audit.New(f.Log, audit.Options{London: london}),
		Head: func(ctx context.Context) (uint64, error) {
			position, err := f.Commands.Head(ctx)
			return position.Uint64(), err
		},
		Clock: clock, Logger: quiet, Pending: pending, Most: 1, Poll: poll,
		Wait: func(context.Context, time.Duration) error { f.waits++; return nil },
	}
	require.Eventually(t, func() bool { // the views are there
		_, err := reader.AllPairs(t.Context(), domain.Pair{}, 1, 0)
		return err == nil
	}, patience, poll)
	return f
}

// running runs something until the test ends, or until what it returns is called.
func running(t *testing.T, run func(context.Context) error) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- run(ctx) }()
	stopped := false
	stop = func() {
		if !stopped {
			stopped = true
			cancel()
			require.NoError(t, <-done)
		}
	}
	t.Cleanup(stop)
	return stop
}

// request requests a run.
func (f *fixture) request(r store.Run, pairs ...domain.Pair) uuid.UUID {
	f.t.Helper()
	r.ID, r.RequestedBy, r.RequestedAt = uuid.New(), "OPERATOR", f.Now
	require.NoError(f.t, f.Store.RequestReconciliation(f.t.Context(), r, pairs))
	return r.ID
}

// ended waits until a run has ended.
func (f *fixture) ended(id uuid.UUID) store.Run {
	f.t.Helper()
	var run store.Run
	require.Eventually(f.t, func() bool {
		var err error
		run, err = f.Store.Reconciliation(f.t.Context(), id)
		require.NoError(f.t, err)
		return run.Status != store.Running
	}, patience, poll)
	return run
}

// run carries a run out.
func (f *fixture) run(r store.Run, pairs ...domain.Pair) store.Run {
	f.t.Helper()
	id := f.request(r, pairs...)
	stop := running(f.t, reconcile.NewRunner(f.options).Run)
	defer stop()
	return f.ended(id)
}

// pairOf is a pair of two made-up prisoners.
func pairOf(n int) domain.Pair {
	pair, err := domain.ParsePair(fmt.Sprintf("A%04dAA_B%04dBB", n, n))
	if err != nil {
		panic(err)
	}
	return pair
}

// staffOpens opens a record of a pair by staff.
func (f *fixture) staffOpens(pair domain.Pair) uuid.UUID {
	f.t.Helper()
	numbers := pair.Numbers()
	receipt, err := f.Commands.Execute(f.t.Context(), domaintest.NewCause(domain.DPS), pair, domain.Open{
		FirstPrisoner: numbers[0], Comment: "Apart", Reason: domain.Threat, Restriction: domain.Wing,
		Roles: map[domain.PrisonerNumber]domain.Role{numbers[0]: domain.Victim, numbers[1]: domain.Perpetrator},
	})
	require.NoError(f.t, err)
	return receipt.NonAssociation.ID
}

// nomisOpens opens a record at a screen of NOMIS.
func (f *fixture) nomisOpens(pair domain.Pair, effective string) int {
	f.t.Helper()
	numbers := pair.Numbers()
	answer := f.There(http.MethodPost, "/staff/non-associations", map[string]string{
		"offenderNo": string(numbers[0]), "nsOffenderNo": string(numbers[1]), "reason": "VIC", "recipReason": "PER", "type": "WING",
		"effectiveDate": effective, "comment": "Told", "updatedBy": "STAFF",
	})
	var created struct {
		TypeSequence int `json:"typeSequence"`
	}
	require.NoError(f.t, json.Unmarshal([]byte(answer), &created))
	return created.TypeSequence
}

// there is a call of NOMIS's staff about a record.
func (f *fixture) there(method string, pair domain.Pair, sequence int, body any) {
	f.t.Helper()
	numbers := pair.Numbers()
	f.There(method, fmt.Sprintf("/staff/non-associations/%s/%s/%d", numbers[0], numbers[1], sequence), body)
}

// fault plants a fault of NOMIS for a pair.
func (f *fixture) fault(name string, pair domain.Pair, times int) {
	f.t.Helper()
	body := map[string]any{"fault": name, "pair": pair.Numbers()}
	if times > 0 {
		body["times"] = times
	}
	f.There(http.MethodPost, "/faults", body)
}

// turn brings a pair in step.
func (f *fixture) turn(pair domain.Pair) {
	f.t.Helper()
	_, err := f.Take(f.t.Context(), pair, turn.Why{})
	require.NoError(f.t, err)
}

// inStep is a pair of which both systems hold one record.
func (f *fixture) inStep(n int) domain.Pair {
	f.t.Helper()
	f.nomisOpens(pairOf(n), "2021-07-05")
	f.turn(pairOf(n))
	return pairOf(n)
}

// living is the one living difference of a pair.
func (f *fixture) living(pair domain.Pair) store.Difference {
	f.t.Helper()
	all, err := f.Store.Living(f.t.Context(), pair)
	require.NoError(f.t, err)
	require.Len(f.t, all, 1)
	return all[0]
}
