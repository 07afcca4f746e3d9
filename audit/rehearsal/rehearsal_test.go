package rehearsal_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/audit/rehearsal"
	"nonassociations/commands"
	"nonassociations/commands/merge"
	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/eventstore"
	"nonassociations/eventstore/memory"
)

// generation is a read model of some states.
type generation struct {
	position uint64
	states   map[string][]byte
}

func (g generation) Position(context.Context) (uint64, error) { return g.position, nil }

func (g generation) Of(_ context.Context, pairs []string) (found []rehearsal.Stored, _ error) {
	for _, pair := range pairs {
		if state, is := g.states[pair]; is {
			found = append(found, rehearsal.Stored{Pair: pair, State: state})
		}
	}
	return found, nil
}

func (g generation) Between(_ context.Context, after, upTo string, limit int) (found []rehearsal.Stored, _ error) {
	for pair, state := range g.states {
		if pair > after && (upTo == "" || pair <= upTo) {
			found = append(found, rehearsal.Stored{Pair: pair, State: state})
		}
	}
	slices.SortFunc(found, func(a, b rehearsal.Stored) int { return strings.Compare(a.Pair, b.Pair) })
	return found[:min(limit, len(found))], nil
}

const third domain.PrisonerNumber = "C0003CC"

// fixture is a log with the life of a record, a sync, a merge and the switch-over.
type fixture struct {
	*testing.T

	log     *memory.Store
	handler *commands.Handler
	opened  uuid.UUID
}

func newFixture(t *testing.T) fixture {
	t.Helper()
	log := memory.New()
	clock := func() time.Time { return domaintest.Noon }
	f := fixture{T: t, log: log, handler: commands.New(log, commands.Options{Clock: clock})}
	open := domain.Open{
		Comment: "Apart", FirstPrisoner: domaintest.Low, Reason: domain.Bullying, Restriction: domain.Cell,
		Roles: map[domain.PrisonerNumber]domain.Role{domaintest.Low: domain.Victim, domaintest.High: domain.Perpetrator},
	}
	f.opened = f.does(domaintest.Pair, open)
	f.does(domaintest.Pair, domain.Amend{ID: f.opened, Restriction: new(domain.Wing)})
	f.does(domaintest.Pair, domain.Close{ID: f.opened, ClosedReason: "over"})
	f.does(domaintest.PairOf(domaintest.Low, third), domaintest.SyncOf(domaintest.PairOf(domaintest.Low, third), "told"))
	_, err := f.handler.ChangeSwitchOver(t.Context(), domaintest.NewCause(domain.DPS), domain.StagePrison{PrisonID: "LEI", Stage: domain.StageBoth, Reason: "why"})
	require.NoError(t, err)
	return f
}

func (f fixture) does(pair domain.Pair, command domain.Command) uuid.UUID {
	f.Helper()
	receipt, err := f.handler.Execute(f.Context(), domaintest.NewCause(domain.DPS), pair, command)
	require.NoError(f, err)
	return receipt.NonAssociation.ID
}

// merges moves the record of the third prisoner to another number.
func (f fixture) merges() {
	f.Helper()
	process := merge.New(merge.Options{Log: f.log, Handler: f.handler, Clock: func() time.Time { return domaintest.Noon }})
	message := merge.Message{Renumbering: domain.Renumbering{Previous: third, Number: "D0004DD", Reason: "MERGE"}}
	_, err := process.Apply(f.Context(), domaintest.NewCause(domain.Merge), message, onePair{})
	require.NoError(f, err)
}

// onePair is the read model of the merge.
type onePair struct{}

func (onePair) WaitFor(context.Context, uint64) error { return nil }

func (onePair) PairsOf(context.Context, domain.PrisonerNumber, uint64) ([]domain.Pair, error) {
	return []domain.Pair{domaintest.PairOf(domaintest.Low, third)}, nil
}

// facts are all facts of the log.
func (f fixture) facts() (facts []eventstore.Fact) {
	f.Helper()
	events, err := f.log.ReadAll(f.Context(), eventstore.Forwards, eventstore.Start, 1000)
	require.NoError(f, err)
	for _, e := range events {
		fact, err := eventstore.Read(domain.Events(), e)
		require.NoError(f, err)
		facts = append(facts, fact)
	}
	return facts
}

// generation is the read model of the facts up to a number of them.
func (f fixture) generation(upTo int) generation {
	f.Helper()
	folded := map[domain.Pair]*domain.Folding{}
	g := generation{states: map[string][]byte{}}
	for _, fact := range f.facts()[:upTo] {
		g.position = fact.Position.Uint64()
		if !fact.OfPair() {
			continue
		}
		if folded[fact.Pair] == nil {
			folded[fact.Pair] = domain.NewFolding(domain.State{Pair: fact.Pair})
		}
		folded[fact.Pair].Add(fact.Fact)
	}
	for pair, folding := range folded {
		text, err := json.Marshal(folding.State())
		require.NoError(f, err)
		g.states[pair.String()] = text
	}
	return g
}

