package publisher_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/eventstore"
	"nonassociations/eventstore/consumer"
	"nonassociations/eventstore/memory"
	"nonassociations/publisher"
	"nonassociations/publisher/message"
	"nonassociations/publisher/store"
)

func (w *harness) execute(sql string) {
	w.t.Helper()
	_, err := w.db.Exec(w.t.Context(), sql)
	require.NoError(w.t, err)
}

const loseLease = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'publisher/domain'`

func TestSession_thatIsLostIsReplaced(t *testing.T) {
	w := newHarness(t, "world")
	p := w.start(w.options(message.Domain))
	for i := range 300 {
		w.appendChange(pairNo(i % 20))
		if i%100 == 50 {
			require.Eventually(t, func() bool { return p.Status().Leader }, waitLimit, pollInterval)
			w.execute(loseLease)
		}
	}
	w.requirePublished(message.Domain)
}

// A publisher that waits for SNS finds out that its session is gone: another one
// must not wait for the same.
func TestSession_thatIsLostWhileSNSIsDownIsNoticed(t *testing.T) {
	w := newHarness(t, "world")
	w.failCalls(http.StatusServiceUnavailable, "ServiceUnavailable")
	o := w.options(message.Domain)
	o.Window = 8
	for i := range 100 {
		w.appendChange(pairNo(i))
	}
	first := w.start(o)
	require.Eventually(t, func() bool { return first.Status().Faults > 0 }, waitLimit, pollInterval)
	second := w.start(o)
	require.Eventually(t, func() bool { return second.Status().Waiting }, waitLimit, pollInterval)
	w.execute(loseLease)
	require.Eventually(t, func() bool {
		return second.Status().Leader && !first.Status().Leader || first.Status().Leader && !second.Status().Leader
	}, waitLimit, pollInterval)
	w.clearFaults()
	w.requirePublished(message.Domain)
}

func TestCheckpoint_movedByAnotherStopsTheSession(t *testing.T) {
	w := newHarness(t, "world")
	p := w.start(w.options(message.Domain))
	w.appendChange(pairNo(0))
	w.waitForCheckpoint(message.Domain)
	w.execute(`UPDATE publisher.checkpoint SET "commit" = 1, prepare = 1, facts = NULL`)
	w.appendChange(pairNo(1))
	w.waitForCheckpoint(message.Domain)
	require.Greater(t, len(w.requirePublished(message.Domain)), 2, "it went on from where the checkpoint is now")
	require.Eventually(t, func() bool { return p.Status().Leader }, waitLimit, pollInterval)
}

// Facts before an event of an unknown type are published, once, and the topic stops.
func TestFact_ofAnUnknownTypeStopsTheTopicAfterWhatIsBefore(t *testing.T) {
	w := newHarness(t, "world")
	for i := range 30 {
		w.appendChange(pairNo(i))
	}
	_, err := w.log.Append(t.Context(), eventstore.Append{
		Stream: pairNo(77).Stream(), Expected: eventstore.NoStream,
		Events: []eventstore.Event{{ID: uuid.New(), Type: "nonassociation.unheard-of.v1", Data: []byte("{}"), Metadata: []byte("{}")}},
	})
	require.NoError(t, err)
	p := w.start(w.options(message.Domain))
	var poison *consumer.Poison
	require.Eventually(t, func() bool { return errors.As(p.Status().Fault, &poison) }, waitLimit, pollInterval)
	require.Equal(t, "nonassociation.unheard-of.v1", poison.Type)
	require.Len(t, w.publishedIDs(), 30)
}

func TestCheckpoint_ofAnotherLogIsRefused(t *testing.T) {
	w := newHarness(t, "world")
	w.appendChange(pairNo(0))
	p := w.start(w.options(message.Domain))
	w.requirePublished(message.Domain)
	w.waitForCheckpoint(message.Domain)
	p.kill()

	same := w.log
	w.log = memory.New()
	id := uuid.New()
	_, err := eventstore.WriteIdentity(t.Context(), w.log, id)
	require.NoError(t, err)
	err = publisher.New(w.options(message.Domain)).Run(t.Context())
	require.ErrorIs(t, err, consumer.ErrRefused)
	require.ErrorContains(t, err, id.String())

	before, err := eventstore.ReadIdentity(t.Context(), same)
	require.NoError(t, err)
	w.log = memory.New() // the same log, as it was the day before
	_, err = eventstore.WriteIdentity(t.Context(), w.log, before)
	require.NoError(t, err)
	err = publisher.New(w.options(message.Domain)).Run(t.Context())
	require.ErrorIs(t, err, consumer.ErrRefused)
	require.ErrorContains(t, err, "is not in this log")

	require.NoError(t, store.Reset(t.Context(), w.dsn))
	p = w.start(w.options(message.Domain))
	require.Eventually(t, func() bool { return p.Status().Leader }, waitLimit, pollInterval)
}
