package publisher_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"nonassociations/publisher/message"
	"nonassociations/publisher/store"
)

// failing is each way in which SNS takes every message but those of one fact.
func failing(id uuid.UUID) map[string]func(w *harness) {
	entry := func(code string, blames bool) func(w *harness) {
		return func(w *harness) {
			w.failEntries(func(sent string) (string, bool) {
				if sent == id.String() {
					return code, blames
				}
				return "", false
			})
		}
	}
	batch := func(status int, code string) func(w *harness) {
		return func(w *harness) {
			fail := func(sent []string) (int, string) {
				if slices.Contains(sent, id.String()) {
					return status, code
				}
				return 0, ""
			}
			w.batch.Store(&fail)
		}
	}
	return map[string]func(w *harness){
		"unknown":              entry("SomethingNew", false),
		"unknown and its own":  entry("SomethingNew", true),
		"internal":             entry("InternalError", false),
		"whole batch unknown":  batch(http.StatusBadRequest, "SomethingNew"),
		"whole batch internal": batch(http.StatusInternalServerError, "InternalError"),
	}
}

func (w *harness) states() map[store.State]int {
	counts := map[store.State]int{}
	for _, row := range w.parked() {
		counts[row.State]++
	}
	return counts
}

// A message that always fails is parked with what comes after it in its pair, also beyond
// a kill. All others go on, and it goes out by itself when SNS takes it.
func TestMessage_thatAlwaysFailsHoldsOnlyItsPairUp(t *testing.T) {
	for name := range failing(uuid.Nil) {
		t.Run(name, func(t *testing.T) {
			w := newHarness(t, "world")
			first := w.appendChange(pairNo(0))
			stuck := w.appendChange(pairNo(0))
			behind := []uuid.UUID{stuck}
			for range 20 {
				behind = append(behind, w.appendChange(pairNo(0)))
			}
			failing(stuck)[name](w)
			for i := range 300 {
				w.appendChange(pairNo(1 + i%50))
			}
			o := w.options(message.Domain)
			o.Window = 8
			p := w.start(o)
			w.requirePublished(message.Domain, behind...)
			require.Contains(t, w.publishedIDs(), first.String())
			w.waitForFailing()
			w.waitFor(map[store.State]int{store.Failing: 1, store.Blocked: 20})
			w.waitForCheckpoint(message.Domain)
			status := p.Status()
			require.Equal(t, []int{0, 1, 20, 0}, []int{status.Refused, status.Failing, status.Blocked, status.Skipped})
			require.NoError(t, status.Fault)
			p.kill()

			behind = append(behind, w.appendChange(pairNo(0)))
			w.appendChange(pairNo(1))
			p = w.start(o)
			w.requirePublished(message.Domain, behind...)
			w.waitFor(map[store.State]int{store.Failing: 1, store.Blocked: 21})
			tries := w.parked()[0].Attempts
			require.Equal(t, stuck, w.parked()[0].EventID)
			require.GreaterOrEqual(t, tries, 5)
			w.clearFaults()
			w.requirePublished(message.Domain)
			w.waitForParked(0)
			require.Eventually(t, func() bool { s := p.Status(); return s.Failing+s.Blocked == 0 }, waitLimit, pollInterval)
		})
	}
}

// waitForFailing changes other pairs until a message is known to fail
// by itself: each may be the one that shows that SNS takes others.
func (w *harness) waitForFailing() {
	w.t.Helper()
	require.Eventually(w.t, func() bool {
		w.appendChange(pairNo(1))
		return w.states()[store.Failing] == 1
	}, waitLimit, pollInterval)
}

func (w *harness) waitFor(states map[store.State]int) {
	w.t.Helper()
	require.Eventually(w.t, func() bool {
		now := w.states()
		for state, n := range states {
			if now[state] != n {
				return false
			}
		}
		return true
	}, waitLimit, pollInterval, "%v", w.states())
}

// The facts of one pair fill the window many times over, before there is any
// other message that SNS could take.
func TestPipeline_otherPairsGoOnHoweverManyFactsWait(t *testing.T) {
	w := newHarness(t, "world")
	stuck := w.appendChange(pairNo(0))
	failing(stuck)["unknown"](w)
	behind := []uuid.UUID{stuck}
	for range 900 {
		behind = append(behind, w.appendChange(pairNo(0)))
	}
	for i := range 30 {
		w.appendChange(pairNo(1 + i%10))
	}
	o := w.options(message.Domain)
	o.Window = 64
	w.start(o)
	w.requirePublished(message.Domain, behind...)
	w.waitForFailing()
	w.requirePublished(message.Domain, behind...)
	w.waitFor(map[store.State]int{store.Failing: 1, store.Blocked: 900})
	w.waitForCheckpoint(message.Domain)
	w.clearFaults()
	w.requirePublished(message.Domain)
	w.waitForParked(0)
}

// A pair whose messages alone are throttled is not parked for it, and holds
// no other pair up.
func TestThrottledPair_isNotParkedAndHoldsOnlyItselfUp(t *testing.T) {
	w := newHarness(t, "world")
	w.recordParking()
	stuck := w.appendChange(pairNo(0))
	behind := []uuid.UUID{stuck, w.appendChange(pairNo(0))}
	w.failEntries(func(id string) (string, bool) {
		if id == stuck.String() {
			return "Throttled", false
		}
		return "", false
	})
	o := w.options(message.Domain)
	o.Window = 8
	p := w.start(o)
	for i := range 300 {
		w.appendChange(pairNo(1 + i%20))
	}
	w.requirePublished(message.Domain, behind...)
	before := p.Status().Faults
	require.Eventually(t, func() bool { return p.Status().Faults > before+5 }, waitLimit, pollInterval, "it is tried again and again")
	w.clearFaults()
	w.requirePublished(message.Domain)
	w.waitForCheckpoint(message.Domain)
	require.Empty(t, w.everParked())
}

// recordParking lets the database keep each state that a row ever had.
func (w *harness) recordParking() {
	w.execute(`CREATE TABLE remembered (state text);
		CREATE FUNCTION remember() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO remembered VALUES (NEW.state); RETURN NEW; END';
		CREATE TRIGGER remembering BEFORE INSERT OR UPDATE ON publisher.parked FOR EACH ROW EXECUTE FUNCTION remember()`)
}

func (w *harness) everParked() []string {
	w.t.Helper()
	rows, err := w.db.Query(w.t.Context(), `SELECT state FROM remembered`)
	require.NoError(w.t, err)
	states, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(w.t, err)
	return states
}
