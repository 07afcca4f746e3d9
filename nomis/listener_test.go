package nomis_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"nonassociations/commands"
	"nonassociations/commands/merge"
	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/eventstore"
	"nonassociations/eventstore/memory"
	"nonassociations/eventstore/postgres"
	"nonassociations/internal/dev/doubles"
	"nonassociations/internal/dev/localaws"
	"nonassociations/internal/dev/testdb"
	"nonassociations/nomis"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	removed  domain.PrisonerNumber = "R1111RR"
	survivor domain.PrisonerNumber = "S1111SS"
	third    domain.PrisonerNumber = "X1111XX"

	queue    = "prisoner-events"
	patience = 20 * time.Second
	poll     = 5 * time.Millisecond
)

var noon = domaintest.Noon.UTC()

func clock() time.Time { return noon }

// pairs is a router that has always reached the head, unless it is told to be
// behind.
type pairs struct{ behind atomic.Bool }

func (p *pairs) WaitFor(context.Context, uint64) error {
	if p.behind.Load() {
		return context.DeadlineExceeded
	}
	return nil
}

func (p *pairs) PairsOf(context.Context, domain.PrisonerNumber, uint64) ([]domain.Pair, error) {
	pair, err := domain.NewPair(removed, third)
	return []domain.Pair{pair}, err
}

// fixture is a listener at work on a queue, a log and what they say.
type fixture struct {
	t        *testing.T
	aws      *localaws.Server
	log      eventstore.Store
	commands *commands.Handler
	pairs    *pairs
	said     *doubles.Log
	fail     atomic.Pointer[func(string) (int, string)]
	turn     sync.Mutex
	noTurn   atomic.Bool
	extend   time.Duration
}

func newFixture(t *testing.T, log eventstore.Store) *fixture {
	t.Helper()
	r := &fixture{t: t, log: log, commands: commands.New(log, commands.Options{Clock: clock}), pairs: &pairs{}, said: &doubles.Log{}}
	server, err := localaws.Start(t.Context(), localaws.Options{Fail: func(action string) (int, string) {
		if fail := r.fail.Load(); fail != nil {
			return (*fail)(action)
		}
		return 0, ""
	}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Stop(context.Background())) })
	r.aws = server
	return r
}

// listens starts a listener and returns what stops it and waits for its end.
func (r *fixture) listens() (stop func()) {
	r.t.Helper()
	q, err := nomis.OpenQueue(r.t.Context(), r.aws.Queue(queue))
	require.NoError(r.t, err)
	listener := nomis.NewListener(nomis.Options{
		Queue: q, Merges: merge.New(merge.Options{Log: r.log, Handler: r.commands, Clock: clock}), Pairs: r.pairs, Clock: clock, Logger: slog.New(slog.NewTextHandler(r.said, nil)),
		Exclusively: r.alone, Extend: r.extend,
	})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- listener.Run(ctx) }()
	var once sync.Once
	stop = func() { once.Do(func() { cancel(); require.NoError(r.t, <-ended) }) }
	r.t.Cleanup(stop)
	return stop
}

func (r *fixture) opens() uuid.UUID {
	r.t.Helper()
	pair, err := domain.NewPair(removed, third)
	require.NoError(r.t, err)
	receipt, err := r.commands.Execute(r.t.Context(), domain.Cause{CommandID: uuid.New(), Actor: "OFFICER", Source: domain.DPS, About: removed}, pair, domain.Open{
		FirstPrisoner: removed, Comment: "Apart", Reason: domain.Threat, Restriction: domain.Cell,
		Roles: map[domain.PrisonerNumber]domain.Role{removed: domain.Victim, third: domain.Perpetrator},
	})
	require.NoError(r.t, err)
	return receipt.NonAssociation.ID
}

func (r *fixture) facts(one, other domain.PrisonerNumber) []domain.Fact {
	pair, err := domain.NewPair(one, other)
	require.NoError(r.t, err)
	var all []domain.Fact
	for _, stream := range r.log.ReadMany(r.t.Context(), []string{pair.Stream()}) {
		for _, recorded := range stream.Events {
			fact, err := eventstore.Decode(domain.Events(), recorded)
			require.NoError(r.t, err)
			all = append(all, fact)
		}
	}
	return all
}

func (r *fixture) isEmpty() {
	r.t.Helper()
	require.Eventually(r.t, func() bool { return len(r.aws.Messages(queue)) == 0 }, patience, poll)
}

// merged is a merge as SNS wraps it.
func merged(id string) string {
	return fmt.Sprintf(`{"Type":"Notification","MessageId":%q,"Message":"{\"eventType\":\"prison-offender-events.prisoner.merged\",`+
		`\"additionalInformation\":{\"nomsNumber\":\"%s\",\"removedNomsNumber\":\"%s\",\"reason\":\"MERGE\"}}"}`, id, survivor, removed)
}

