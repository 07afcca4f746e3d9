package publisher_test

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/eventstore/memory"
	"nonassociations/internal/dev/localaws"
	"nonassociations/internal/dev/testdb"
	"nonassociations/publisher"
	"nonassociations/publisher/message"
	"nonassociations/publisher/store"
)

// TestMain lets more tests run side by side than there are processors: most of
// their time they wait for Postgres, SNS or a pause.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "4"); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m)
}

// How long a fact may take to come true on a busy machine, and how often to look.
const (
	waitLimit    = 60 * time.Second
	pollInterval = 10 * time.Millisecond
)

// faults are what SNS does wrong, and may be changed at any time.
type faults struct {
	fail  atomic.Pointer[func(action string) (int, string)]
	entry atomic.Pointer[func(eventID string) (string, bool)]
	batch atomic.Pointer[func(eventIDs []string) (int, string)]
	delay atomic.Int64
	lose  atomic.Int64 // answers to lose from now on
}

// tables is a database with the tables of the store.
var tables = testdb.NewTemplate(store.Migrate)

// harness is a log, a database and an SNS with a queue that gets every message.
type harness struct {
	t   *testing.T
	log eventstore.Store
	dsn string
	db  *pgx.Conn // of the test itself: what it asks often needs no session of its own each time
	aws *localaws.Server
	arn string
	faults

	running []*runningPublisher
	seen    map[string]bool // the event ids on the queue
	counted int             // the messages in seen

	mu        sync.Mutex
	revisions map[domain.Pair]int
	opened    map[domain.Pair]uuid.UUID
}

const queue = "published"

// newHarness lets its test run beside others: a harness shares nothing but the Postgres
// server.
func newHarness(t *testing.T, topic string) *harness {
	t.Helper()
	t.Parallel()
	w := &harness{t: t, log: memory.New(), dsn: tables.New(t), revisions: map[domain.Pair]int{}, opened: map[domain.Pair]uuid.UUID{}}
	w.startSNS("127.0.0.1:0", topic)
	var err error
	w.db, err = pgx.Connect(t.Context(), w.dsn)
	require.NoError(t, err)
	t.Cleanup(func() { _ = w.db.Close(context.Background()) })
	_, err = eventstore.WriteIdentity(t.Context(), w.log, uuid.New())
	require.NoError(t, err)
	return w
}

func (w *harness) startSNS(address, topic string) {
	var err error
	w.aws, err = localaws.Start(context.Background(), localaws.Options{
		Address: address,
		Fail: func(action string) (int, string) {
			if fail := w.fail.Load(); fail != nil {
				return (*fail)(action)
			}
			return 0, ""
		},
		FailBatch: func(_ string, entries []localaws.Entry) (int, string) {
			if batch := w.batch.Load(); batch != nil {
				ids := make([]string, len(entries))
				for i, e := range entries {
					ids[i] = e.Attributes["eventId"].Value
				}
				return (*batch)(ids)
			}
			return 0, ""
		},
		FailEntry: func(_ string, e localaws.Entry) (string, bool) {
			if entry := w.entry.Load(); entry != nil {
				return (*entry)(e.Attributes["eventId"].Value)
			}
			return "", false
		},
		Delay: func(string) time.Duration { return time.Duration(w.delay.Load()) },
		Lose:  func(string) bool { return w.lose.Add(-1) >= 0 },
	})
	require.NoError(w.t, err)
	w.t.Cleanup(func() { _ = w.aws.Stop(context.Background()) })
	w.seen, w.counted = map[string]bool{}, 0
	w.arn = w.aws.Topic(topic)
	require.NoError(w.t, w.aws.Subscribe(w.arn, queue, true, ""))
}

// failCalls lets whole calls fail, nil ends it.
func (w *harness) failCalls(status int, code string) {
	fail := func(string) (int, string) { return status, code }
	w.fail.Store(&fail)
}

func (w *harness) clearFaults() {
	w.fail.Store(nil)
	w.entry.Store(nil)
	w.batch.Store(nil)
	w.delay.Store(0)
}

// failEntries lets entries fail.
func (w *harness) failEntries(entry func(eventID string) (code string, senderFault bool)) {
	w.entry.Store(&entry)
}

// options leave a call a minute: an answer that a busy machine delays must not be taken for
// a lost one.
func (w *harness) options(topic message.Topic) publisher.Options {
	destination, err := publisher.Open(w.t.Context(), w.arn)
	require.NoError(w.t, err)
	m := testMapper()
	m.Clock = time.Now
	return publisher.Options{
		Topic: topic, Client: destination.At(w.aws.URL()).WithCallTime(time.Minute), Mapper: m, Store: w.log, DSN: w.dsn, Clock: time.Now,
		Logger: slog.New(slog.DiscardHandler),
	}.WithPauses(5*time.Millisecond, 50*time.Millisecond, 200*time.Millisecond)
}

