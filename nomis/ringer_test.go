package nomis_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/commands"
	"nonassociations/commands/merge"
	"nonassociations/domain"
	"nonassociations/eventstore/memory"
	"nonassociations/internal/dev/testdb"
	"nonassociations/nomis"
	"nonassociations/nomis/store"
)

const detailEvents = "nomis-events"

// tables is a database with the tables of the store.
var tables = testdb.NewTemplate(store.Migrate)

// openStore is a migrated database with a store.
func openStore(t *testing.T) *store.Store {
	t.Helper()
	dsn := tables.New(t)
	s, err := store.Open(t.Context(), dsn)
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

// rings starts a ringer on a queue of the fixture; it ends with the test.
func (r *fixture) rings(bell nomis.Bell) (stop func()) {
	r.t.Helper()
	q, err := nomis.OpenQueue(r.t.Context(), r.aws.Queue(detailEvents))
	require.NoError(r.t, err)
	ringer := nomis.NewRinger(nomis.RingerOptions{Queue: q, Bell: bell, Clock: clock, Logger: slog.New(slog.NewTextHandler(r.said, nil)), Extend: r.extend})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- ringer.Run(ctx) }()
	var once sync.Once
	stop = func() { once.Do(func() { cancel(); require.NoError(r.t, <-ended) }) }
	r.t.Cleanup(stop)
	return stop
}

// detail is a change event of NOMIS in an envelope.
func detail(id, kind string, one, other domain.PrisonerNumber, sequence int) string {
	return fmt.Sprintf(`{"Type":"Notification","MessageId":%q,"Message":"{\"eventType\":\"NON_ASSOCIATION_DETAIL-%s\",`+
		`\"offenderIdDisplay\":\"%s\",\"nsOffenderIdDisplay\":\"%s\",\"typeSeq\":%d}"}`, id, kind, one, other, sequence)
}

func (r *fixture) drained(name string) {
	r.t.Helper()
	require.Eventually(r.t, func() bool { return len(r.aws.Messages(name)) == 0 }, patience, poll)
}

func pairOf(t *testing.T, one, other domain.PrisonerNumber) domain.Pair {
	t.Helper()
	pair, err := domain.NewPair(one, other)
	require.NoError(t, err)
	return pair
}

func TestRinger_aMessageIsARowAndThenDeleted(t *testing.T) {
	r, s := newFixture(t, memory.New()), openStore(t)
	for range 2 { // NOMIS sends two a change; SQS may deliver each twice
		r.aws.Send(detailEvents, detail("d1", "DELETED", removed, third, 2))
		r.aws.Send(detailEvents, detail("d2", "DELETED", third, removed, 2))
	}
	for n := range 12 { // more than a batch
		r.aws.Send(detailEvents, detail(fmt.Sprintf("u%d", n), "UPSERTED", survivor, third, 1))
	}
	r.aws.Send(detailEvents, `{"eventType":"prison-offender-events.prisoner.received"}`)
	r.rings(s)
	r.drained(detailEvents)
	row, err := s.Get(t.Context(), pairOf(t, removed, third))
	require.NoError(t, err)
	require.Len(t, row.Causes, 2)
	require.Len(t, row.Deletions, 1)
	require.Equal(t, 2, row.Deletions[0].Sequence)
	require.True(t, noon.Equal(row.Deletions[0].ReceivedAt))
	row, err = s.Get(t.Context(), pairOf(t, survivor, third))
	require.NoError(t, err)
	require.Len(t, row.Causes, 12)
	require.Empty(t, row.Deletions)
}

func TestRinger_leavesWhatItCannotReadToTheDeadLetters(t *testing.T) {
	r, s := newFixture(t, memory.New()), openStore(t)
	r.aws.Hide(detailEvents, 10*time.Millisecond)
	r.aws.Redrive(detailEvents, "dead", 3)
	r.aws.Send(detailEvents, detail("poison", "UPSERTED", "SECRET", third, 1))
	r.aws.Send(detailEvents, detail("good", "UPSERTED", removed, third, 1))
	r.rings(s)
	r.drained(detailEvents)
	require.Len(t, r.aws.Messages("dead"), 1)
	require.Equal(t, 1, r.said.Count("cannot be applied and is left"))
	require.Zero(t, r.said.Count("SECRET"))
	_, err := s.Get(t.Context(), pairOf(t, removed, third))
	require.NoError(t, err)
}

// unsteadyBell fails until it is mended.
type unsteadyBell struct {
	*store.Store

	mended atomic.Bool
	tries  atomic.Int32
}

func (b *unsteadyBell) Ring(ctx context.Context, now time.Time, rings ...store.Ring) error {
	b.tries.Add(1)
	if !b.mended.Load() {
		return errors.New("Postgres is away")
	}
	return b.Store.Ring(ctx, now, rings...)
}