func TestListener_aMergeIsWorkedOnAndThenDeleted(t *testing.T) {
	for name, open := range map[string]func(*testing.T) eventstore.Store{
		"memory": func(*testing.T) eventstore.Store { return memory.New() },
		"postgres": func(t *testing.T) eventstore.Store {
			dsn := testdb.New(t)
			require.NoError(t, postgres.Migrate(t.Context(), dsn))
			store, err := postgres.Open(context.Background(), dsn, postgres.Options{Logger: slog.New(slog.DiscardHandler)})
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, store.Close(context.Background())) })
			return store
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newFixture(t, open(t))
			id := r.opens()
			r.listens()
			message := uuid.NewString()
			r.aws.Send(queue, merged(message))
			r.isEmpty()
			arrived := r.facts(survivor, third)
			require.Len(t, arrived, 1)
			require.Equal(t, id, arrived[0].Event.About())
			require.Equal(t, domain.Cause{
				CommandID: uuid.MustParse(message), CorrelationID: uuid.MustParse(message), CausationID: uuid.MustParse(message),
				Actor: nomis.Actor, Source: domain.Merge, About: survivor,
			}, arrived[0].Meta.Cause)
			require.Len(t, r.facts(removed, third), 2)

			r.aws.Send(queue, merged(message)) // a duplicate: another SQS id, the same envelope
			r.isEmpty()
			require.Len(t, r.facts(survivor, third), 1)
			require.Len(t, r.facts(removed, third), 2)
		})
	}
}

func TestListener_whatAsksForNothingIsDeleted(t *testing.T) {
	r := newFixture(t, memory.New())
	r.opens()
	r.aws.Send(queue, strings.Replace(merged("m"), `\"MERGE\"`, `\"RELINK\"`, 1))
	r.aws.Send(queue, `{"eventType":"prison-offender-events.prisoner.received"}`)
	r.listens()
	r.isEmpty()
	require.Len(t, r.facts(removed, third), 1)
}

// Raw and wrapped, with what senders put beside what a merge needs.
func TestListener_worksOnWhatTheOutsideReallySends(t *testing.T) {
	const information = `"additionalInformation":{"nomsNumber":"s1111ss ","removedNomsNumber":"R1111RR","reason":"MERGE"}`
	for _, body := range []string{
		`{"eventType":"prison-offender-events.prisoner.merged","message":"a","timestamp":1,"occurredAt":[2026,7,15,11,0],` + information + `}`,
		`{"Type":"Notification","MessageId":"m","timestamp":1,"Message":"{\"eventType\":\"prison-offender-events.prisoner.merged\",\"occurredAt\":1784109602.5,` +
			strings.ReplaceAll(information, `"`, `\"`) + `}"}`,
	} {
		r := newFixture(t, memory.New())
		r.opens()
		r.aws.Send(queue, `{"eventType":"prison-offender-events.prisoner.released","message":{},"additionalInformation":[1],"occurredAt":{}}`)
		r.aws.Send(queue, body)
		r.listens()
		r.isEmpty()
		require.Len(t, r.facts(survivor, third), 1)
		require.Zero(t, r.said.Count("cannot be applied"))
	}
}

func TestListener_sendsPoisonToTheDeadLettersAndGoesOn(t *testing.T) {
	r := newFixture(t, memory.New())
	r.opens()
	r.aws.Hide(queue, 10*time.Millisecond)
	r.aws.Redrive(queue, "dead", 3)
	r.aws.Send(queue, `{"Type":"Notification","MessageId":"m","Message":"{\"eventType\":\"prison-offender-events.prisoner.merged\",\"additionalInformation\":{\"reason\":\"MERGE\",\"nomsNumber\":\"SECRET\"}}"}`)
	r.aws.Send(queue, merged("m2"))
	r.listens()
	r.isEmpty()
	require.Len(t, r.aws.Messages("dead"), 1)
	require.Equal(t, 3, r.aws.Messages("dead")[0].Received)
	require.Len(t, r.facts(survivor, third), 1)
	require.Equal(t, 1, r.said.Count("cannot be applied and is left"))
	require.Zero(t, r.said.Count("SECRET"))
}

func TestListener_waitsWhileTheReadModelIsBehind(t *testing.T) {
	r := newFixture(t, memory.New())
	r.opens()
	r.pairs.behind.Store(true)
	r.aws.Send(queue, merged("m"))
	stop := r.listens()
	require.Eventually(t, func() bool { return r.said.Count("applying a NOMIS message failed") > 1 }, patience, poll)
	require.Len(t, r.aws.Messages(queue), 1)
	require.Len(t, r.facts(removed, third), 1)
	stop() // in the middle of it: the message stays
	require.Len(t, r.aws.Messages(queue), 1)

	r.pairs.behind.Store(false)
	r.aws.Hide(queue, time.Hour)
	r.aws.Send(queue, merged("m")) // as the queue brings it again
	r.listens()
	require.Eventually(t, func() bool { return len(r.facts(removed, third)) == 2 }, patience, poll)
}

func TestListener_outlivesAQueueThatFails(t *testing.T) {
	r := newFixture(t, memory.New())
	r.opens()
	var refused atomic.Int32
	fail := func(action string) (int, string) {
		if refused.Add(1) <= 5 {
			return http.StatusForbidden, "AccessDenied"
		}
		return 0, ""
	}
	r.fail.Store(&fail)
	r.listens()
	r.aws.Send(queue, merged("m"))
	r.isEmpty()
	require.Len(t, r.facts(survivor, third), 1)
}

// The answer to the deletion is lost: the message comes again.
func TestListener_aDeletionThatFailsDoesNoHarm(t *testing.T) {
	r := newFixture(t, memory.New())
	r.opens()
	r.aws.Hide(queue, 10*time.Millisecond)
	var deletions atomic.Int32
	fail := func(action string) (int, string) {
		if action == "DeleteMessage" && deletions.Add(1) == 1 {
			return http.StatusForbidden, "AccessDenied"
		}
		return 0, ""
	}
	r.fail.Store(&fail)
	r.aws.Send(queue, merged("m"))
	r.listens()
	r.isEmpty()
	require.GreaterOrEqual(t, deletions.Load(), int32(2))
	require.Len(t, r.facts(survivor, third), 1)
	require.Len(t, r.facts(removed, third), 2)
}
