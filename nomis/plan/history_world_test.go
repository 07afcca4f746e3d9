package plan_test

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/internal/dev/nomismodel"
	"nonassociations/nomis/plan"
)

// testingT is what a world needs of a test. A property and a plain test have it.
type testingT interface {
	require.TestingT
	Helper()
	Logf(format string, args ...any)
}

// world is both systems, and all that lies between them.
type world struct {
	t        testingT
	nomis    *nomismodel.NOMIS
	now      time.Time
	lag      time.Duration // by which NOMIS's midnight comes after ours
	inbound  bool
	outbound bool
	streams  []*stream
	late     []func() // writes of processes that died, which are yet to land
	commands int
	steps    int // that turns have carried out
	truth    truth

	meanwhile func() // what NOMIS's staff do right after the next write
}

// stream is one pair here, with what is known of its deletions and differences.
type stream struct {
	pair       domain.Pair
	state      domain.State
	exchanges  *domain.Exchanges
	facts      int
	deletions  map[int]time.Time // by sequence: when a deletion there is ripe
	moved      time.Time         // when a merge or the deletion of a booking was last told
	waitsUntil time.Time         // for a merge that is to bring records
	decisions  []decision
}

// decision is one of a plan, with what NOMIS held when it was made.
type decision struct {
	plan.Decision

	rows any // of a refusal that a damaged mirror caused; nil for others
}

func newWorld(t testingT) *world {
	w := &world{t: t, nomis: nomismodel.New(today), now: domaintest.Noon, inbound: true, outbound: true, truth: newTruth()}
	w.of(pair)
	return w
}

// of returns the stream of a pair.
func (w *world) of(pair domain.Pair) *stream {
	for _, s := range w.streams {
		if s.pair == pair {
			return s
		}
	}
	s := &stream{
		pair: pair, state: domain.State{Pair: pair}, exchanges: domain.NewExchanges(pair), deletions: map[int]time.Time{},
	}
	w.streams = append(w.streams, s)
	return s
}

// pass lets time pass in both systems.
func (w *world) pass(d time.Duration) {
	w.now = w.now.Add(d)
	w.nomis.Today = domain.Today(w.now.Add(-w.lag))
}

// names are the two numbers as NOMIS knows them.
func (s *stream) names() (of, with string) {
	numbers := s.pair.Numbers()
	return string(numbers[0]), string(numbers[1])
}

// decide decides a command, and folds its facts one by one: at most one record is not
// closed at any of them.
func (w *world) decide(s *stream, source domain.Source, actor string, c domain.Command) (domain.Decision, error) {
	w.commands++
	id := uuid.NewSHA1(uuid.NameSpaceOID, fmt.Append(nil, w.commands))
	by := domaintest.CauseOf(id, source)
	by.Actor = actor
	before := s.state
	w.truth.agree(w, s)
	decided, err := domain.Decide(s.state, c, w.now, by)
	if err != nil {
		return decided, err
	}
	for _, fact := range decided.Facts(s.state, c, w.now, by) {
		s.state = domain.Evolve(s.state, fact)
		s.exchanges.Add(uint64(s.facts), w.now, fact)
		s.facts++
		w.truth.linked(w, s, fact)
	}
	w.truth.agree(w, s)
	w.truth.ours(before, s.state, source)
	w.checkOneNotClosed(s)
	return decided, nil
}

// staff decides a command of staff here. It may be refused.
func (w *world) staff(s *stream, c domain.Command) {
	_, err := w.decide(s, domain.DPS, "OFFICER", c)
	w.t.Logf("  here: %T %s: %v", c, asJSON(c), err)
}

// checkOneNotClosed requires at most one record here that is not closed.
func (w *world) checkOneNotClosed(s *stream) {
	w.t.Helper()
	open := 0
	for _, n := range s.state.Items {
		if !n.Deleted && !n.IsClosed(domain.Today(w.now)) {
			open++
		}
	}
	require.LessOrEqual(w.t, open, 1, "open here twice")
}