// An outage of Postgres must not send messages to the dead letters, by many receipts.
func TestRinger_keepsItsMessagesWhilePostgresIsAway(t *testing.T) {
	r, bell := newFixture(t, memory.New()), &unsteadyBell{Store: openStore(t)}
	r.extend = poll
	r.aws.Hide(detailEvents, soon)
	r.aws.Redrive(detailEvents, "dead", 1)
	r.aws.Send(detailEvents, detail("m", "UPSERTED", removed, third, 1))
	stop := r.rings(bell)
	require.Eventually(t, func() bool {
		return bell.tries.Load() > 1 && time.Until(r.aws.Messages(detailEvents)[0].HiddenUntil()) > 20*time.Second
	}, patience, poll, "it is hidden anew")
	require.Equal(t, 1, r.aws.Messages(detailEvents)[0].Received)
	stop()
	require.Len(t, r.aws.Messages(detailEvents), 1, "one who stops deletes nothing")

	r.aws.Redrive(detailEvents, "dead", 9)
	r.aws.Send(detailEvents, detail("m", "UPSERTED", removed, third, 1))
	bell.mended.Store(true)
	r.rings(bell)
	require.Eventually(t, func() bool {
		_, err := bell.Get(t.Context(), pairOf(t, removed, third))
		return err == nil
	}, patience, poll)
}

func TestRinger_outlivesAQueueThatFails(t *testing.T) {
	r, s := newFixture(t, memory.New()), openStore(t)
	r.aws.Hide(detailEvents, 10*time.Millisecond)
	var receipts, deletions atomic.Int32
	fail := func(action string) (int, string) {
		if action == "ReceiveMessage" && receipts.Add(1) <= 2 || action == "DeleteMessageBatch" && deletions.Add(1) == 1 {
			return http.StatusForbidden, "AccessDenied"
		}
		return 0, ""
	}
	r.fail.Store(&fail)
	r.aws.Send(detailEvents, detail("m", "UPSERTED", removed, third, 1))
	r.rings(s)
	r.drained(detailEvents)
	require.Equal(t, 1, r.said.Count("they will be delivered again"))
	row, err := s.Get(t.Context(), pairOf(t, removed, third))
	require.NoError(t, err)
	require.Len(t, row.Causes, 1)
}

// listensWith starts a listener that keeps evidence.
func (r *fixture) listensWith(evidence nomis.Evidence) {
	r.t.Helper()
	q, err := nomis.OpenQueue(r.t.Context(), r.aws.Queue(queue))
	require.NoError(r.t, err)
	listener := nomis.NewListener(nomis.Options{
		Queue: q, Merges: merge.New(merge.Options{Log: r.log, Handler: r.commands, Clock: clock}), Pairs: r.pairs, Clock: clock,
		Logger: slog.New(slog.NewTextHandler(r.said, nil)), Exclusively: r.alone, Evidence: evidence,
	})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- listener.Run(ctx) }()
	r.t.Cleanup(func() { cancel(); require.NoError(r.t, <-ended) })
}

func TestListener_remembersWhatItReceives(t *testing.T) {
	r, s := newFixture(t, memory.New()), openStore(t)
	r.opens()
	r.aws.Send(queue, `{"eventType":"prison-offender-events.prisoner.booking.deleted","personReference":{"identifiers":[{"type":"NOMS","value":"X1111XX"}]}}`)
	r.aws.Send(queue, merged("m"))
	r.aws.Send(queue, merged("m"))
	r.listensWith(s)
	r.isEmpty()
	require.Len(t, r.facts(survivor, third), 1)
	found, err := s.Between(t.Context(), []domain.PrisonerNumber{removed, survivor, third}, noon, noon)
	require.NoError(t, err)
	kinds := map[domain.PrisonerNumber]store.MessageKind{}
	for _, m := range found {
		kinds[m.Prisoner] = m.Kind
	}
	require.Len(t, found, 3, "a repeat at the same moment is one receipt")
	require.Equal(t, map[domain.PrisonerNumber]store.MessageKind{removed: store.Merged, survivor: store.Merged, third: store.BookingDeleted}, kinds)
	require.Equal(t, nomis.CommandID("m").String(), found[0].MessageID)
}

// unsteadyEvidence fails once.
type unsteadyEvidence struct {
	*store.Store

	tries  atomic.Int32
	merged func() bool
	late   atomic.Bool
}

func (e *unsteadyEvidence) Remember(ctx context.Context, messages ...store.PrisonerMessage) error {
	if e.tries.Add(1) == 1 {
		e.late.Store(e.merged())
		return errors.New("Postgres is away")
	}
	return e.Store.Remember(ctx, messages...)
}

// Nothing is merged that is not remembered: without it what NOMIS lacks afterwards
// would look deleted.
func TestListener_remembersBeforeItMerges(t *testing.T) {
	r, evidence := newFixture(t, memory.New()), &unsteadyEvidence{Store: openStore(t)}
	r.opens()
	evidence.merged = func() bool { return len(r.facts(survivor, third)) > 0 }
	r.aws.Send(queue, merged("m"))
	r.listensWith(evidence)
	r.isEmpty()
	require.False(t, evidence.late.Load())
	require.Equal(t, int32(2), evidence.tries.Load())
	require.Equal(t, 1, r.said.Count(commands.ErrBusy.Error()))
	require.Len(t, r.facts(survivor, third), 1)
	found, err := evidence.Between(t.Context(), []domain.PrisonerNumber{removed}, noon, noon)
	require.NoError(t, err)
	require.Len(t, found, 1)
}
