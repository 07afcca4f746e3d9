package main

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"nonassociations/internal/dev/alerts"
)

// addCheck keeps the result of a check of the night, as the role that makes it does.
func addCheck(t *testing.T, dsn string, ok bool) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	defer conn.Close(t.Context())
	for _, name := range []string{"readModel", "log"} {
		_, err = conn.Exec(t.Context(), `INSERT INTO evidence."check" ("check", at, ok, result) VALUES ($1, $2, $3, '{}')`, name, time.Now(), ok)
		require.NoError(t, err)
	}
}

const (
	writePath  = `nonassociations_write_path_up`
	checkOfLog = `nonassociations_check_ok{check="log"}`
)

// expectedLabels are those of the alerts that the faults below cause.
var expectedLabels = map[string][]string{
	"WritePathDown": {""}, "CheckFailed": {"check: log", "check: readModel"}, "MessageParked": {"topic: domain"},
	"EvidenceHeadTooOld": {""}, "EvidenceWitnessRefused": {""}, "NomisPendingTooLong": {""},
}

// holds is a phase in which a metric has a value for a second.
func (e exporting) holds(t *testing.T, metric string, value float64) alerts.Phase {
	t.Helper()
	return e.later(t, func(s alerts.Scrape) bool {
		is, there := s.Values[metric]
		return there && is == value
	})
}

// TestWritePath_thatIsDownIsAlerted takes the log away from a process that serves, and the
// process itself.
func TestWritePath_thatIsDownIsAlerted(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.tell(t, d.handler(t), "A0001AA", "x")
	serve := d.exporting(t, "serve --project")
	well := serve.holds(t, writePath, 1)
	judge(t, "WritePathDown", false, []alerts.Phase{well, serve.holds(t, writePath, 1)})
	away := d.exporting(t, "serve --project", "EVENTSTORE_URL=esdb://127.0.0.1:1?tls=false")
	judge(t, "WritePathDown", true, []alerts.Phase{well, away.holds(t, writePath, 0)})
	judge(t, "WritePathDown", true, []alerts.Phase{well, {}})
}

// TestCheck_thatFailedIsAlerted, and one that is good is not.
func TestCheck_thatFailedIsAlerted(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.tell(t, d.handler(t), "A0001AA", "x")
	addCheck(t, d.dsn, true)
	project := d.exporting(t, "project")
	well := project.holds(t, checkOfLog, 1)
	judge(t, "CheckFailed", false, []alerts.Phase{well, project.holds(t, checkOfLog, 1)})
	addCheck(t, d.dsn, false)
	judge(t, "CheckFailed", true, []alerts.Phase{well, project.holds(t, checkOfLog, 0)})
}

// TestMessage_thatIsParkedIsAlerted lets SNS refuse one message.
func TestMessage_thatIsParkedIsAlerted(t *testing.T) {
	o := newOutside(t)
	o.tell(t, o.handler(t), "A0001AA", "x")
	const parked = `nonassociations_publisher_parked_messages{state="refused",topic="domain"}`
	publish := startExporting(t, "publish")
	well := publish.holds(t, parked, 0)
	judge(t, "MessageParked", false, []alerts.Phase{well, publish.holds(t, parked, 0)})
	end(publish.Cmd)
	o.tell(t, o.handler(t), "A0002AA", "y")
	facts := o.recorded(t)
	o.refuse.Store(facts[len(facts)-1].ID.String(), "InvalidParameter")
	again := startExporting(t, "publish")
	judge(t, "MessageParked", true, []alerts.Phase{well, again.holds(t, parked, 1)})
}