// mirrors reads both mirrors. unknown says which prisoner NOMIS does not know.
func (w *world) mirrors(s *stream) (forwards, backwards []nomismodel.Row, unknown string) {
	of, with := s.names()
	for _, call := range []struct {
		of, with string
		rows     *[]nomismodel.Row
	}{{of, with, &forwards}, {with, of, &backwards}} {
		rows, err := w.nomis.All(call.of, call.with)
		if err != nil && err.Error() != "Non-association not found" {
			return nil, nil, err.Error()
		}
		*call.rows = rows
	}
	return forwards, backwards, ""
}

// theirs is what NOMIS holds of a pair.
func (w *world) theirs(s *stream) []plan.Theirs {
	forwards, backwards, _ := w.mirrors(s)
	return theirsOf(s.pair, forwards, backwards, domain.Today(w.now))
}

// input reads both systems. A deletion is spent when its sequence is seen again.
func (w *world) input(s *stream) plan.Input {
	forwards, backwards, unknown := w.mirrors(s)
	theirs := theirsOf(s.pair, forwards, backwards, domain.Today(w.now))
	for _, t := range theirs {
		delete(s.deletions, *t.Detail.TypeSequence)
	}
	s.forget([2][]nomismodel.Row{forwards, backwards})
	in := plan.Input{
		Pair: s.pair, Exchanges: s.exchanges, Revision: int64(s.facts) - 1, Theirs: theirs, Unknown: unknown, Now: w.now,
		Policy: plan.Policy{
			Inbound: w.inbound, Outbound: w.outbound, Authors: []string{nomismodel.API}, Deletions: maps.Clone(s.deletions), CreateAfter: s.waitsUntil,
		},
	}
	for _, d := range s.decisions {
		in.Policy.Decisions = append(in.Policy.Decisions, d.Decision)
	}
	return in
}

// told notes that a message names a sequence that NOMIS deleted. It is no evidence when
// a merge or the deletion of a booking was told shortly before.
func (s *stream) told(sequence int, w *world) {
	if w.now.Sub(s.moved) >= deleteAfter {
		s.deletions[sequence] = w.now.Add(deleteAfter)
	}
}

// spend drops the evidence that is not ripe when a merge or the deletion of a booking is
// told.
func (s *stream) spend(w *world) {
	s.moved = w.now
	maps.DeleteFunc(s.deletions, func(_ int, ripe time.Time) bool { return ripe.After(w.now) })
}

const deleteAfter = time.Hour

// forget drops the refusals for damaged mirrors once the mirrors have changed.
func (s *stream) forget(rows [2][]nomismodel.Row) {
	s.decisions = slices.DeleteFunc(s.decisions, func(d decision) bool {
		return d.rows != nil && !reflect.DeepEqual(d.rows, rows)
	})
}

// plan makes the plan of a pair, and keeps what it says came while inbound is off.
func (w *world) plan(s *stream) plan.Plan {
	in := w.input(s)
	made := plan.Make(in)
	for _, p := range made.Problems {
		require.NotEqual(w.t, plan.NoProgress, p.Kind, p.Why)
		if p.Kind == plan.ChangedAfterSwitch && !w.inbound {
			s.keep(in.Theirs, p, plan.Decision{Kind: plan.Switched})
		}
	}
	return made
}

// keep makes a decision on what both sides are now.
func (s *stream) keep(theirs []plan.Theirs, about plan.Problem, d plan.Decision) {
	d.NonAssociationID, d.TypeSequence = about.NonAssociationID, about.TypeSequence
	if n, is := s.state.Item(d.NonAssociationID); is {
		ours, _ := n.Detail()
		d.Ours = &ours
	}
	for _, t := range theirs {
		if *t.Detail.TypeSequence == about.TypeSequence {
			d.Theirs = &t.Detail
		}
	}
	s.decisions = append(s.decisions, decision{Decision: d})
}