func (f fixture) rehearses(o rehearsal.Options) rehearsal.Report {
	f.Helper()
	o.Log, o.London = f.log, domaintest.London
	report, err := rehearsal.Run(f.Context(), o)
	require.NoError(f, err)
	return report
}

// TestRehearsal_findsNothingInWhatItDecidedItself also counts: both halves of a merge
// cannot be decided again, and the merge itself can.
func TestRehearsal_findsNothingInWhatItDecidedItself(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.merges()
	facts := len(f.facts())
	report := f.rehearses(rehearsal.Options{Generation: f.generation(facts)})
	require.True(t, report.OK(), "%+v", report)
	require.Equal(t, facts, report.Facts)
	require.Equal(t, f.facts()[facts-1].Position.Uint64(), report.Position)
	require.Equal(t, 6, report.Decisions.Compared)
	require.Equal(t, 2, report.Decisions.NotDecidable)
	require.Equal(t, 2, report.States.Compared)

	report = f.rehearses(rehearsal.Options{Sample: 1, Seed: 7})
	require.True(t, report.OK())
	require.Nil(t, report.States)
	require.Equal(t, report, f.rehearses(rehearsal.Options{Sample: 1, Seed: 7}))
	require.Equal(t, 8, f.rehearses(rehearsal.Options{}).Decisions.Compared+2)
}

// TestRehearsal_findsADecisionOfAChangedRule: a build whose rule is another one.
func TestRehearsal_findsADecisionOfAChangedRule(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	closing := f.facts()[2]
	other := func(change func(domain.Decision) (domain.Decision, error)) rehearsal.Decisions {
		return f.rehearses(rehearsal.Options{Decide: func(s domain.State, c domain.Command, now time.Time, by domain.Cause) (domain.Decision, error) {
			decision, err := domain.Decide(s, c, now, by)
			if _, is := c.(domain.Close); is && err == nil {
				return change(decision)
			}
			return decision, err
		}}).Decisions
	}
	refuses := other(func(domain.Decision) (domain.Decision, error) {
		return domain.Decision{}, domain.Refusal{Code: domain.CodeOpenExists, Message: "of " + string(domaintest.Low)}
	})
	require.Equal(t, []rehearsal.DecisionDifference{{
		EventID: closing.ID, Stream: domaintest.Pair.Stream(), Revision: 2, Was: []string{domain.TypeClosed}, Refused: "101",
	}}, refuses.Different)
	nothing := other(func(d domain.Decision) (domain.Decision, error) { d.Events = nil; return d, nil })
	require.Equal(t, []string{}, nothing.Different[0].Now)
	data := other(func(d domain.Decision) (domain.Decision, error) {
		event := d.Events[0].(domain.Closed)
		event.ClosedReason += "!"
		d.Events = []domain.Event{event}
		return d, nil
	})
	require.Equal(t, []string{domain.TypeClosed}, data.Different[0].Now)
}

// TestRehearsal_findsAFactThatItCannotRead: of an unknown type, and of data and metadata
// that do not fit. What follows in the stream is not decided.
func TestRehearsal_findsAFactThatItCannotRead(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*eventstore.Event){
		"not in the catalogue":           func(e *eventstore.Event) { e.Type = "nonassociation.invented.v9" },
		"data is not of its type":        func(e *eventstore.Event) { e.Data = []byte(`{"nonAssociationId":7}`) },
		"its metadata cannot be decoded": func(e *eventstore.Event) { e.Metadata = []byte(`{"commandId":"A0135GA"}`) },
	} {
		f := newFixture(t)
		closing := f.facts()[2]
		event := eventstore.Encode(closing.Fact)
		event.ID = uuid.New()
		spoil(&event)
		stream := domaintest.PairOf(domaintest.High, third).Stream()
		_, err := f.log.Append(t.Context(), eventstore.Append{Stream: stream, Expected: eventstore.NoStream, Events: []eventstore.Event{event, eventstore.Encode(closing.Fact)}})
		require.NoError(t, err)
		report := f.rehearses(rehearsal.Options{})
		require.False(t, report.OK())
		require.Len(t, report.Unreadable, 1, name)
		require.Equal(t, event.ID, report.Unreadable[0].EventID)
		require.Equal(t, event.Type, report.Unreadable[0].Type)
		require.Contains(t, report.Unreadable[0].Error, name)
		require.NotContains(t, report.Unreadable[0].Error, "A0135GA")
		require.Equal(t, report.Position-1, report.Unreadable[0].Position)
		require.Equal(t, 2, report.Decisions.NotDecidable)
		require.Empty(t, report.Decisions.Different)
	}
}
