package commands_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/commands"
	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/eventstore/memory"
)

const (
	removed  domain.PrisonerNumber = "R1111RR"
	survivor domain.PrisonerNumber = "S1111SS"
	third    domain.PrisonerNumber = "X1111XX"
	fourth   domain.PrisonerNumber = "Y1111YY"
)

var merge = commands.Merge{Renumbering: domain.Renumbering{Previous: removed, Number: survivor, Reason: domain.ByMerge}}

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

func (p pairs) PairsOf(ctx context.Context, number domain.PrisonerNumber) ([]domain.Pair, error) {
	all, err := p.all(ctx)
	return slices.DeleteFunc(all, func(pair domain.Pair) bool { return !pair.Has(number) }), err
}

// message is the cause that a merge message gives.
func message() domain.Cause {
	cause := by(domain.Merge)
	cause.Actor, cause.About = "NON_ASSOCIATIONS_API", survivor
	return cause
}

// estate is a log with a handler, and what tests of merges do with them.
type estate struct {
	t   testing.TB
	log eventstore.Store
	*commands.Handler
}

func newEstate(t testing.TB) *estate {
	log := memory.New()
	return &estate{t, log, newHandler(log)}
}

func (e *estate) merges(cause domain.Cause, m commands.Merge) []commands.Change {
	e.t.Helper()
	changes, err := e.Merge(e.t.Context(), cause, m, pairs{e.log})
	require.NoError(e.t, err)
	return changes
}

func (e *estate) opens(one, other domain.PrisonerNumber) uuid.UUID {
	e.t.Helper()
	receipt, err := e.Do(e.t.Context(), by(domain.DPS), pairOf(e.t, one, other), domain.Open{
		NamedFirst: one, Comment: "Apart", Reason: domain.Threat, Restriction: domain.Cell,
		Roles: map[domain.PrisonerNumber]domain.Role{one: domain.Victim, other: domain.Perpetrator},
	})
	require.NoError(e.t, err)
	return receipt.NonAssociation.ID
}

func (e *estate) does(one, other domain.PrisonerNumber, command domain.Command) {
	e.t.Helper()
	_, err := e.Do(e.t.Context(), by(domain.DPS), pairOf(e.t, one, other), command)
	require.NoError(e.t, err)
}

func (e *estate) state(one, other domain.PrisonerNumber) domain.State {
	e.t.Helper()
	pair := pairOf(e.t, one, other)
	return domain.Fold(pair, facts(e.t, e.log, pair))
}

func (e *estate) size() int {
	events, err := e.log.ReadAll(e.t.Context(), eventstore.Forwards, eventstore.Start, 100_000)
	require.NoError(e.t, err)
	return len(events)
}

func dones(changes []commands.Change) []commands.Done {
	var all []commands.Done
	for _, c := range changes {
		all = append(all, c.Done)
	}
	return all
}

var errKilled = errors.New("the process was killed")

// interrupted is a log that somebody gets in between the appends of.
type interrupted struct {
	eventstore.Store
	before, after func(n int) error
	loaded        func(n int) // somebody gets in when the streams have been read
	tries, loads  int
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
	i.tries++
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