// runningPublisher is a publisher that runs until it is killed.
type runningPublisher struct {
	*publisher.Publisher

	stop  context.CancelFunc
	ended chan error
}

func (w *harness) start(o publisher.Options) *runningPublisher {
	w.t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	r := &runningPublisher{publisher.New(o), stop, make(chan error, 1)}
	go func() {
		r.ended <- r.Run(ctx)
		close(r.ended)
	}()
	w.running = append(w.running, r)
	w.t.Cleanup(r.kill)
	return r
}

func (r *runningPublisher) kill() {
	r.stop()
	<-r.ended
}

func pairNo(i int) domain.Pair {
	return pairOf(domain.PrisonerNumber(fmt.Sprintf("A%04dAA", i%10_000)), domain.PrisonerNumber(fmt.Sprintf("B%04dBB", i/10_000)))
}

// appendEvent appends one event to the pair's stream, and returns its id.
func (w *harness) appendEvent(pair domain.Pair, event domain.Event) uuid.UUID {
	w.t.Helper()
	return w.appendEventBy(domain.NOMIS, pair, event)
}

func (w *harness) appendEventBy(source domain.Source, pair domain.Pair, event domain.Event) uuid.UUID {
	w.mu.Lock()
	defer w.mu.Unlock()
	command, now := uuid.New(), time.Now()
	id := domain.EventID(command, pair.Stream(), 0)
	_, err := w.log.Append(context.Background(), eventstore.Append{
		Stream: pair.Stream(), Expected: eventstore.Expected(w.revisions[pair] - 1),
		Events: []eventstore.Event{eventstore.Encode(domain.Fact{ID: id, Event: event, Meta: domain.Meta{
			Cause: domain.Cause{CommandID: command, Actor: "X", Source: source, About: pair.Numbers()[0]},
			Count: 1, DecidedAt: now, OccurredAt: now,
		}})},
	})
	require.NoError(w.t, err)
	w.revisions[pair]++
	return id
}

// appendChange opens one for the pair, or amends it.
func (w *harness) appendChange(pair domain.Pair) uuid.UUID {
	w.t.Helper()
	w.mu.Lock()
	id, open := w.opened[pair]
	if !open {
		id = uuid.New()
		w.opened[pair] = id
	}
	w.mu.Unlock()
	if !open {
		return w.appendEvent(pair, domain.Opened{NonAssociationID: id, PrisonerNumber: pair.Numbers()[0], Details: detailsOf(pair)})
	}
	text := uuid.NewString()
	return w.appendEvent(pair, domain.Amended{NonAssociationID: id, Changes: []domain.Change{{Field: domain.FieldComment, Now: &text}}})
}

func detailsOf(pair domain.Pair) domain.Details {
	d := domain.Details{EffectiveDate: "2021-07-05T10:35:17", Sides: map[domain.PrisonerNumber]domain.Side{}}
	for _, n := range pair.Numbers() {
		d.Sides[n] = domain.Side{ReasonCode: "VIC"}
	}
	return d
}

// appendTransfer moves what the pair has to another pair, both halves.
func (w *harness) appendTransfer(from, to domain.Pair) (arrived, left uuid.UUID) {
	w.t.Helper()
	previous, number := from.Numbers()[0], to.Numbers()[0]
	id := w.opened[from]
	renumbering := domain.Renumbering{Previous: previous, Number: number, Reason: "MERGE"}
	revision := uint64(w.revisions[from] - 1)
	arrived = w.appendEventBy(domain.Merge, to, domain.TransferredIn{
		NonAssociationID: id, Renumbering: renumbering, From: from, To: to, Revision: revision,
		NonAssociation: domain.NonAssociation{ID: id, FirstPrisoner: number, Details: detailsOf(to)},
	})
	left = w.appendEventBy(domain.Merge, from, domain.TransferredOut{
		NonAssociationID: id, Renumbering: renumbering, From: from, To: to, Revision: revision,
	})
	w.opened[to] = id
	delete(w.opened, from)
	return arrived, left
}

func pairOf(one, other domain.PrisonerNumber) domain.Pair {
	pair, err := domain.NewPair(one, other)
	if err != nil {
		panic(err)
	}
	return pair
}

// testMapper publishes at a fixed time.
func testMapper() message.Mapper {
	return message.Mapper{
		PublicURL: "https://non-associations.test/", London: time.UTC,
		Clock: func() time.Time { return time.Date(2021, time.July, 5, 10, 50, 17, 250_000_000, time.UTC) },
	}
}
