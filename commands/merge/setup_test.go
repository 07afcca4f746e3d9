package merge_test

import (
	"context"
	"errors"
	"slices"
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
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	low                            = domaintest.Low
	high                           = domaintest.High
	removed  domain.PrisonerNumber = "R1111RR"
	survivor domain.PrisonerNumber = "S1111SS"
	third    domain.PrisonerNumber = "X1111XX"
	fourth   domain.PrisonerNumber = "Y1111YY"
)

var merging = merge.Message{Renumbering: domain.Renumbering{Previous: removed, Number: survivor, Reason: domain.ByMerge}}

var noon = domaintest.Noon

func clock() time.Time { return noon }

// told is a request about one pair with one item of the given comment.
func told(pair domain.Pair, comment string) []commands.PairSync {
	return []commands.PairSync{{Pair: pair, Sync: domaintest.SyncOf(pair, comment)}}
}

// facts of a stream as the log holds them.
func facts(t testing.TB, log eventstore.Store, stream string) []domain.Fact {
	t.Helper()
	var all []domain.Fact
	for _, loaded := range log.ReadMany(t.Context(), []string{stream}) {
		require.NoError(t, loaded.Err)
		for _, recorded := range loaded.Events {
			fact, err := eventstore.Decode(domain.Events(), recorded)
			require.NoError(t, err)
			all = append(all, fact)
		}
	}
	return all
}

// router is a read model as a test wants it.
type router struct{ known map[uuid.UUID]domain.Pair }

func (r *router) PairOf(_ context.Context, id uuid.UUID, _ uint64) (domain.Pair, bool, error) {
	pair, known := r.known[id]
	return pair, known, nil
}

func (r *router) WaitFor(context.Context, uint64) error { return nil }

// pairs is a router that has always reached the head of the log.
type pairs struct{ log eventstore.Store }

func (p pairs) WaitFor(context.Context, uint64) error { return nil }

func (p pairs) all(ctx context.Context) ([]domain.Pair, error) {
	events, err := p.log.ReadAll(ctx, eventstore.Forwards, eventstore.Start, 100_000)
	var all []domain.Pair
	for _, e := range events {
		if pair, err := domain.ParseStream(e.Stream); err == nil && !slices.Contains(all, pair) {
			all = append(all, pair)
		}
	}
	return all, err
}

func (p pairs) PairsOf(ctx context.Context, number domain.PrisonerNumber, _ uint64) ([]domain.Pair, error) {
	all, err := p.all(ctx)
	return slices.DeleteFunc(all, func(pair domain.Pair) bool { return !pair.Has(number) }), err
}

// message is the cause that a merge message gives.
func message() domain.Cause {
	cause := domaintest.NewCause(domain.Merge)
	cause.Actor, cause.About = "NON_ASSOCIATIONS_API", survivor
	return cause
}

// service is a process with its own clock: handler and merges over one log.
type service struct {
	*commands.Handler
	*merge.Process
}

func newService(log eventstore.Store) service { return serviceAt(log, clock) }

func serviceAt(log eventstore.Store, clock func() time.Time) service {
	handler := commands.New(log, commands.Options{Clock: clock, Timeout: 30 * time.Second})
	return service{handler, merge.New(merge.Options{Log: log, Handler: handler, Clock: clock, Timeout: 30 * time.Second})}
}

// fixture is a log with a service, and what tests of merges do with them.
type fixture struct {
	t      testing.TB
	log    eventstore.Store
	folded map[domain.Pair]foldedPair // by state, so that each fact is decoded once
	service
}

// foldedPair is a state and the number of facts that it was folded from.
type foldedPair struct {
	state domain.State
	facts int
}

func newFixture(t testing.TB) *fixture {
	log := memory.New()
	return &fixture{t, log, map[domain.Pair]foldedPair{}, newService(log)}
}

func (e *fixture) merges(cause domain.Cause, m merge.Message) []merge.Change {
	e.t.Helper()
	changes, err := e.Apply(e.t.Context(), cause, m, pairs{e.log})
	require.NoError(e.t, err)
	return changes
}

func (e *fixture) opens(one, other domain.PrisonerNumber) uuid.UUID {
	e.t.Helper()
	receipt, err := e.Execute(e.t.Context(), domaintest.NewCause(domain.DPS), domaintest.PairOf(one, other), domain.Open{
		FirstPrisoner: one, Comment: "Apart", Reason: domain.Threat, Restriction: domain.Cell,
		Roles: map[domain.PrisonerNumber]domain.Role{one: domain.Victim, other: domain.Perpetrator},
	})
	require.NoError(e.t, err)
	return receipt.NonAssociation.ID
}

func (e *fixture) does(one, other domain.PrisonerNumber, command domain.Command) {
	e.t.Helper()
	_, err := e.Execute(e.t.Context(), domaintest.NewCause(domain.DPS), domaintest.PairOf(one, other), command)
	require.NoError(e.t, err)
}

func (e *fixture) state(one, other domain.PrisonerNumber) domain.State {
	e.t.Helper()
	pair := domaintest.PairOf(one, other)
	known, is := e.folded[pair]
	if !is {
		known.state = domain.State{Pair: pair}
	}
	read := e.log.ReadMany(e.t.Context(), []string{pair.Stream()})[0]
	require.NoError(e.t, read.Err)
	folding := domain.NewFolding(known.state)
	for _, recorded := range read.Events[known.facts:] {
		fact, err := eventstore.Decode(domain.Events(), recorded)
		require.NoError(e.t, err)
		folding.Add(fact)
	}
	e.folded[pair] = foldedPair{folding.State(), len(read.Events)}
	return folding.State()
}

func (e *fixture) size() int {
	events, err := e.log.ReadAll(e.t.Context(), eventstore.Forwards, eventstore.Start, 100_000)
	require.NoError(e.t, err)
	return len(events)
}

func dones(changes []merge.Change) []merge.Action {
	var all []merge.Action
	for _, c := range changes {
		all = append(all, c.Action)
	}
	return all
}

var errKilled = errors.New("the process was killed")

// interrupted is a log that runs a function between appends.
type interrupted struct {
	eventstore.Store
	before, after func(n int) error
	loaded        func(n int) // runs when the streams have been read
	tries, loads  int
	last          eventstore.Append // that was tried
}

func (i *interrupted) ReadMany(ctx context.Context, streams []string) []eventstore.Stream {
	read := i.Store.ReadMany(ctx, streams)
	i.loads++
	if i.loaded != nil {
		i.loaded(i.loads)
	}
	return read
}

func (i *interrupted) Append(ctx context.Context, a eventstore.Append) (eventstore.Appended, error) {
	i.tries, i.last = i.tries+1, a
	if i.before != nil {
		if err := i.before(i.tries); err != nil {
			return eventstore.Appended{}, err
		}
	}
	appended, err := i.Store.Append(ctx, a)
	if i.after != nil && err == nil {
		err = i.after(i.tries)
	}
	return appended, err
}
