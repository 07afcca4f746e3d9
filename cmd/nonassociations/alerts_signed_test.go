package main

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"nonassociations/audit/evidence"
	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/internal/dev/alerts"
)

const (
	headSize        = `nonassociations_evidence_head_size`
	unsignedFacts   = `nonassociations_evidence_unsigned_facts`
	witnessRefusals = `nonassociations_evidence_witness_refusals_total`
	pendingAge      = `nonassociations_nomis_pending_oldest_age_seconds`
	signerBeats     = `nonassociations_consumer_heartbeat_timestamp_seconds{consumer="evidence"}`
)

// signing returns the variables of a process that signs each second, with a new key.
func signing(t *testing.T) []string {
	t.Helper()
	const origin = "x.test/evidence"
	key, err := evidence.GenerateKey(rand.Reader, evidence.OfLog, origin)
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "evidence.key")
	require.NoError(t, os.WriteFile(file, []byte(key.Secret()+"\n"), 0o600))
	return []string{"EVIDENCE_KEY_FILE=" + file, "EVIDENCE_ORIGIN=" + origin, "EVIDENCE_EVERY=1s"}
}

// signs is a phase in which a head covers all facts.
func (e exporting) signs(t *testing.T, facts float64) alerts.Phase {
	t.Helper()
	return e.later(t, func(s alerts.Scrape) bool { return s.Values[headSize] == facts && s.Values[unsignedFacts] == 0 })
}

// hold locks a table against writes until the test ends. Reads of it go on.
func hold(t *testing.T, dsn, table string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(t.Context()) })
	_, err = conn.Exec(t.Context(), `BEGIN; LOCK TABLE `+table+` IN EXCLUSIVE MODE`)
	require.NoError(t, err)
}

// Each fault is made in a process that signs.
func TestHead_thatIsTooOldIsAlerted(t *testing.T) {
	for name, stop := range map[string]func(*testing.T, *deployment, exporting) (bool, alerts.Phase){
		"it goes on": func(t *testing.T, d *deployment, sign exporting) (bool, alerts.Phase) {
			d.tell(t, d.handler(t), "A0002AA", "y")
			return false, sign.signs(t, 2)
		},
		"nothing is recorded": func(t *testing.T, _ *deployment, sign exporting) (bool, alerts.Phase) {
			return false, sign.signs(t, 1)
		},
		"it is killed": func(_ *testing.T, _ *deployment, sign exporting) (bool, alerts.Phase) {
			end(sign.Cmd)
			return true, alerts.Phase{}
		},
		"heads cannot be kept": func(t *testing.T, d *deployment, sign exporting) (bool, alerts.Phase) {
			hold(t, d.dsn, "evidence.head")
			d.tell(t, d.handler(t), "A0002AA", "y")
			waits := sign.later(t, func(s alerts.Scrape) bool { return s.Values[unsignedFacts] == 1 && s.Values[headSize] == 1 })
			// The same without the heartbeat's help: a loop that goes round and signs nothing.
			waits.First.Values[signerBeats], waits.Second.Values[signerBeats] = float64(waits.First.At.UnixMilli())/1000, float64(waits.Second.At.UnixMilli())/1000
			return true, waits
		},
		"a fact has no leaf": func(t *testing.T, d *deployment, sign exporting) (bool, alerts.Phase) {
			_, err := d.log.Append(t.Context(), eventstore.Append{
				Stream: "nonAssociation-A1111AA_C1111CC", Expected: eventstore.NoStream,
				Events: []eventstore.Event{{ID: uuid.New(), Type: "two\nlines", Data: []byte("{}"), Metadata: []byte("{}")}},
			})
			require.NoError(t, err)
			return true, sign.holds(t, `nonassociations_consumer_fault{category="CANNOT_READ",consumer="evidence"}`, 1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDeployment(t)
			d.tell(t, d.handler(t), "A0001AA", "x")
			sign := d.exporting(t, "evidence sign", signing(t)...)
			well := sign.signs(t, 1)
			fires, phase := stop(t, d, sign)
			judge(t, "EvidenceHeadTooOld", fires, []alerts.Phase{well, phase})
		})
	}
}

// TestWitness_thatRefusesIsAlerted lets a witness say that it has seen another log.
func TestWitness_thatRefusesIsAlerted(t *testing.T) {
	t.Parallel()
	var status atomic.Int64
	status.Store(http.StatusServiceUnavailable)
	witness := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(int(status.Load())) }))
	t.Cleanup(witness.Close)
	key, err := evidence.GenerateKey(rand.Reader, evidence.OfWitness, "witness.test")
	require.NoError(t, err)
	d := newDeployment(t)
	d.tell(t, d.handler(t), "A0001AA", "x")
	sign := d.exporting(t, "evidence sign", append(signing(t), "WITNESS_URL="+witness.URL, "WITNESS_KEY="+key.VKey)...)
	well := sign.signs(t, 1)
	judge(t, "EvidenceWitnessRefused", false, []alerts.Phase{well, sign.holds(t, witnessRefusals, 0)})
	status.Store(http.StatusUnprocessableEntity)
	judge(t, "EvidenceWitnessRefused", true, []alerts.Phase{well, sign.holds(t, witnessRefusals, 1)})
}

// TestRecord_thatNOMISDoesNotTakeIsAlerted records while NOMIS does not answer.
func TestRecord_thatNOMISDoesNotTakeIsAlerted(t *testing.T) {
	o := newOutside(t)
	listen := startExporting(t, "nomis listen", "NOMIS_API_URL=http://127.0.0.1:1", "NOMIS_EVENTS_QUEUE_URL="+o.Queue("nomis-events"), "PRISONER_EVENTS_QUEUE_URL="+o.Queue("merges"))
	startExporting(t, "project")
	o.tell(t, o.handler(t), "A0001AA", "x") // NOMIS told it, and has it
	well := listen.holds(t, pendingAge, 0)
	well.Times = 7
	judge(t, "NomisPendingTooLong", false, []alerts.Phase{well})
	o.open(t, "A0002AA")
	waits := listen.later(t, func(s alerts.Scrape) bool { return s.Values[pendingAge] > 0 })
	judge(t, "NomisPendingTooLong", false, []alerts.Phase{well, waits})
	grown := waits.Second.Values[pendingAge] - waits.First.Values[pendingAge]
	require.Greater(t, grown, 0.5, "a second has passed, and the unit tests go on by seconds")
	require.Less(t, grown, 60.0)
	waits.Times = 7 // a little more than half an hour
	judge(t, "NomisPendingTooLong", true, []alerts.Phase{well, waits})
}

// open records what a user says.
func (o *outside) open(t *testing.T, number domain.PrisonerNumber) {
	t.Helper()
	pair, err := domain.NewPair(number, "Z9999ZZ")
	require.NoError(t, err)
	id := uuid.New()
	_, err = o.handler(t).Execute(t.Context(), domain.Cause{CommandID: id, CorrelationID: id, Actor: "X", Source: domain.DPS, About: number}, pair, domain.Open{
		FirstPrisoner: number, Comment: fmt.Sprint("told by ", id), Reason: domain.Bullying, Restriction: domain.Wing,
		Roles: map[domain.PrisonerNumber]domain.Role{number: domain.Victim, "Z9999ZZ": domain.Perpetrator},
	})
	require.NoError(t, err)
}
